"""Stages keep to their memory, however large a corpus is."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.split import Split
from stages.artifacts.tokens import Tokens, save_tokens
from stages.download import write
from stages.runtime.config import ROOT

pytestmark = pytest.mark.slow

FEW, MANY = 20_000, 200_000  # texts
GROWTH = 100  # MiB that ten times the texts may take; they took 500 and more while all were in memory
STAGE = """
import importlib, json, sys
from pathlib import Path
from stages.runtime.machine import peak_mib
from stages.sources import files
if __name__ == "__main__":
    verb, root, section, entry = sys.argv[1:]
    stage = importlib.import_module(f"stages.{verb}")
    stage.ROOT = files.ROOT = Path(root)
    stage.main("mine", {section: {"mine": json.loads(entry)}})
    print(peak_mib())
"""


def peak(root: Path, verb: str, section: str, entry: dict[str, Any]) -> int:
    """The MiB that a stage takes at most, alone in a process. entry: in params.yaml, of that section."""
    command = [sys.executable, "-c", STAGE, verb, str(root), section, json.dumps(entry)]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def headlines(count: int) -> list[str]:
    """Made-up ones of ten words."""
    rng = random.Random(0)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(5000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    flat = rng.choices(words, weights, k=10 * count)
    return [" ".join(flat[i : i + 10]) for i in range(0, len(flat), 10)]


def source(root: Path, count: int) -> Path:
    folder = root / "data" / "sources" / "mine"
    folder.mkdir(parents=True)
    texts = headlines(count)
    splits = {"train": texts, "test": texts[:100]}
    labels = {name: np.arange(len(some), dtype=np.int16) % 2 for name, some in splits.items()}
    write(folder, {name: Split(some, labels[name], ["no", "yes"]) for name, some in splits.items()})
    return root


@pytest.mark.parametrize(
    ("tokenizer", "most"),
    [
        ({"kind": "word", "vocabulary": 1000}, 350),
        ({"kind": "ngrams", "words": 2, "min_texts": 2, "binary": False}, 500),
    ],
    ids=["word", "ngrams"],
)
def test_tokenizing_takes_no_more_memory_for_ten_times_the_texts(
    tmp_path: Path, tokenizer: dict[str, Any], most: int
) -> None:
    corpus = {"source": "mine", "tokenizer": tokenizer}
    few, many = (peak(source(tmp_path / str(n), n), "tokenize", "corpora", corpus) for n in (FEW, MANY))
    assert many < min(few + 2.5 * GROWTH, most), f"{few} MiB for {FEW} texts, {many} for {MANY}"


def test_downloading_takes_no_more_memory_for_thrice_the_texts(tmp_path: Path) -> None:
    """Of each text it keeps its place in a file, and a number or two. All of 100,000 took 450 MiB."""
    entry = {"kind": "files", "path": "texts.csv", "text": "text", "label": "label", "split": {"test": 0.2}}
    some, more = 90_000, 250_000  # whole row groups of both are in memory
    few, many = (peak(table(tmp_path / str(n), n), "download", "sources", entry) for n in (some, more))
    assert many < few + GROWTH, f"{few} MiB for {some} texts, {many} for {more}"


def table(root: Path, count: int) -> Path:
    """A user's table of texts of some 850 characters, of which the pipeline makes train and test."""
    root.mkdir()
    long = "a word of a text " * 50
    with (root / "texts.csv").open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        file.writelines(f"{i} {long},{i % 2}\n" for i in range(count))
    return root


def tokens(root: Path, count: int) -> Path:
    folder = root / "data" / "tokens" / "mine"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, texts in (("train", count), ("test", 100)):
        offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 60, texts))])
        ids = rng.integers(1, 1000, offsets[-1], dtype=np.int32)
        labels, unknown = np.zeros(texts, np.int16), np.zeros(texts, np.int64)
        whole = Tokens(ids, offsets, labels, np.array(["no", "yes"]), 1000, "word 1234", unknown)
        save_tokens(folder / f"{split}.npz", whole)
    return root


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "fixed", "length": 120, "side": "post", "truncate": "post"},
        {"kind": "bucket", "boundaries": [16, 32, 48]},
    ],
    ids=["fixed", "bucket"],
)
def test_padding_takes_no_more_memory_for_ten_times_the_texts(tmp_path: Path, how: dict[str, Any]) -> None:
    few, many = (peak(tokens(tmp_path / str(n), n), "pad", "corpora", {"pad": how}) for n in (FEW, MANY))
    assert many < few + GROWTH, f"{few} MiB for {FEW} texts, {many} for {MANY}"
