"""Training: what is optimized, with what, and which weights stay."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.history import History, timings
from stages.artifacts.padded import Padded
from stages.evaluation.inference import logits
from stages.evaluation.metrics import probabilities
from stages.network import fitting
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.trainers import gradient_descent
from stages.trainers.gradient_descent import descend, optimizer
from tests.models.small import build
from tests.trainers.small import padded, same, task, training


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
        self.kept = descend(self.model, task(*parts, how, seed, self.history, folder))
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
    assert learned.history.epochs == learned.kept == 12


def test_the_history_is_of_the_texts_that_were_held_out(learned: Run) -> None:
    last = (learned.column("val_accuracy")[-1], learned.column("val_loss")[-1])
    assert learned.measures(learned.held) == pytest.approx(last, abs=1e-4)
    assert [row["epoch"] for row in learned.rows] == [str(epoch + 1) for epoch in range(12)]


def test_timings_have_every_key(learned: Run) -> None:
    times: dict[str, Any] = timings([learned.history], 500, "tensorflow on cpu:0")
    kinds = ["seconds_per_epoch", "total_seconds", "tokens_per_second", "peak_memory_mib"]
    assert list(times) == [*kinds, "processor", "backend"]
    assert 0 < times["seconds_per_epoch"] <= times["total_seconds"] and times["peak_memory_mib"] > 50


def test_early_stopping_keeps_the_weights_of_the_epoch_with_the_lowest_validation_loss(
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"epochs": 40, "learning_rate": 0.5, "early_stopping": {"patience": 3}}
    run = Run(tmp_path, padded(), **options)
    losses = run.column("val_loss")
    assert run.kept == int(np.argmin(losses)) + 1 == len(losses) - 3 and run.history.epochs < 40
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
    descend(built, task(padded(), padded(), how, 3, history, tmp_path))
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


def fitted(folder: Path, **options: Any) -> tuple[keras.Model, History]:
    """A model trained for some epochs on all texts."""
    how = training(**options)
    model, history = build("pooled", Shape(80, None, 2)), History(folder / "history.csv", "x", 3, how.epochs)
    descend(model, task(padded(), padded(), how, 3, history, folder))
    return model, history


def test_a_linear_schedule_ends_at_0_with_the_last_batch(tmp_path: Path) -> None:
    how = training(schedule="linear", learning_rate=0.5)
    rate = optimizer(how, steps=40).learning_rate  # of the first batch
    assert float(rate) == 0.5
    falling = optimizer(how, steps=40)._learning_rate
    assert [float(falling(step)) for step in (10, 20, 40)] == pytest.approx([0.375, 0.25, 0.0])
    steps: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_descent, "optimizer", lambda _, steps: steps_noted(steps))

        def steps_noted(count: int) -> Any:
            steps.append(count)
            return optimizer(training(), count)

        fitted(tmp_path, epochs=2, batch_size=8)
    assert steps == [16]  # 40 and 20 texts in batches of 8, twice


def test_clipping_bounds_the_norm_of_all_gradients_together(tmp_path: Path) -> None:
    one, _ = fitted(tmp_path / "one", optimizer="sgd", learning_rate=1.0, clip_norm=0.01, epochs=1)
    begun = build("pooled", Shape(80, None, 2))
    moved = sum(np.square(a - b).sum() for a, b in zip(one.get_weights(), begun.get_weights(), strict=True))
    assert 0 < np.sqrt(moved) <= 8 * 0.01 + 1e-6  # in 8 batches


def test_averages_are_of_the_weights_after_each_batch_and_are_what_is_measured_and_kept(
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5, "epochs": 2}
    weights: list[list[np.ndarray]] = []

    class Noting(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            weights.append(self.model.get_weights())

    fit = fitting.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "STEPS", 1)
        patch.setattr(fitting, "fit", lambda *a, **b: fit(*a, **b | {"callbacks": [Noting()]}))
        last, _ = fitted(tmp_path / "last", **options)
    expected = weights[0]
    for after in weights[1:]:
        expected = [0.75 * mean + 0.25 * now for mean, now in zip(expected, after, strict=True)]
    averaged, history = fitted(tmp_path / "averaged", **options, average=0.75)
    for mean, kept, ended in zip(expected, averaged.get_weights(), last.get_weights(), strict=True):
        assert kept == pytest.approx(mean, abs=1e-5) and not np.allclose(kept, ended, atol=1e-4)
    shares = probabilities(logits(averaged, padded()))
    loss = -np.log(shares[np.arange(60), padded().labels]).mean()
    assert float(history.state["rows"][-1].split(",")[-1]) == pytest.approx(loss, abs=1e-4)


def test_balanced_classes_weigh_the_same_together_counted_in_what_is_trained_on() -> None:
    whole = padded(60, 3)
    part = whole.take(np.arange(60) < 30)
    counts = np.bincount(whole.labels[:30])
    weights = gradient_descent.balanced(part)
    assert [weights[label] * count for label, count in enumerate(counts)] == pytest.approx([10, 10, 10])


def test_class_weights_move_a_model_towards_the_rare_class(tmp_path: Path) -> None:
    """Of two labels that no token tells apart a model says how frequent they are."""
    ids = np.ones((80, 4), np.int32)
    labels = (np.arange(80) % 8 == 0).astype(np.int16)
    rare = Padded([ids], [np.arange(80)], labels, ["no", "yes"], 5, pad={"kind": "fixed", "length": 4})
    shares = {}
    for weights in (None, "balanced"):
        model, how = build("pooled", Shape(5, 4, 2)), training(class_weight=weights, epochs=30)
        history = History(tmp_path / f"{weights}.csv", "x", 3, 30)
        descend(model, task(rare, rare, how, 3, history, tmp_path / str(weights)))
        shares[weights] = probabilities(logits(model, rare))[0, 1]
    assert shares[None] == pytest.approx(1 / 8, abs=0.05)
    assert shares["balanced"] == pytest.approx(1 / 2, abs=0.1)
