"""Several recipes together: the sum of their logits, each times a weight."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from stages.runtime.config import config

UNORDERED = True


@config
class Sizes:
    """members: an experiment, all recipes of which belong."""

    threads: ClassVar[int] = 1

    architecture: Literal["ensemble"]
    members: str


def combine(logits: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """float[texts, outputs] of each member and float[members] -> float32[texts, outputs]."""
    return np.tensordot(weights, np.stack(logits), 1).astype(np.float32)
