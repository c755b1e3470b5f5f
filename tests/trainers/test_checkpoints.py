"""An interrupted training goes on after its last finished epoch and ends as if never interrupted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.history import History
from stages.artifacts.storage import load_arrays
from stages.network import fitting
from stages.network.sizes import Shape
from stages.runtime.config import InputError
from stages.trainers.gradient_descent import descend
from tests.models.small import build
from tests.trainers.small import padded, task, training
from tests.trainers.small import same as same_weights

STOPPING: dict[str, Any] = {"epochs": 20, "learning_rate": 0.5, "early_stopping": {"patience": 3}}


class Killed(BaseException):
    """What no code of ours catches, like a signal."""


class Killing(fitting.Recorder):
    """Kills its training in the middle of an epoch, and knows which were begun."""

    kill_in: int | None
    begun: set[int]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch)
        self.begun.add(epoch)

    def on_test_begin(self, logs: Any = None) -> None:
        super().on_test_begin()
        if self._history.epochs == self.kill_in:
            raise Killed


class Run:
    """A training of a small model with dropout, whose masks follow from a generator's state."""

    def __init__(self, folder: Path, kill_in: int | None = None, **options: Any) -> None:
        dropout = {"embedding": 0.2, "dense": 0.2}
        whole = padded(30)
        self.model = build("pooled", Shape(whole.vocabulary, None, 2), dense=3, dropout=dropout)
        how = training(**options)
        history = History(folder / "history.csv", "x", 3, how.epochs)
        Killing.kill_in, Killing.begun = kill_in, set()
        held = np.arange(30) % 2 == 0
        parts = whole.take(~held), whole.take(held)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fitting, "Recorder", Killing)
            self.kept = descend(self.model, task(*parts, how, 3, history, folder))
        self.epochs = history.epochs
        self.begun = Killing.begun
        self.history = (folder / "history.csv").read_text(encoding="utf-8")


def same(one: Run, other: Run) -> bool:
    return one.history == other.history and one.kept == other.kept and same_weights(one.model, other.model)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A training that ended, and its folder."""
    folder = tmp_path_factory.mktemp("ended")
    return folder, Run(folder, **STOPPING)


def killed(folder: Path, kill_in: int, **options: Any) -> None:
    with pytest.raises(Killed):
        Run(folder, kill_in, **options)


def test_a_killed_training_goes_on_and_ends_the_same(ended: tuple[Path, Run], tmp_path: Path) -> None:
    _, whole = ended
    last = whole.epochs - 1
    assert last > 2 and whole.kept < whole.epochs
    for kill_in in (1, last):  # the second time the best epoch is past
        killed(tmp_path, kill_in, **STOPPING)
    resumed = Run(tmp_path, **STOPPING)
    assert same(whole, resumed) and resumed.begun == {last}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "rmsprop"},
        {"average": 0.9},
        {"average": 0.9, "early_stopping": {"patience": 1}},
        {"schedule": "linear"},
    ],
    ids=str,
)
def test_a_killed_training_of_any_kind_does_too(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = Run(tmp_path / "whole", **options)
    killed(tmp_path / "cut", 2, **options)
    assert same(whole, Run(tmp_path / "cut", **options))
    assert same(whole, Run(tmp_path / "cut", **options))  # of which nothing is left to train


def test_a_training_killed_after_its_last_epoch_trains_no_more(ended: tuple[Path, Run]) -> None:
    folder, whole = ended
    again = Run(folder, **STOPPING)
    assert same(whole, again) and not again.begun


def test_a_damaged_checkpoint_is_refused_in_one_line(ended: tuple[Path, Run], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes((ended[0] / "checkpoint.npz").read_bytes()[:-100])
    with pytest.raises(InputError, match=r"checkpoint.npz is damaged \(.*; delete it, then run: dvc repro"):
        Run(tmp_path)


def test_a_loss_that_is_no_number_ends_the_training_and_keeps_the_history(tmp_path: Path) -> None:
    killed(tmp_path, 2)
    path = tmp_path / "checkpoint.npz"
    arrays = load_arrays(path)
    for name, array in arrays.items():
        if name.startswith("model_") and array.dtype == np.float32:
            array[:] = np.nan
    np.savez(path, **arrays)  # type: ignore[arg-type]
    kept = path.read_bytes()
    with pytest.raises(InputError, match=r"x, seed 3: found loss nan in epoch 3, allowed: a finite number"):
        Run(tmp_path)
    assert len((tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert path.read_bytes() == kept
