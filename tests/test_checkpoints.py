"""An interrupted training goes on after its last finished epoch and ends as if never interrupted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.lib.arrays import load_arrays
from stages.lib.config import InputError, read
from stages.lib.sizes import Shape
from stages.lib.training import Training
from tests.test_fitting import TRAINING, padded

pytestmark = pytest.mark.slow  # Keras takes seconds to import

STOPPING = {"epochs": 30, "learning_rate": 0.1, "early_stopping": {"patience": 3}}


class Killed(BaseException):
    """What no code of ours catches, like a signal."""


class Run:
    """A training of a small model with dropout, which can be killed in the middle of an epoch."""

    def __init__(self, folder: Path, kill_in: int | None = None, **options: Any) -> None:
        from stages.lib import fitting, kinds
        from stages.lib.backend import keras
        from stages.lib.diary import Diary

        module = kinds.module("models", "pooled")
        sizes = {"architecture": "pooled", "embedding": 4, "dense": 3, "mask": True, "pooling": "mean"}
        sizes["dropout"] = {"embedding": 0.2, "dense": 0.2}
        keras.utils.set_random_seed(3)
        self.model = module.build(read(module.Sizes, sizes, "models.x"), Shape(20, None, 2))
        training = read(Training, {**TRAINING, **options}, "trainings.x")
        self.diary = Diary(folder / "history.csv", "x", 3, training.epochs)
        self.seen = epochs = set[int]()

        class Kill(Diary):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                super().on_epoch_begin(epoch)
                epochs.add(epoch)

            def on_test_begin(self, logs: Any = None) -> None:
                super().on_test_begin()
                if self.epochs == kill_in:
                    raise Killed

        self.diary = Kill(folder / "history.csv", "x", 3, training.epochs)
        whole = padded(60)
        held = np.arange(60) % 2 == 0
        self.fitted = fitting.fit(
            self.model,
            whole.take(~held),
            whole.take(held),
            training,
            3,
            self.diary,
            folder / "checkpoint.npz",
        )
        self.history = (folder / "history.csv").read_text(encoding="utf-8")


def same(one: Run, other: Run) -> bool:
    weights = zip(one.model.get_weights(), other.model.get_weights(), strict=True)
    return (
        one.history == other.history
        and one.fitted == other.fitted
        and all(np.array_equal(a, b) for a, b in weights)
    )


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("options", [{"epochs": 5}, STOPPING], ids=["all epochs", "early stopping"])
def test_a_killed_training_goes_on_and_ends_the_same(
    tmp_path: Path, optimizer: str, options: dict[str, Any]
) -> None:
    whole = Run(tmp_path / "whole", optimizer=optimizer, **options)
    for kill_in in (2, 3):
        with pytest.raises(Killed):
            Run(tmp_path / "cut", kill_in, optimizer=optimizer, **options)
    resumed = Run(tmp_path / "cut", optimizer=optimizer, **options)
    assert same(whole, resumed)
    assert resumed.seen == set(range(3, whole.fitted.epochs))


@pytest.mark.parametrize("options", [{"epochs": 3}, STOPPING], ids=["all epochs", "early stopping"])
def test_a_training_killed_after_its_last_epoch_trains_no_more(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    whole = Run(tmp_path, **options)
    again = Run(tmp_path, **options)
    assert same(whole, again) and not again.seen


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path: Path) -> None:
    Run(tmp_path)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"checkpoint.npz is damaged \(.*; delete it, then run: dvc repro"):
        Run(tmp_path)


def test_an_altered_byte_is_refused_or_alters_no_array(tmp_path: Path) -> None:
    Run(tmp_path)
    path = tmp_path / "checkpoint.npz"
    content, whole = path.read_bytes(), load_arrays(path)
    refused = 0
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            found = load_arrays(path, *whole)
        except InputError as error:
            refused += "checkpoint.npz is damaged" in str(error)
        else:
            assert all(np.array_equal(found[name], array) for name, array in whole.items())
    assert refused > len(content) / 97 / 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_the_training_and_keeps_the_history(tmp_path: Path, bad: float) -> None:
    with pytest.raises(Killed):
        Run(tmp_path, kill_in=2)
    path = tmp_path / "checkpoint.npz"
    with np.load(path) as found:
        arrays = dict(found)
    for name, array in arrays.items():
        if name.startswith("model_") and array.dtype == np.float32:
            array[:] = bad
    np.savez(path, **arrays)
    kept = path.read_bytes()
    with pytest.raises(
        InputError, match=r"x, seed 3: found loss (nan|inf) in epoch 3, allowed: a finite number"
    ):
        Run(tmp_path)
    assert len((tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert path.read_bytes() == kept


def test_a_validation_loss_that_is_no_number_ends_the_training_too(tmp_path: Path) -> None:
    from stages.lib.diary import Diary

    diary = Diary(tmp_path / "history.csv", "x", 3, 3)
    diary.on_train_begin()
    diary.on_epoch_begin(0)
    with pytest.raises(InputError, match="found val_loss inf in epoch 1"):
        diary.on_epoch_end(0, {"loss": 1.0, "accuracy": 0.5, "val_loss": np.inf, "val_accuracy": 0.5})
    assert diary.epochs == 0
