"""What a report is made of: an experiment, its recipes by source, and what the pipeline left of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.split import Split
from stages.evaluation.metrics import probabilities
from stages.reporting.comparison import Baseline, Result
from stages.reporting.difference import Difference
from stages.reporting.significance import differences
from stages.runtime.wording import Interval, percent
from stages.tools.report import classwise
from stages.tools.report.ranking import NAMES, HeldOut, ranked


@dataclass(frozen=True)
class Evaluated:
    """A recipe of the experiment, trained and evaluated.

    entry: of `recipes` in params.yaml; facts: its training.json; certificate: as it lies beside its models.
    labels: int16[texts] of the test split. logits: of each seed's model float32[texts, outputs].
    temperatures: of each seed's model; none if nothing was held out. too_sure: the seeds whose models were
    never, or hardly ever, wrong about held-out texts, so that no temperature is the best one. held: what it
    is worth on texts of the training split that it held out; None if it was watched on the test split.
    """

    entry: Mapping[str, Any]
    result: Result
    facts: Mapping[str, Any]
    certificate: Mapping[str, Any]
    labels: np.ndarray
    logits: Mapping[str, np.ndarray]
    temperatures: Mapping[str, float]
    too_sure: Sequence[str]
    held: HeldOut | None

    @property
    def name(self) -> str:
        return self.result.recipe

    @property
    def kind(self) -> str:
        """ "majority", "linear", "ensemble" or "network"."""
        model = self.entry["model"]
        if model["architecture"] == "majority":
            return "majority"
        if "members" in model:
            return "ensemble"
        return "linear" if self.entry["training"]["kind"] == "linear" else "network"

    @property
    def served(self) -> str:
        """The seed whose model predict, serve and export use: the first."""
        return next(iter(self.logits))

    @cached_property
    def predicted(self) -> list[np.ndarray]:
        """Of each seed's model int64[texts]."""
        return [probabilities(answers).argmax(axis=1) for answers in self.logits.values()]

    @cached_property
    def calibrated(self) -> np.ndarray:
        """The probabilities that `predict` would give, of the first seed's model: float64[texts, classes]."""
        return probabilities(self.logits[self.served] / self.temperatures.get(self.served, 1.0))

    @cached_property
    def over_classes(self) -> tuple[float, float]:
        """Macro-F1 and balanced accuracy, the means over the seeds."""
        f1, balanced = classwise.averages(self.labels, self.predicted, len(self.result.labels)).tolist()
        return f1, balanced

    @cached_property
    def over_classes_ends(self) -> tuple[Interval, Interval]:
        """The 95 % intervals of both."""
        return classwise.intervals(self.labels, self.predicted, len(self.result.labels))


@dataclass(frozen=True)
class Part:
    """The recipes of an experiment that learn from one source, the best on held-out texts first.

    sheet: reports/sources/<source>.json; corpora: of each corpus that they read its entry of `corpora` in
    params.yaml and, as `facts`, its reports/corpora/<corpus>.json. by: what chooses, of `ranking.BY`.
    rungs: the recipes' names in the experiment's order, if each adds to those before it; else none. entry:
    the source's, of `sources` in params.yaml.
    """

    source: str
    sheet: Mapping[str, Any]
    corpora: Mapping[str, Mapping[str, Any]]
    train: Split
    test: Split
    recipes: list[Evaluated]
    by: str
    rungs: list[str] = field(default_factory=list)
    entry: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chosen(self) -> Evaluated | None:
        """The best on held-out texts, if a recipe held any out."""
        return self.recipes[0] if self.recipes[0].held else None

    @property
    def linear(self) -> Evaluated | None:
        """The linear model that is best on held-out texts, if there is one."""
        return next((one for one in self.recipes if one.kind == "linear"), None)

    @property
    def guess(self) -> int:
        """The most frequent label of the training split."""
        return int(np.bincount(self.train.labels, minlength=len(self.train.names)).argmax())

    @property
    def guessing(self) -> float:
        """The test accuracy of always answering it."""
        return float((self.test.labels == self.guess).mean())

    @cached_property
    def differences(self) -> dict[tuple[str, str], Difference]:
        """Of each two recipes, in either order, in test accuracy."""
        return differences([one.result for one in self.recipes])

    @cached_property
    def behind(self) -> dict[str, Difference]:
        """By recipe how far it is behind the chosen one in test accuracy."""
        if self.chosen is None:
            return {}
        others = (one for one in self.recipes if one is not self.chosen)
        return {one.name: self.differences[self.chosen.name, one.name] for one in others}

    @cached_property
    def steps(self) -> list[tuple[str, str, Difference]]:
        """Of each rung but the first its name, that of the best one below it on held-out texts, and how far
        it is behind that one in test accuracy."""
        by_name = {one.name: one for one in self.recipes if one.held}
        climbed = [by_name[name] for name in self.rungs if name in by_name]
        steps = []
        for place in range(1, len(climbed)):
            below = [one.held for one in climbed[:place] if one.held]
            best, rung = by_name[ranked(below, self.by)[0].recipe], climbed[place]
            steps.append((rung.name, best.name, self.differences[best.name, rung.name]))
        return steps

    @property
    def measure(self) -> str:
        """What chooses, in words."""
        return NAMES[self.by]

    def worth(self, held: HeldOut) -> str:
        """Of the measure that chooses."""
        number = held.measures[self.by]
        return percent(number) if self.by == "accuracy" else f"{number:.3f}"


@dataclass(frozen=True)
class Experiment:
    """figures: those of the comparison, a path from the root of the repository for what is seen on it."""

    name: str
    title: str
    parts: list[Part]
    figures: Mapping[str, Path]
    baseline: Baseline | None
