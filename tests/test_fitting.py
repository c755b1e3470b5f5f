"""Batches and training: every text once, the same order for the same seed, the best epoch kept."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.lib.arrays import Padded
from stages.lib.config import read
from stages.lib.sizes import Shape
from stages.lib.training import Training

pytestmark = pytest.mark.slow  # Keras takes seconds to import

TRAINING: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 0.02,
    "epochs": 3,
    "batch_size": 8,
    "early_stopping": None,
    "validation": {"fraction": 0.5},
}


def padded(texts: int = 100, classes: int = 2) -> Padded:
    """Two buckets of texts whose first token is the label."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, texts).astype(np.int8)
    rows = [np.flatnonzero(np.arange(texts) % 3 != 0), np.flatnonzero(np.arange(texts) % 3 == 0)]
    ids = []
    for width, members in zip((4, 9), rows, strict=True):
        bucket = random.integers(5, 20, (len(members), width)).astype(np.int32)
        bucket[:, 0] = labels[members] + 1
        ids.append(bucket)
    return Padded(ids, rows, labels, np.array(["a", "b", "c"][:classes]), 20)


def batches(seed: int = 0, size: int = 8) -> Any:
    from stages.lib.batches import Batches

    return Batches(padded(), size, seed)


def epoch(data: Any, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
    data.start(number)
    return [data[i] for i in range(len(data))]


def flat(found: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[Any, ...]]:
    return [
        (*ids.tolist(), float(y[0]))
        for batch, targets in found
        for ids, y in zip(batch, targets, strict=True)
    ]


def test_an_epoch_has_every_text_once_with_its_own_label() -> None:
    whole = padded()
    expected = Counter(
        (*ids.tolist(), float(whole.labels[row]))
        for bucket, rows in zip(whole.ids, whole.rows, strict=True)
        for ids, row in zip(bucket, rows, strict=True)
    )
    data = batches(seed=1)
    for number in range(2):
        assert Counter(flat(epoch(data, number))) == expected


def test_the_order_follows_the_seed_and_changes_with_each_epoch() -> None:
    one, same, other = batches(1), batches(1), batches(2)
    first, second = flat(epoch(one, 0)), flat(epoch(one, 1))
    assert second == flat(epoch(same, 1)) and first == flat(epoch(same, 0))  # whatever came before
    assert first != flat(epoch(other, 0)) and first != second


def test_no_batch_is_wider_than_its_bucket() -> None:
    assert {ids.shape[1] for ids, _ in epoch(batches(), 0)} == {4, 9}


@pytest.mark.parametrize("keep", [3, 2])  # texts of both widths, of one
def test_fit_is_fed_the_batches_of_the_epoch_that_was_started(keep: int) -> None:
    from stages.lib.batches import Batches, feed

    whole = padded()
    data = Batches(whole.take(np.arange(len(whole.labels)) % 3 < 1 if keep == 2 else whole.labels >= 0), 8, 1)
    fed = feed(data)
    for number in (0, 1):
        expected = flat(epoch(data, number))
        pairs = [
            (np.asarray(ids), np.asarray(y)) for ids, y in (fed if fed is not data else epoch(data, number))
        ]
        assert flat(pairs) == expected and len(fed) == len(pairs)


def test_tensorflow_does_not_tune_the_data_which_would_hold_back_the_end_of_an_epoch() -> None:
    from stages.lib.backend import keras
    from stages.lib.batches import feed

    if keras.backend.backend() != "tensorflow":
        pytest.skip("another backend")
    assert feed(batches()).options().autotune.enabled is False


def fit(tmp_path: Path, whole: Padded, **options: Any) -> tuple[Any, Any, Any]:
    """A small trained model, what its training says of itself, and its diary."""
    from stages.lib import fitting, kinds
    from stages.lib.backend import keras
    from stages.lib.diary import Diary

    module = kinds.module("models", "lstm")
    entry = {
        "architecture": "lstm",
        "embedding": 4,
        "dense": 0,
        "mask": True,
        "units": [4],
        "bidirectional": False,
        "pooling": "last",
    }
    keras.utils.set_random_seed(3)
    model = module.build(read(module.Sizes, entry, "models.x"), Shape(20, None, len(whole.names)))
    training = read(Training, {**TRAINING, **options}, "trainings.x")
    held = np.arange(len(whole.labels)) % 2 == 0
    diary = Diary(tmp_path / "history.csv", "x", 3, training.epochs)
    parts = whole.take(~held), whole.take(held)
    return model, fitting.fit(model, *parts, training, 3, diary, tmp_path / "checkpoint.npz"), diary


@pytest.mark.parametrize("classes", [2, 3])
def test_a_model_learns_what_the_first_token_says(tmp_path: Path, classes: int) -> None:
    from stages.lib.inference import logits
    from stages.lib.metrics import probabilities

    whole = padded(300, classes)
    model, fitted, _ = fit(tmp_path, whole, epochs=12)
    right = probabilities(logits(model, whole)).argmax(axis=1) == whole.labels
    assert right.mean() > 0.95 and fitted.epochs == fitted.kept == 12


def test_history_has_a_row_per_epoch_and_timings_every_key(tmp_path: Path) -> None:
    from stages.lib.diary import timings as timed

    _, _, diary = fit(tmp_path, padded())
    lines = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "seed,epoch,accuracy,loss,val_accuracy,val_loss"
    assert [line.split(",")[:2] for line in lines[1:]] == [["3", "1"], ["3", "2"], ["3", "3"]]
    timings: dict[str, Any] = timed([diary], tokens=500)
    assert set(timings) == {
        "seconds_per_epoch",
        "total_seconds",
        "tokens_per_second",
        "peak_memory_mib",
        "processor",
        "backend",
    }
    assert 0 < timings["seconds_per_epoch"] <= timings["total_seconds"] and timings["peak_memory_mib"] > 50


def test_the_history_of_a_seed_follows_those_before_it_and_timings_are_of_all(tmp_path: Path) -> None:
    from stages.lib.diary import Diary
    from stages.lib.diary import timings as timed

    logs = {"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0}
    diaries: list[Diary] = []
    for seed, epochs in ((7, 2), (8, 1)):
        diaries.append(Diary(tmp_path / "history.csv", "x", seed, epochs, diaries))
        diaries[-1].on_train_begin()
        rows = [f"{seed},{e + 1},0,0,0,0" for e in range(epochs)]
        times = {"seconds": [2.0] * epochs, "training_seconds": [1.0] * epochs}
        diaries[-1].restore({"rows": rows, **times})
    diaries[-1].on_epoch_begin(1)
    diaries[-1].on_epoch_end(1, logs)
    rows = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [["7", "1"], ["7", "2"], ["8", "1"], ["8", "2"]]
    found = timed(diaries, tokens=500)
    assert found["seconds_per_epoch"] == 2.0 and found["tokens_per_second"] == 500
    assert found["total_seconds"] == pytest.approx(3.0, abs=0.01)  # 4 s of one seed, 2 s of the other


def test_without_a_terminal_each_epoch_prints_one_line_with_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tmp_path, padded())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all(" s left" in line for line in lines)


def test_early_stopping_keeps_the_weights_of_the_epoch_with_the_lowest_validation_loss(
    tmp_path: Path,
) -> None:
    import csv

    from stages.lib.inference import logits
    from stages.lib.metrics import probabilities

    whole = padded(60)
    model, fitted, _ = fit(tmp_path, whole, epochs=60, learning_rate=0.3, early_stopping={"patience": 4})
    with (tmp_path / "history.csv").open(encoding="utf-8") as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert fitted.kept == int(np.argmin(losses)) + 1 and fitted.epochs == len(losses)
    held = np.arange(60) % 2 == 0
    probable = probabilities(logits(model, whole))[held]
    loss = -np.log(probable[np.arange(held.sum()), whole.labels[held]]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_weight_decay_makes_weights_smaller_with_every_optimizer(tmp_path: Path, optimizer: str) -> None:
    sizes = []
    for number, decay in enumerate((0.0, 0.9)):
        folder = tmp_path / str(number)  # with a checkpoint of its own
        model, _, _ = fit(folder, padded(), optimizer=optimizer, weight_decay=decay)
        sizes.append(sum(float(np.square(weights).sum()) for weights in model.get_weights()))
    assert sizes[1] < 0.9 * sizes[0]


def test_the_same_seed_trains_the_same_weights(tmp_path: Path) -> None:
    one, two = (fit(tmp_path, padded())[0].get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
