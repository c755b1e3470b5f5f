"""Texts -> fitted tokenizer and the ids of every split.

Out: data/tokens/<corpus>/ with the tokenizer's own files, <split>.npz, and parts.json, if the vocabulary has
parts: the first id of each after the first; reports/corpora/<corpus>.json.

Example: python -m stages.tokenize demo-words
"""

# ruff: noqa: A005  the stage's name is the verb; see below for who means the standard library's module

if __name__ == "tokenize":
    raise ImportError("a stage can't be run as a file; run it as a module: python -m stages.<verb> <name>")

from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.tokens import Tokens
from stages.runtime import clock, files, kinds
from stages.runtime.config import ROOT, read
from stages.runtime.crew import Crew, crew
from stages.streams.archive import NO_IDS, save_tokens
from stages.streams.table import Table
from stages.study import stage
from stages.tokenization.encoding import Saved, encode
from stages.tokenization.interface import Tokenizer, identity

PARTS = "parts.json"


def main(name: str, params: dict[str, Any]) -> None:
    corpus = params["corpora"][name]
    source = ROOT / "data" / "sources" / corpus["source"]
    kind = kinds.module("tokenizers", corpus["tokenizer"]["kind"])
    config = read(kind.Config, corpus["tokenizer"], f"corpora.{name}.tokenizer")
    paths = sorted({source / "train.parquet", *source.glob("*.parquet")})  # the first may be missing
    tables = {path.stem: Table(path) for path in paths}
    with (
        files.replacing_folder(ROOT / "data" / "tokens" / name) as folder,
        crew(folder, tables["train"].characters) as working,
    ):
        with clock.timed(ROOT / "data" / "timings" / "tokenize" / f"{name}.json"):
            saved = save(kind.fit(config, tables["train"], working), corpus["tokenizer"]["kind"], folder)
            train = write(folder / "train.npz", tables["train"], saved, working)
        others = {
            split: write(folder / f"{split}.npz", table, saved, working)
            for split, table in tables.items()
            if split != "train"
        }
    facts = {"vocabulary": saved.vocabulary} | {split: (others | {"train": train})[split] for split in tables}
    files.write_json(ROOT / "reports" / "corpora" / f"{name}.json", facts)


def save(tokenizer: Tokenizer, kind: str, folder: Path) -> Saved:
    tokenizer.save(folder)
    if parts := getattr(tokenizer, "parts", None):
        files.write_json(folder / PARTS, parts)
    load = kinds.module("tokenizers", kind).load
    return Saved(load, folder, identity(kind, folder), tokenizer.vocabulary)


def write(path: Path, table: Table, saved: Saved, crew: Crew) -> dict[str, object]:
    """Write a split's tokens; what a reader wants to know of them."""
    with crew.folder() as folder:
        encoded = encode(saved, table, crew, folder)
        tokens = Tokens(
            ids=NO_IDS,  # they are in files
            offsets=np.concatenate([[0], np.cumsum(encoded.lengths)]),
            labels=table.labels,
            names=np.array(table.names),
            vocabulary=saved.vocabulary,
            tokenizer=saved.identity,
            unknown=encoded.unknown,
        )
        save_tokens(path, tokens, encoded.files)
    return describe(tokens)


def describe(tokens: Tokens) -> dict[str, object]:
    """Lengths in tokens, and the share of tokens unknown."""
    lengths = tokens.lengths
    count = int(lengths.sum())
    return {
        "texts": len(lengths),
        "tokens": count,
        "oov_rate": round(int(tokens.unknown.sum()) / max(count, 1), 6),
        "length": {
            "mean": round(float(lengths.mean()), 1),
            **{f"p{q}": int(np.percentile(lengths, q)) for q in (5, 50, 95)},
            "max": int(lengths.max()),
        },
    }


if __name__ == "__main__":
    stage.run("corpora", main, "corpora.{name}.tokenizer")
