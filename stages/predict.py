"""Labels for texts: `python -m stages.predict <recipe> "some text" ...`, or a text a line on standard input.

Prints label, probability and text, separated by tabs; with --json an object a line that also has the
probability of every label. Texts are UTF-8.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from stages.lib import certificate, command, kinds
from stages.lib.arrays import Padded, Tokens
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.metrics import probabilities
from stages.lib.padding import KINDS, Pad, pad
from stages.tokenizers import Tokenizer, identity


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    if options.text:
        texts = list(decoded(map(os.fsencode, options.text), "text"))
    else:
        texts = [text.rstrip("\r\n") for text in decoded(sys.stdin.buffer, "standard input, line")]
    names, probable = classify(options.recipe, texts)
    for text, shares in zip(texts, probable[0], strict=True):
        sys.stdout.buffer.write(line(text, names, shares, options.json).encode() + b"\n")


def decoded(texts: Iterable[bytes], where: str) -> Iterator[str]:
    """Texts from UTF-8; `where` they are from goes before a number in the line that refuses one."""
    for number, text in enumerate(texts, start=1):
        try:
            yield text.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where} {number}: not UTF-8 ({error.reason}); give it as UTF-8") from None


def classify(name: str, texts: Sequence[str], every_seed: bool = False) -> tuple[list[str], np.ndarray]:
    """The recipe's label names, and the probability of each for each text as its models, that of its first
    seed or those of all, give it: float64[models, texts, classes]."""
    everything = params()
    recipes = everything["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    folder = ROOT / "data" / "models" / name
    tokens = ROOT / "data" / "tokens" / recipe["corpus"]
    if not folder.exists() or not tokens.exists():
        raise InputError(f"{name} is not trained; train it with: dvc repro train@{name}")
    origin = certificate.verified(folder)
    kind, _, _ = origin["tokenizer"].partition(" ")
    if identity(kind, tokens) != origin["tokenizer"]:
        raise InputError(
            f"{tokens} holds another tokenizer than {name} was trained with, or a damaged one; "
            f"bring both up to date: dvc repro train@{name}"
        )
    # TensorFlow takes seconds to import, so only once nothing is refused any more
    from stages.lib import saving
    from stages.lib.inference import logits

    _note(name, origin)
    names = json.loads((folder / "training.json").read_text(encoding="utf-8"))["labels"]
    seeds = origin["seeds"] if every_seed else origin["seeds"][:1]
    how = origin["parameters"]["pad"]
    arrays = padded(
        texts,
        kinds.module("tokenizers", kind).load(tokens),
        read(KINDS[how["kind"]], how, f"corpora.{recipe['corpus']}.pad"),
    )
    models = (saving.load(folder / "seeds" / f"{seed}.keras") for seed in seeds)
    return names, np.array([probabilities(logits(model, arrays)) for model in models])


def _note(name: str, origin: dict[str, Any]) -> None:
    """Say on standard error where this environment is not the one that the model was trained in."""
    from stages.lib import backend

    then, now = origin["versions"] | {"backend": origin["backend"]}, certificate.versions()
    if found := certificate.differences(then, now | {"backend": backend.described()}):
        print(
            f"note: {name} was trained with {'; '.join(found)}: probabilities may differ from its reports'",
            file=sys.stderr,
        )


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
    """What is printed for a text; without JSON, line ends and tabs of the text are shown as spaces."""
    label, share = names[int(shares.argmax())], float(shares.max())
    if not as_json:
        return f"{label}\t{share:.4f}\t{' '.join(text.split())}"
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
