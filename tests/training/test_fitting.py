"""Training: what is optimized, with what, and which weights stay."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.arrays.padded import Padded
from stages.evaluation.inference import logits
from stages.evaluation.metrics import probabilities
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.training import fitting
from stages.training.history import History, timings
from tests.models.small import build
from tests.training.small import padded, same, training


class Run:
    """A model fitted on the odd rows of a split, watched on the even ones."""

    def __init__(
        self, folder: Path, whole: Padded, seed: int = 3, architecture: str = "pooled", **options: Any
    ):
        self.model = build(architecture, Shape(whole.vocabulary, None, len(whole.names)))
        self.whole, self.held = whole, np.arange(len(whole.labels)) % 2 == 0
        how = training(**options)
        self.history = History(folder / "history.csv", "x", seed, how.epochs)
        parts = whole.take(~self.held), whole.take(self.held)
        self.fitted = fitting.fit(self.model, *parts, how, seed, self.history, folder / "checkpoint.npz")
        with (folder / "history.csv").open(encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))

    def column(self, name: str) -> list[float]:
        return [float(row[name]) for row in self.rows]

    def measures(self, part: np.ndarray) -> tuple[float, float]:
        """Accuracy and loss of the model as it is now, on the texts where `part` is true."""
        probable, labels = probabilities(logits(self.model, self.whole))[part], self.whole.labels[part]
        losses = -np.log(probable[np.arange(len(labels)), labels])
        return float((probable.argmax(axis=1) == labels).mean()), float(losses.mean())


@pytest.fixture(scope="module", params=[2, 3])
def learned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("learned"), padded(120, request.param), epochs=12, learning_rate=0.1)


def test_a_model_learns_what_the_first_token_says(learned: Run) -> None:
    assert learned.measures(~learned.held)[0] > 0.9
    assert learned.fitted.epochs == learned.fitted.kept == 12


def test_the_history_is_of_the_texts_that_were_held_out(learned: Run) -> None:
    last = (learned.column("val_accuracy")[-1], learned.column("val_loss")[-1])
    assert learned.measures(learned.held) == pytest.approx(last, abs=1e-4)
    assert [row["epoch"] for row in learned.rows] == [str(epoch + 1) for epoch in range(12)]


def test_timings_have_every_key(learned: Run) -> None:
    times: dict[str, Any] = timings([learned.history], tokens=500)
    kinds = ["seconds_per_epoch", "total_seconds", "tokens_per_second", "peak_memory_mib"]
    assert list(times) == [*kinds, "processor", "backend"]
    assert 0 < times["seconds_per_epoch"] <= times["total_seconds"] and times["peak_memory_mib"] > 50


def test_early_stopping_keeps_the_weights_of_the_epoch_with_the_lowest_validation_loss(
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"epochs": 40, "learning_rate": 0.5, "early_stopping": {"patience": 3}}
    run = Run(tmp_path, padded(), **options)
    losses = run.column("val_loss")
    assert run.fitted.kept == int(np.argmin(losses)) + 1 == len(losses) - 3 and run.fitted.epochs < 40
    assert run.measures(run.held)[1] == pytest.approx(min(losses), abs=1e-4)
    assert min(losses) < losses[-1] - 1e-3


OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("decay", [None, 0.25])
def test_the_optimizer_is_the_training_s_with_its_rate_and_decay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, decay: float | None
) -> None:
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: None)
    monkeypatch.setattr(History, "epochs", 3)
    built = build("pooled")
    how = training(optimizer=optimizer, learning_rate=0.125, weight_decay=decay)
    history = History(tmp_path / "history.csv", "x", 3, 3)
    fitting.fit(built, padded(), padded(), how, 3, history, tmp_path / "checkpoint.npz")
    own = {"adamw": 0.004}.get(optimizer)  # Keras's default
    assert type(built.optimizer).__name__ == OPTIMIZERS[optimizer]
    assert float(built.optimizer.learning_rate) == 0.125
    assert built.optimizer.weight_decay == (own if decay is None else decay)


def test_the_same_seed_trains_the_same_weights_and_another_takes_texts_in_another_order(
    tmp_path: Path,
) -> None:
    """All models begin with the same weights here."""
    one, two, other = (Run(tmp_path / str(i), padded(), seed, epochs=1) for i, seed in enumerate([3, 3, 4]))
    assert same(one.model, two.model) and not same(one.model, other.model)
    # of logits close to 0, whose sign is the answer
    measured = (one.column("val_accuracy")[0], one.column("val_loss")[0])
    assert one.measures(one.held) == pytest.approx(measured, abs=1e-4)
