"""The stage `evaluate`: its reports, of models whose answers are made up, and of one that was trained."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import evaluate
from stages.artifacts.padded import Padded, save_padded
from stages.artifacts.storage import load_arrays, save_arrays
from stages.evaluation import calibration, inference, report
from stages.evaluation.inference import logits
from stages.network import saving
from stages.runtime import files
from stages.runtime.config import InputError
from tests.evaluation.fakes import Fake
from tests.models.small import entry
from tests.trainers.small import Project, padded

NAMES = ["dull", "good"]
TEST = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=np.int16)
TRAIN = np.array([0, 1] * 5, dtype=np.int16)
# what a seed's model answers, as its probability of "good"; the test split's texts are the ids 1 to 10
SEED_7 = np.array([0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1])  # 8 of 10: 3 of 4 good, 5 of 6 dull
SEED_3 = np.array([0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9])  # 7 of 10: 2 of 4, 5 of 6
RIGHT = [(SEED_7 > 0.5) == TEST, (SEED_3 > 0.5) == TEST]


def split(labels: np.ndarray, first: int) -> Padded:
    """One-word texts, with ids that count from `first`."""
    rows = np.arange(len(labels))
    lengths = np.where(rows < 5, 1, 4).astype(np.int64)
    ids = (first + rows[:, None]).astype(np.int32)
    return Padded([ids], [rows], labels, NAMES, 30, lengths=lengths, unknown=np.zeros(len(labels), np.int64))


def model(test: np.ndarray) -> Fake:
    """Right in all of the training split's texts but for the held-out row 0."""
    train = np.where(TRAIN, 0.8, 0.2)
    train[0] = 0.8
    odds = np.concatenate([[0.5], test, train])
    return Fake(np.log(odds / (1 - odds)), lambda logits, ids: np.asarray(logits[ids[:, 0]]))


class Reports:
    """A folder that the stage has run in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def json(self, path: str) -> Any:
        return json.loads((self.root / path).read_text(encoding="utf-8"))

    def csv(self, path: str) -> list[dict[str, str]]:
        with (self.root / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def prepared(root: Path, labels: list[str]) -> dict[str, Any]:
    """params.yaml, for a folder with arrays and with what a training left behind but its models."""
    (root / "data" / "padded" / "words").mkdir(parents=True)
    save_padded(root / "data" / "padded" / "words" / "test", split(TEST, 1))
    save_padded(root / "data" / "padded" / "words" / "train", split(TRAIN, 11))
    kept = {"epochs": 2, "kept": 1}
    facts = {
        "seeds": {"7": kept, "3": kept},
        "architecture": "pooled",
        "trainer": "gradient_descent",
        "parameters": 5,
        "labels": labels,
        "validation": {"fraction": 0.2},
    }
    folder = root / "data" / "models" / "mine"
    files.write_json(folder / "training.json", facts)
    files.write_json(folder / "certificate.json", {"key": "the key"})
    header = ["seed", "epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    files.write_csv(
        folder / "history.csv", header, [[s, e, 0.5, 1.0, e / 4, 2.0] for s in (7, 3) for e in (1, 2)]
    )
    return {"recipes": {"mine": {"corpus": "words", "experiment": "own", "model": {}}}}


def enter(root: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evaluate, "ROOT", root)
    patch.setattr(evaluate, "REPORTS", root / "reports")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    root = tmp_path_factory.mktemp("evaluated")
    params = prepared(root, NAMES)
    with pytest.MonkeyPatch.context() as patch:
        enter(root, patch)
        answers = {"7.keras": SEED_7, "3.keras": SEED_3}
        patch.setattr(inference, "load", lambda path, architecture: model(answers[path.name]))
        patch.setattr(report, "trained_on", lambda *_: np.arange(10) > 0)
        evaluate.main("mine", params)
    return Reports(root)


def test_metrics_are_the_means_and_the_sample_deviations_of_the_seeds(reports: Reports) -> None:
    metrics = reports.json("reports/metrics/mine.json")
    splits = ["test", "sd", "calibrated", "training", "validation", "running"]
    assert list(metrics) == [*splits, "parameters", "epochs", "seeds"]
    assert list(metrics["test"]) == list(metrics["sd"]) == ["accuracy", "loss", "auc", "f1", "ece"]
    assert metrics["test"]["accuracy"] == 0.75 and metrics["seeds"] == 2
    assert metrics["sd"]["accuracy"] == pytest.approx(0.1 / 2**0.5, abs=1e-6)  # not 0.05, with n
    f1 = [2 * 3 / (4 + 4), 2 * 2 / (3 + 4)]  # of "good", the second label
    assert metrics["test"]["f1"] == pytest.approx(sum(f1) / 2, abs=1e-6)


def test_training_accuracy_is_of_what_was_trained_on(reports: Reports) -> None:
    metrics = reports.json("reports/metrics/mine.json")
    assert metrics["training"] == {"accuracy": 1.0, "loss": pytest.approx(-np.log(0.8), abs=1e-6)}
    assert metrics["validation"]["accuracy"] == 0.25  # of the epoch that was kept


def test_the_confusion_is_the_first_seed_s_with_actual_labels_in_rows(reports: Reports) -> None:
    cells = reports.csv("reports/confusion/mine.csv")
    assert [tuple(cell.values()) for cell in cells] == [
        ("dull", "dull", "5"),
        ("dull", "good", "1"),
        ("good", "dull", "1"),
        ("good", "good", "3"),
    ]
    assert reports.json("reports/compared/own/mine.json")["confusion"] == [[5, 1], [1, 3]]


def test_predictions_are_of_every_seed_and_the_metrics_follow_from_them(reports: Reports) -> None:
    rows = reports.csv("data/predictions/mine.csv")
    assert [row["seed"] for row in rows] == ["7"] * 10 + ["3"] * 10
    assert [row["label"] for row in rows[:10]] == [NAMES[label] for label in TEST]
    right = [row["label"] == row["predicted"] for row in rows]
    assert right == np.concatenate(RIGHT).tolist()
    assert [float(row["good"]) for row in rows] == pytest.approx(np.concatenate([SEED_7, SEED_3]).tolist())


def test_slices_are_of_the_mean_over_the_seeds(reports: Reports) -> None:
    slices = [row for row in reports.csv("reports/slices/mine.csv") if row["by"] == "length"]
    right = np.mean(RIGHT, axis=0)
    assert [(row["low"], row["texts"]) for row in slices] == [("1", "5"), ("4", "5")]
    accuracies = [float(row["accuracy"]) for row in slices]
    assert accuracies == pytest.approx([right[:5].mean(), right[5:].mean()])


def test_temperatures_come_from_what_was_held_out_and_name_the_models(reports: Reports) -> None:
    """Of the one held-out text both seeds' models are wrong: as unsure as can be is best."""
    facts = reports.json("data/calibrations/mine.json")
    assert facts["key"] == "the key" and list(facts["temperatures"]) == ["7", "3"]
    assert [*facts["temperatures"].values()] == pytest.approx([calibration.HOTTEST] * 2, abs=1e-3)
    compared = reports.json("reports/compared/own/mine.json")
    for shares, bins in zip(([*SEED_7, *SEED_3], None), compared["reliability"], strict=True):
        assert sum(count for *_, count in bins) == 20
        if shares:
            confident = np.maximum(shares, 1 - np.array(shares))
            assert sum(c * n for c, _, n in bins) == pytest.approx(confident.sum(), abs=1e-4)


def test_the_comparison_knows_which_texts_each_seed_has_right(reports: Reports) -> None:
    compared = reports.json("reports/compared/own/mine.json")
    bits = [
        np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8))[:10] for digits in compared["right"]
    ]
    np.testing.assert_array_equal(np.array(bits, bool), RIGHT)


def test_the_comparison_gets_the_same_and_how_the_training_was_watched(reports: Reports) -> None:
    compared = reports.json("reports/compared/own/mine.json")
    assert compared["metrics"] == reports.json("reports/metrics/mine.json")
    assert compared["recipe"] == "mine" and compared["labels"] == NAMES and compared["watched"] == "held out"
    assert (
        compared["history"]["seed"] == [7, 7, 3, 3] and compared["history"]["val_accuracy"] == [0.25, 0.5] * 2
    )


def test_a_model_is_not_evaluated_on_labels_in_another_order_than_it_was_trained_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = prepared(tmp_path, NAMES[::-1])
    enter(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"mine: trained for labels \['good', 'dull'\]") as refused:
        evaluate.main("mine", params)
    assert "\n" not in str(refused.value)


def test_a_recipe_that_is_not_trained_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = prepared(tmp_path, NAMES)
    (tmp_path / "data" / "models" / "mine" / "training.json").unlink()
    enter(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"training.json is missing"):
        evaluate.main("mine", params)


def test_the_reports_of_a_trained_model_are_of_the_model_that_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.add(padded(20), "test")
    project.enter(monkeypatch)
    enter(tmp_path, monkeypatch)
    project.recipe("mine", [7], entry("peephole_lstm"), epochs=1, validation="test")
    saved = saving.load(project.train("mine") / "seeds" / "7.keras")
    evaluate.main("mine", project.params)
    reports = Reports(tmp_path)
    metrics = reports.json("reports/metrics/mine.json")
    for name, whole in (("test", padded(20)), ("training", padded())):  # held out is nothing
        right = (logits(saved, whole)[:, 0] > 0) == whole.labels
        assert metrics[name]["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    assert metrics["validation"]["accuracy"] == pytest.approx(metrics["test"]["accuracy"], abs=1e-6)
    assert "sd" not in metrics and reports.json("reports/compared/mine/mine.json")["watched"] == "test"


def test_logits_are_kept_apart_by_split_and_an_ensemble_is_evaluated_from_them(
    reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one member with the weight 2: its accuracy is the member's, its confidence more."""
    params = prepared(tmp_path, NAMES)
    kept = reports.root / "data" / "logits"
    assert sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*.npz")) == [
        "test/own/mine.npz",
        "train/own/mine.npz",
    ]
    for split, labels in (("test", TEST), ("train", TRAIN)):
        arrays = load_arrays(kept / split / "own" / "mine.npz")
        assert arrays["labels"].tolist() == labels.tolist() and arrays["7"].shape == (10, 1)
    shutil.copytree(kept, tmp_path / "data" / "logits")
    folder = tmp_path / "data" / "models" / "mine"
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    files.write_json(folder / "training.json", facts | {"trainer": "blend"})
    (folder / "seeds").mkdir()
    for seed in ("7", "3"):
        save_arrays(
            folder / "seeds" / f"{seed}.npz", {"members": np.array(["mine"]), "weights": np.array([2.0])}
        )
    enter(tmp_path, monkeypatch)
    monkeypatch.setattr(report, "trained_on", lambda *_: np.arange(10) > 0)
    params["recipes"]["mine"] |= {"model": {"members": "own"}, "experiment": "both"}
    evaluate.main("mine", params)
    metrics, before = (
        json.loads((root / "reports" / "metrics" / "mine.json").read_text(encoding="utf-8"))
        for root in (tmp_path, reports.root)
    )
    assert metrics["test"]["accuracy"] == before["test"]["accuracy"]
    odds = np.log(0.9 / 0.1) * 2
    losses = np.where(np.array(RIGHT), np.log1p(np.exp(-odds)), np.log1p(np.exp(odds)))
    assert metrics["test"]["loss"] == pytest.approx(losses.mean(), abs=1e-5)
