"""Small splits, trainings and models, and a stage `train` in a folder of its own, for quick trainings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import train
from stages.artifacts import provenance
from stages.artifacts.history import History
from stages.artifacts.padded import Padded, save_padded
from stages.artifacts.task import Task
from stages.network.backend import keras
from stages.runtime.config import ROOT, read
from stages.trainers.gradient_descent import Training
from tests.models.small import entry

TRAINING: dict[str, Any] = {
    "kind": "gradient_descent",
    "optimizer": "adam",
    "learning_rate": 0.02,
    "epochs": 3,
    "batch_size": 8,
    "early_stopping": None,
    "validation": {"fraction": 0.5},
}
NAMES = ["no", "yes", "perhaps"]


def training(**options: Any) -> Training:
    return read(Training, TRAINING | options, "training")


def task(train: Padded, held: Padded, how: Training, seed: int, history: History, folder: Path) -> Task:
    """What `descend` takes: a training without a model."""
    nothing = folder / "nothing"
    return Task(None, None, how, train, held, seed, history, folder / "checkpoint.npz", nothing)


def padded(texts: int = 60, classes: int = 2) -> Padded:
    """Texts in arrays of two widths, whose first token is the label, plus 1, and whose second the row."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, texts).astype(np.int16)
    rows = [np.flatnonzero(np.arange(texts) % 3 != 0), np.flatnonzero(np.arange(texts) % 3 == 0)]
    ids = [random.integers(5, 20, (len(own), width)) for own, width in zip(rows, (4, 9), strict=True)]
    for bucket, own in zip(ids, rows, strict=True):
        bucket[:, 0], bucket[:, 1] = labels[own] + 1, own + 20
    lengths = np.where(np.arange(texts) % 3, 4, 9).astype(np.int64)
    return Padded(
        [bucket.astype(np.int32) for bucket in ids],
        rows,
        labels,
        NAMES[:classes],
        texts + 20,
        "word 12",
        {"kind": "bucket", "boundaries": [4, 9]},
        lengths,
        np.arange(texts) % 2,
    )


def rows_of(part: Padded) -> list[int]:
    """The rows of the texts that belong to a part of a split."""
    return sorted(int(row) for own, at in zip(part.rows, part.lines, strict=True) for row in own[at])


def same(one: keras.Model, other: keras.Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


class Project:
    """A folder in which the stage `train` runs, with arrays of the training split and none of the test's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "stages").symlink_to(ROOT / "stages")
        (root / "dvc.yaml").symlink_to(ROOT / "dvc.yaml")
        (root / "data" / "padded" / "words").mkdir(parents=True)
        self.params: dict[str, Any] = {"recipes": {}}
        self.add(padded(), "train")

    def add(self, split: Padded, name: str) -> None:
        save_padded(self.root / "data" / "padded" / "words" / name, split)

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Let the stage take this folder for the repository."""
        patch.setattr(train, "ROOT", self.root)
        patch.setattr(train, "CHECKPOINTS", self.root / ".checkpoints")
        patch.setattr(provenance, "ROOT", self.root)

    def recipe(self, name: str, seeds: list[int], model: dict[str, Any], **options: Any) -> None:
        self.params["recipes"][name] = {
            "experiment": "mine",
            "corpus": "words",
            "arrays": "data/padded/words"
            if options.get("validation") == "test"
            else "data/padded/words/train",
            "model": model,
            "training": TRAINING | {"epochs": 2, "learning_rate": 0.05} | options,
            "seeds": seeds,
        }

    def train(self, name: str) -> Path:
        """The folder with the models of a recipe."""
        train.main(name, self.params)
        return self.root / "data" / "models" / name

    def facts(self, name: str) -> Any:
        return json.loads(
            (self.root / "data" / "models" / name / "training.json").read_text(encoding="utf-8")
        )


POOLED = entry("pooled", embedding=4)
