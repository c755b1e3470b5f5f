"""Texts -> fitted tokenizer and the ids of every split.

Out: data/tokens/<corpus>/ with the tokenizer's own files, <split>.npz, and parts.json, if the vocabulary has
parts: the first id of each after the first; reports/corpora/<corpus>.json.

Example: python -m stages.tokenize demo-words
"""

# ruff: noqa: A005  the stage's name is the verb; see below for who means the standard library's module

if __name__ == "tokenize":
    raise ImportError("a stage can't be run as a file; run it as a module: python -m stages.<verb> <name>")

from dataclasses import replace
from typing import Any

import numpy as np

from stages.artifacts.split import Split, load_split
from stages.artifacts.tokens import Tokens, save_tokens
from stages.runtime import clock, files, kinds
from stages.runtime.config import ROOT, read
from stages.study import stage
from stages.tokenization.interface import Tokenizer, identity

PARTS = "parts.json"


def main(name: str, params: dict[str, Any]) -> None:
    corpus = params["corpora"][name]
    source = ROOT / "data" / "sources" / corpus["source"]
    kind = kinds.module("tokenizers", corpus["tokenizer"]["kind"])
    config = read(kind.Config, corpus["tokenizer"], f"corpora.{name}.tokenizer")
    train = load_split(source / "train.parquet")
    with clock.timed(ROOT / "data" / "timings" / "tokenize" / f"{name}.json"):
        tokenizer = kind.fit(config, train.texts)
        encoded = encode(tokenizer, train)
    facts: dict[str, object] = {"vocabulary": tokenizer.vocabulary}
    with files.replacing_folder(ROOT / "data" / "tokens" / name) as folder:
        tokenizer.save(folder)
        if parts := getattr(tokenizer, "parts", None):
            files.write_json(folder / PARTS, parts)
        made_by = identity(corpus["tokenizer"]["kind"], folder)
        for path in sorted(source.glob("*.parquet")):
            tokens = encoded if path.stem == "train" else encode(tokenizer, load_split(path))
            tokens = replace(tokens, tokenizer=made_by)
            save_tokens(folder / f"{path.stem}.npz", tokens)
            facts[path.stem] = describe(tokens)
    files.write_json(ROOT / "reports" / "corpora" / f"{name}.json", facts)


def encode(tokenizer: Tokenizer, split: Split) -> Tokens:
    """A split's texts as ids."""
    texts = list(tokenizer.encode(split.texts))
    ids = np.concatenate([*texts, np.zeros(0, dtype=np.int32)])
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    unknown = np.concatenate([[0], np.cumsum(tokenizer.unknown(ids))])
    return Tokens(
        ids=ids,
        offsets=offsets,
        labels=split.labels,
        names=np.array(split.names),
        vocabulary=tokenizer.vocabulary,
        unknown=np.diff(unknown[offsets]),
    )


def describe(tokens: Tokens) -> dict[str, object]:
    """What a reader wants to know of a split: lengths in tokens, and the share of tokens unknown."""
    lengths = tokens.lengths
    return {
        "texts": len(lengths),
        "tokens": len(tokens.ids),
        "oov_rate": round(int(tokens.unknown.sum()) / max(len(tokens.ids), 1), 6),
        "length": {
            "mean": round(float(lengths.mean()), 1),
            **{f"p{q}": int(np.percentile(lengths, q)) for q in (5, 50, 95)},
            "max": int(lengths.max()),
        },
    }


if __name__ == "__main__":
    stage.run("corpora", main, "corpora.{name}.tokenizer")
