"""The difference between two recipes, as it was tested, and what pages say of it."""

from collections.abc import Mapping
from dataclasses import dataclass

ALPHA = 0.05
MORE, LESS, ALIKE = "more accurate", "less accurate", "no difference shown"
Table = tuple[list[str], list[list[object]]]


@dataclass(frozen=True)
class Difference:
    """Of test accuracies, first less second.

    mean: of the seeds' means; low, high: its 95 % interval for other texts and other seeds; p: McNemar's,
    of the first seeds' models. All of accuracy, not of percent.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def real(self) -> bool:
        """Whether both say so: the interval leaves out 0, and p is below 5 %."""
        return self.p < ALPHA and not self.low <= 0 <= self.high


def verdict(difference: float, real: bool) -> str:
    """What is shown of a recipe by its accuracy less another's."""
    if not real:
        return ALIKE
    return MORE if difference > 0 else LESS


def distances(title: str, pairs: Mapping[str, Difference]) -> Table:
    """By recipe how far it is behind another, in points, and whether that is real."""
    rows: list[list[object]] = []
    for recipe, pair in pairs.items():
        ends = f"{100 * pair.low:z.1f} to {100 * pair.high:z.1f}"
        p = f"{pair.p:.3f}" if pair.p >= 0.001 else "< 0.001"
        rows.append([recipe, f"{100 * pair.mean:z.1f}", ends, p, verdict(-pair.mean, pair.real)])
    return [title, "points", "95 % interval", "McNemar's p", "verdict"], rows
