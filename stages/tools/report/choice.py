"""Which recipe is chosen: by what was held out of the training split, never by the test split."""

from collections.abc import Mapping
from typing import Any


def ranked(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The recipes by their accuracy on held-out texts, the best first; of equal ones the one whose loss on
    those is lower, then the one that comes first.

    metrics: of each recipe, as in reports/metrics/<recipe>.json.
    """

    def rank(recipe: str) -> tuple[float, float]:
        held = metrics[recipe]["validation"]
        return -held["accuracy"], held["loss"]

    return sorted(metrics, key=rank)
