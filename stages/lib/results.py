"""What a comparison shows of a recipe: its reports, gathered."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Curve:
    """A column of the history over the epochs that every seed reached: the seeds' mean, lowest, highest."""

    epochs: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Result:
    """A recipe's reports, and what the comparison says of it (`pipeline.comparisons` in params.yaml).

    metrics: "test.accuracy" and so on, as in reports/metrics/<recipe>.json.
    history: per column of reports/history/<recipe>.csv the value of each epoch of each seed.
    labels: the label names; confusion[i][j] test texts of label i were taken for label j (first seed).
    slices: reports/slices/<recipe>.csv: per "length" and "oov_rate" rows of low, high, texts, accuracy.
    watched: what the validation curves were measured on, "held out" or "test".
    duplicates: what was done with the source's: "kept", "exact dropped" or "near dropped".
    against, line, x: the number, if any, that the comparison sets accuracies against; whose line, and where.
    """

    recipe: str
    metrics: dict[str, float]
    history: dict[str, list[float]]
    labels: list[str]
    confusion: list[list[int]]
    slices: dict[str, list[list[float]]]
    watched: str
    duplicates: str
    against: str | None = None
    line: str = ""
    x: float | None = None

    @property
    def texts(self) -> int:
        """How many texts were tested."""
        return sum(map(sum, self.confusion))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the test accuracy (of the seeds' mean), for other test texts."""
        return wilson(self.metrics["test.accuracy"] * self.texts, self.texts)

    @property
    def gap(self) -> float:
        """Training accuracy less validation accuracy, of the weights that were kept."""
        return self.metrics["training.accuracy"] - self.metrics["validation.accuracy"]

    def curve(self, column: str) -> Curve:
        table = self._frame.groupby("epoch")[column].agg(["mean", "min", "max", "count"])
        table = table[table["count"] == self.metrics["seeds"]]
        return Curve(
            *([*values] for values in (table.index.astype(int), table["mean"], table["min"], table["max"]))
        )

    @property
    def lowest(self) -> tuple[int, float]:
        """The epoch at which the validation loss is lowest, and that loss."""
        curve = self.curve("val_loss")
        loss = min(curve.mean)
        return curve.epochs[curve.mean.index(loss)], loss

    @property
    def roughness(self) -> float:
        """How jagged the validation accuracy is: how far an epoch lies, on average, from halfway between its
        neighbours. A straight line has 0. The mean over the seeds."""
        return self._per_seed(lambda values: (values - (values.shift(1) + values.shift(-1)) / 2).abs().mean())

    @property
    def dip(self) -> float:
        """The deepest fall of the validation accuracy from one epoch to the next; the mean over the seeds."""
        return self._per_seed(lambda values: max(0.0, -values.diff().min()))

    def _per_seed(self, measure: Any) -> float:
        found = self._frame.groupby("seed")["val_accuracy"].apply(measure).fillna(0)
        return float(found.mean())

    @cached_property
    def _frame(self) -> Any:
        import pandas as pd  # here, because `gather` needs none and it takes 0.3 s

        return pd.DataFrame(self.history)


def gather(reports: Path, recipe: str) -> dict[str, Any]:
    """A recipe's reports in the folder `reports`: `Result` up to its slices, ready for JSON."""
    metrics = json.loads((reports / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
    rows = _rows(reports / "history" / f"{recipe}.csv")
    cells = _rows(reports / "confusion" / f"{recipe}.csv")
    labels = list(dict.fromkeys(cell["actual"] for cell in cells))
    counts = [int(cell["texts"]) for cell in cells]
    slices: dict[str, list[list[float]]] = {}
    for row in _rows(reports / "slices" / f"{recipe}.csv"):
        slices.setdefault(row.pop("by"), []).append([float(value) for value in row.values()])
    return {
        "recipe": recipe,
        "metrics": flat(metrics),
        "history": {column: [float(row[column]) for row in rows] for column in rows[0]},
        "labels": labels,
        "confusion": [counts[i : i + len(labels)] for i in range(0, len(counts), len(labels))],
        "slices": slices,
    }


def load(path: Path, said: Mapping[str, Any]) -> Result:
    """What was gathered of a recipe, with what the comparison says of it."""
    return Result(**json.loads(path.read_text(encoding="utf-8")), **said)


def flat(nested: dict[str, object], prefix: str = "") -> dict[str, float]:
    """{"test": {"loss": 0.3}} -> {"test.loss": 0.3}"""
    found: dict[str, float] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found[f"{prefix}{key}"] = value
    return found


def wilson(right: float, texts: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, `right` of `texts` (Wilson 1927)."""
    z, share = 1.959964, right / texts
    middle = share + z**2 / (2 * texts)
    half = z * sqrt(share * (1 - share) / texts + z**2 / (4 * texts**2))
    low, high = ((middle + side) / (1 + z**2 / texts) for side in (-half, half))
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding may put a bound beyond


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
