"""What a comparison shows of its recipes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.runtime.config import InputError


class Curve(NamedTuple):
    """A column of the history over the epochs that every seed reached: the seeds' mean, lowest, highest."""

    epochs: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Baseline:
    """The linear model that a comparison's recipes are drawn beside, what figures call it, its source and its
    test accuracy."""

    recipe: str
    name: str
    source: str
    accuracy: float


@dataclass(frozen=True)
class Result:
    """What `evaluate` left of a recipe, and what the comparison says of it.

    metrics: as in reports/metrics/<recipe>.json.
    history: per column of reports/history/<recipe>.csv the value of each epoch of each seed.
    labels: the label names; confusion[i][j] test texts of label i were taken for label j (first seed).
    slices: reports/slices/<recipe>.csv: per "length" and "oov_rate" rows of low, high, texts, accuracy.
    watched: what the validation curves were measured on, "held out" or "test".
    right: for each seed which test texts are classified right, bits as hexadecimal digits.
    reliability: rows of confidence, accuracy, texts; before calibration and, if texts were held out, after.
    coverage: rows of share of the texts, lowest confidence, accuracy, the most certain texts first.
    source: of its texts. duplicates: what was done with the source's: "kept" or "exact dropped".
    chapter, heading: which of the comparison's chapters shows it, and what people call that.
    name: what figures call it; color: the place of the name among those with a colour of their own, -1: none.
    against, x: the number, if any, that the comparison sets accuracies against, and the recipe's; then those
    with the same name are points of one line.
    """

    recipe: str
    metrics: dict[str, Any]
    history: dict[str, list[float]]
    labels: list[str]
    confusion: list[list[int]]
    slices: dict[str, list[list[float]]]
    watched: str
    right: list[str]
    reliability: list[list[list[float]]]
    coverage: list[list[float]]
    duplicates: str
    source: str = ""
    chapter: str = ""
    heading: str = ""
    name: str = ""
    color: int = -1
    against: str | None = None
    x: float | None = None

    @cached_property
    def measures(self) -> dict[str, float]:
        """The metrics by their names: "test.accuracy", "sd.accuracy", "seeds"."""
        return flat(self.metrics)

    @property
    def texts(self) -> int:
        """How many texts were tested."""
        return sum(map(sum, self.confusion))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the test accuracy, the seeds' mean."""
        spread = self.measures.get("sd.accuracy")
        return interval(self.measures["test.accuracy"], self.texts, spread, int(self.measures["seeds"]))

    @property
    def matrix(self) -> np.ndarray:
        """bool[seeds, texts]: which test texts the model of each seed has right."""
        bits = [np.unpackbits(np.frombuffer(bytes.fromhex(row), np.uint8)) for row in self.right]
        return np.array([row[: self.texts] for row in bits], dtype=bool)

    @property
    def constant(self) -> bool:
        """Whether it gives every text the same label, with every seed."""
        given = sum(any(column) for column in zip(*self.confusion, strict=True))  # labels, of the first seed
        return given == 1 and not self.measures.get("sd.accuracy")

    @property
    def gap(self) -> float:
        """Training accuracy less validation accuracy, of the weights that were kept."""
        return self.measures["training.accuracy"] - self.measures["validation.accuracy"]

    def curve(self, column: str) -> Curve:
        table = self._frame.groupby("epoch")[column].agg(["mean", "min", "max", "count"])
        table = table[table["count"] == self.measures["seeds"]]
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
        values = self._frame.groupby("seed")["val_accuracy"].apply(measure).fillna(0)
        return float(values.mean())

    @cached_property
    def _frame(self) -> Any:
        return pd.DataFrame(self.history)


def load(folder: Path, entry: Mapping[str, Any]) -> list[Result]:
    """What `evaluate` left of the recipes of a comparison, with what the comparison's entry says of each.

    entry: one of `comparisons` in params.yaml: lists with an element for each recipe.
    """
    results = []
    for i, recipe in enumerate(entry["recipes"]):
        place = entry["places"][i] if "x" in entry else None
        results.append(
            Result(
                **_evaluated(folder / f"{recipe}.json"),
                source=entry["sources"][i],
                duplicates=entry["duplicates"][i],
                chapter=entry["chapters"][i] if "chapters" in entry else "",
                heading=entry["headings"][i] if "chapters" in entry else "",
                name=entry["names"][i],
                color=entry["colors"][i],
                against=entry.get("x"),
                x=place,
            )
        )
    return results


def _evaluated(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:  # it is in Git, so may be in conflict
        raise InputError(
            f"{path}: not what evaluate writes ({error}); take one side of a conflict, or git checkout -- "
            f"{path}; else dvc repro evaluate@{path.stem}, which may train"
        ) from None


def baseline(entry: Mapping[str, Any], root: Path) -> Baseline | None:
    """The baseline that a comparison's entry of params.yaml names, if it names one."""
    if "baseline" not in entry:
        return None
    metrics = json.loads((root / entry["reads"]).read_text(encoding="utf-8"))
    return Baseline(
        entry["baseline"], entry["baseline_name"], entry["baseline_source"], metrics["test"]["accuracy"]
    )


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """{"test": {"loss": 0.3}} -> {"test.loss": 0.3}"""
    numbers: dict[str, float] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            numbers |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            numbers[f"{prefix}{key}"] = value
    return numbers


def interval(share: float, texts: int, sd: float | None, seeds: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy, for other texts and for other seeds.

    The halves of both intervals are added as independent errors are, by their squares: Wilson's for a share
    of so many texts, and Student's for a mean of so many seeds with the standard deviation `sd` between them.
    Of a single seed nothing is known of others: then it is for other texts only.
    """
    low, high = wilson(share * texts, texts)
    if sd is None:
        return low, high
    from scipy.stats import t

    half = t.ppf(0.975, seeds - 1) * sd / sqrt(seeds)
    return max(share - hypot(share - low, half), 0.0), min(share + hypot(high - share, half), 1.0)


def wilson(right: float, texts: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, `right` of `texts` (Wilson 1927)."""
    z, share = 1.959964, right / texts
    middle = share + z**2 / (2 * texts)
    half = z * sqrt(share * (1 - share) / texts + z**2 / (4 * texts**2))
    low, high = ((middle + side) / (1 + z**2 / texts) for side in (-half, half))
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding may put a bound beyond
