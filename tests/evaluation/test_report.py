"""The rows and mappings of a recipe's reports."""

from pathlib import Path

import numpy as np
import pytest

from stages import train
from stages.artifacts.padded import Padded
from stages.evaluation import report
from tests.trainers.small import padded, rows_of, training

FACTS = {"seeds": {"7": {"epochs": 3, "kept": 1}, "3": {"epochs": 2, "kept": 2}}, "parameters": 11}
HISTORY = [
    {"seed": seed, "epoch": epoch, "accuracy": a, "loss": b, "val_accuracy": c, "val_loss": d}
    for seed, epoch, a, b, c, d in [
        ("7", "1", "0.1", "1.1", "0.2", "2.1"),
        ("7", "2", "0.9", "9.0", "0.9", "9.0"),
        ("7", "3", "0.9", "9.0", "0.9", "9.0"),
        ("3", "1", "0.9", "9.0", "0.9", "9.0"),
        ("3", "2", "0.3", "1.3", "0.6", "2.5"),
    ]
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("validation", ["test", {"fraction": 0.1}, {"fraction": 0.5}])
def test_what_was_trained_on_is_what_the_training_took(validation: object, seed: int) -> None:
    fitted, _ = train.split([padded(), padded()], training(validation=validation).validation, seed)
    part = report.trained_on(padded().labels, validation, seed)
    assert np.flatnonzero(part).tolist() == rows_of(fitted)


def test_the_fit_is_accuracy_and_loss() -> None:
    labels = np.array([0, 1, 1, 0])
    sure = np.where(labels == 1, 3.0, -3.0)[:, None]
    assert report.fit(sure, labels) == {
        "accuracy": 1.0,
        "loss": pytest.approx(np.log1p(np.exp(-3)), abs=1e-6),
    }
    assert report.fit(-sure, labels)["accuracy"] == 0


def test_validation_and_running_are_of_the_epochs_that_were_kept() -> None:
    assert report.kept_epochs(HISTORY, FACTS["seeds"]) == {  # type: ignore[arg-type]
        "validation": {"accuracy": 0.4, "loss": 2.3},
        "running": {"accuracy": 0.2, "loss": 1.2},
    }


def test_metrics_are_means_over_seeds_and_of_the_test_split_the_spread_too() -> None:
    tested = [{"accuracy": 0.8, "f1": 0.5}, {"accuracy": 0.9, "f1": 0.5}]
    fitted = [{"accuracy": 0.9, "loss": 0.2}, {"accuracy": 1.0, "loss": 0.1}]
    calibrated = [{"loss": 0.5, "ece": 0.02, "f1": 0.5}, {"loss": 0.3, "ece": 0.04, "f1": 0.5}]
    metrics = report.metrics(FACTS, HISTORY, tested, fitted, calibrated)
    assert metrics == {
        "test": {"accuracy": 0.85, "f1": 0.5},
        "sd": {"accuracy": round(0.1 / 2**0.5, 6), "f1": 0.0},
        "calibrated": {"loss": 0.4, "ece": 0.03},
        "training": {"accuracy": 0.95, "loss": 0.15},
        "validation": {"accuracy": 0.4, "loss": 2.3},
        "running": {"accuracy": 0.2, "loss": 1.2},
        "parameters": 11,
        "epochs": 2.5,
        "seeds": 2,
    }
    one = FACTS | {"seeds": {"7": {"epochs": 3, "kept": 1}}}
    assert not {"sd", "calibrated"} & {*report.metrics(one, HISTORY, tested[:1], fitted[:1], [])}


def test_predictions_are_a_row_per_seed_and_text() -> None:
    probable = {"7": np.array([[0.75, 0.25], [0.5, 0.5]]), "3": np.array([[0.0, 1.0], [1.0, 0.0]])}
    assert list(report.predictions(probable, np.array([0, 1]), ["no", "yes"])) == [
        ["7", "no", "no", "0.750000", "0.250000"],
        ["7", "yes", "no", "0.500000", "0.500000"],
        ["3", "no", "yes", "0.000000", "1.000000"],
        ["3", "yes", "no", "1.000000", "0.000000"],
    ]


def test_slices_are_by_length_and_by_the_share_of_unknown_tokens() -> None:
    lengths, unknown = np.array([4, 2, 8, 0]), np.array([1, 2, 2, 0])
    test = Padded([], [], np.zeros(4, np.int16), ["no", "yes"], 9, lengths=lengths, unknown=unknown)
    slices = report.sliced(np.array([1.0, 0.5, 0.0, 1.0]), test)
    assert slices["length"] == [(0, 0, 1, 1.0), (2, 2, 1, 0.5), (4, 4, 1, 1.0), (8, 8, 1, 0.0)]
    assert slices["oov_rate"] == [(0, 0, 1, 1.0), (0.25, 0.25, 2, 0.5), (1, 1, 1, 0.5)]


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    lines = [",".join(HISTORY[0]), *(",".join(row.values()) for row in HISTORY)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert report.history(path) == HISTORY
