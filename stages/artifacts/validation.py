"""What a training is watched on: a part of the training split that is held out, or a lesson's test split."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.runtime.config import config


@config
class HeldOut:
    """fraction: of the training split's rows, of each label the same."""

    fraction: Annotated[float, Field(gt=0, lt=1)]


Validation = HeldOut | Literal["test"]


def stratified(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Which rows are held out: bool[rows], `fraction` of each label's rows, drawn by `seed`;
    at least one, and of more than one not all.

    labels: int[rows].
    """
    held = np.zeros(len(labels), dtype=bool)
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = max(1, min(round(fraction * len(rows)), len(rows) - 1))
        held[random.permutation(rows)[:count]] = True
    return held
