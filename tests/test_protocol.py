"""The test split chooses nothing: replaced by noise, it leaves every model as it was."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from stages.lib.arrays import Split
from stages.lib.tables import csv_text
from stages.sources import demo
from tests.project import Project

pytestmark = pytest.mark.slow

ENTRIES = {
    "source/own": "kind: files\npath: own\ntext: text\nlabel: label\ntest_fraction: 0.0",
    "corpus/own-words": "source: own\ntokenizer: {kind: word, vocabulary: 300}\n"
    "pad: {kind: bucket, boundaries: [32, 48, 64]}",
    "training/stopped": "optimizer: adam\nlearning_rate: 0.02\nepochs: 8\nbatch_size: 32\n"
    "early_stopping: {patience: 1}\nvalidation: {fraction: 0.2}",
    "training/watched": "optimizer: adam\nlearning_rate: 0.02\nepochs: 3\nbatch_size: 32\n"
    "early_stopping: null\nvalidation: test",
    "recipe/own-stopped": "corpus: own-words\nmodel: demo-lstm\ntraining: stopped",
    "recipe/own-watched": "corpus: own-words\nmodel: demo-lstm\ntraining: watched",
    "comparison/own": "title: Own\nrecipes: [own-stopped, own-watched]",
}
SECTIONS = {"source": "sources", "corpus": "corpora"}


def own_project(root: Path) -> Project:
    """The project with a source of the kind `files` and trainings that choose an epoch, or watch the test."""
    made = Project(root, {})
    for name, text in ENTRIES.items():
        folder, _, entry = name.partition("/")
        header = f"# @package {SECTIONS.get(folder, folder + 's')}.{entry}\n"
        (root / "conf" / f"{name}.yaml").write_text(header + text + "\n", encoding="utf-8")
    kept = {"model": ["demo-lstm"]}
    for name in ENTRIES:
        kept.setdefault(name.split("/")[0], []).append(name.split("/")[1])
    for folder, names in kept.items():
        made.keep(folder, names)
    return made


def write(path: Path, split: Split) -> None:
    rows = ((text, split.names[label]) for text, label in zip(split.texts, split.labels, strict=True))
    path.parent.mkdir(exist_ok=True)
    path.write_text(csv_text(["text", "label"], rows), encoding="utf-8")


def noise(texts: int) -> Split:
    """Words that the training split has, and others, in any order, with labels that mean nothing."""
    random = np.random.default_rng(1)
    words = ["good", "dull", "the", "plot", "not", "qwert", "ünheard", "of"]
    drawn = [" ".join(random.choice(words, random.integers(1, 80))) for _ in range(texts)]
    return Split(drawn, random.permutation(np.arange(texts) % 2).astype(np.int8), demo.LABELS)


def hashes(root: Path) -> dict[str, str]:
    """Everything that fitting, early stopping and model selection make."""
    paths = [
        "data/sources/own/train.parquet",
        "data/tokens/own-words/train.npz",
        "data/tokens/own-words/tokenizer.json",
        "data/padded/own-words/train.npz",
        "data/models/own-stopped/seeds/42.keras",
        "data/models/own-stopped/training.json",
        "reports/history/own-stopped.csv",
        "data/models/own-watched/seeds/42.keras",
        "data/models/own-watched/training.json",
    ]
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in paths}


def test_noise_in_the_place_of_the_test_split_changes_no_model(tmp_path: Path) -> None:
    made = own_project(tmp_path)
    splits = demo.load(demo.Source(kind="demo", splits={"train": 400, "test": 100}, cue_distance=16, seed=1))
    for name, split in splits.items():
        write(tmp_path / "own" / f"{name}.csv", split)
    made.compose()
    made.dvc("repro", "--quiet")
    before = hashes(tmp_path)
    metrics = (tmp_path / "reports" / "metrics" / "own-stopped.json").read_text(encoding="utf-8")
    write(tmp_path / "own" / "test.csv", noise(150))
    made.dvc("repro", "--quiet")
    assert hashes(tmp_path) == before
    assert (tmp_path / "reports" / "metrics" / "own-stopped.json").read_text(encoding="utf-8") != metrics
