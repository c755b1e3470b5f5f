"""A recipe's evaluation as the rows and mappings that its reports hold."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.validation import stratified
from stages.evaluation.metrics import averaged, probabilities, scores, slices

KEPT = {"validation": ["val_accuracy", "val_loss"], "running": ["accuracy", "loss"]}
CALIBRATED = ["loss", "ece"]  # which a temperature changes
Row = list[object]


def metrics(
    facts: Mapping[str, Any],
    history: list[dict[str, str]],
    tested: list[dict[str, float]],
    fitted: list[dict[str, float]],
    calibrated: list[dict[str, float]],
) -> dict[str, Any]:
    """reports/metrics/<recipe>.json: means over the seeds; of the test split's their standard deviation, too.

    `calibrated` is the test split's after temperature scaling, if texts were held out. `training` and
    `validation` are of the weights kept; `running` is what Keras says of training in the epoch that was kept:
    the mean over its batches, with dropout.
    """
    means, spread = averaged(tested)
    return {
        "test": means,
        **({"sd": spread} if spread else {}),
        **(
            {"calibrated": {name: averaged(calibrated)[0][name] for name in CALIBRATED}} if calibrated else {}
        ),
        "training": averaged(fitted)[0],
        **kept_epochs(history, facts["seeds"]),
        **counts(facts),
    }


def trained_on(labels: np.ndarray, validation: Any, seed: int) -> np.ndarray:
    """Which texts of the training split a training's weights come from: bool[texts].

    labels: int16[texts] of the split; validation: as in a recipe's `training`.
    """
    if validation == "test":
        return np.ones(len(labels), dtype=bool)
    return ~stratified(labels, validation["fraction"], seed)


def fit(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy and loss on what was trained on: float32[texts, outputs] and int16[texts]."""
    measures = scores(probabilities(logits), labels)
    return {name: measures[name] for name in KEPT["running"]}


def counts(facts: Mapping[str, Any]) -> dict[str, float]:
    """How large the model is, how many epochs it was trained (the mean over seeds), how many seeds."""
    epochs = [seed["epochs"] for seed in facts["seeds"].values()]
    return {
        "parameters": facts["parameters"],
        "epochs": round(sum(epochs) / len(epochs), 1),
        "seeds": len(epochs),
    }


def kept_epochs(
    history: list[dict[str, str]], seeds: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """Accuracy and loss of the epochs whose weights were kept, the means over the seeds."""
    rows = {(row["seed"], int(row["epoch"])): row for row in history}
    kept = [rows[seed, fitted["kept"]] for seed, fitted in seeds.items()]
    return {
        split: averaged([{c.removeprefix("val_"): float(row[c]) for c in columns} for row in kept])[0]
        for split, columns in KEPT.items()
    }


def predictions(probable: Mapping[str, np.ndarray], labels: np.ndarray, names: list[str]) -> Iterator[Row]:
    """A row per seed and text: seed, label, predicted label, a probability per label."""
    for seed, shares in probable.items():
        for label, choice, row in zip(labels, shares.argmax(axis=1), shares, strict=True):
            yield [seed, names[label], names[choice], *(f"{p:.6f}" for p in row)]


def sliced(right: np.ndarray, test: Padded) -> dict[str, list[tuple[float, float, int, float]]]:
    """How accuracy depends on the length of a text in tokens, and on the share of them that is unknown: rows
    of lowest and highest value, texts, accuracy.

    right: float64[texts] of the test split, the share of the seeds that are right.
    """
    values = {"length": test.lengths, "oov_rate": test.unknown / np.maximum(test.lengths, 1)}
    return {
        by: [
            (float(f"{low:.4g}"), float(f"{high:.4g}"), texts, round(accuracy, 6))
            for low, high, texts, accuracy in slices(value, right)
        ]
        for by, value in values.items()
    }


def history(path: Path) -> list[dict[str, str]]:
    """The rows of a history: seed, epoch, and the measures of each."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
