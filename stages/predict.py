"""Labels for texts: `python -m stages.predict <recipe> "some text" ...`, or a text a line on standard input.

Prints label, probability and text, separated by tabs; with --json an object a line that also has the
probability of every label.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np

from stages.lib import command, kinds, saving
from stages.lib.arrays import Padded, Tokens
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.inference import logits
from stages.lib.metrics import probabilities
from stages.lib.padding import KINDS, Pad, pad
from stages.tokenizers import Tokenizer


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    texts = options.text or [line.rstrip("\n") for line in sys.stdin]
    names, probable = classify(options.recipe, texts)
    for text, shares in zip(texts, probable, strict=True):
        print(line(text, names, shares, options.json))


def classify(name: str, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The recipe's label names, and the probability of each for each text, float64[texts, classes]."""
    everything = params()
    recipes = everything["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    folder = ROOT / "data" / "models" / name
    tokens = ROOT / "data" / "tokens" / recipe["corpus"]
    if not (folder / "model.keras").exists() or not tokens.exists():
        raise InputError(f"{name} is not trained; train it with: dvc repro train@{name}")
    names = json.loads((folder / "training.json").read_text(encoding="utf-8"))["labels"]
    model = saving.load(folder / "model.keras")
    corpus = everything["corpora"][recipe["corpus"]]
    tokenizer = kinds.module("tokenizers", corpus["tokenizer"]["kind"]).load(tokens)
    how = read(KINDS[corpus["pad"]["kind"]], corpus["pad"], f"corpora.{recipe['corpus']}.pad")
    return names, probabilities(logits(model, padded(texts, tokenizer, how)))


def padded(texts: Sequence[str], tokenizer: Tokenizer, how: Pad) -> Padded:
    """The texts as arrays that the corpus's models take."""
    ids = list(tokenizer.encode(texts))
    offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int32)
    labels = np.zeros(len(ids), dtype=np.int8)
    return pad(
        Tokens(np.concatenate([*ids, nothing]), offsets, labels, np.array([]), tokenizer.vocabulary),
        how,
    )


def line(text: str, names: Sequence[str], shares: np.ndarray, as_json: bool) -> str:
    """What is printed for a text."""
    label, share = names[int(shares.argmax())], float(shares.max())
    if not as_json:
        return f"{label}\t{share:.4f}\t{text}"
    every = {name: round(float(p), 6) for name, p in zip(names, shares, strict=True)}
    found = {"label": label, "probability": round(share, 6), "probabilities": every, "text": text}
    return json.dumps(found, ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.predict", description="Labels for texts.")
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("text", nargs="*", help="texts; without any, each line of standard input is one")
    parser.add_argument("--json", action="store_true", help="print a JSON object per text")
    return parser


if __name__ == "__main__":
    command.guard(lambda: main(sys.argv[1:]))
