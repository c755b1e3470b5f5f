"""Texts that are there twice, character for character."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Duplicates = Literal["keep", "drop exact"]


@dataclass(frozen=True)
class Repeats:
    """Which texts of a split are duplicates.

    repeated: bool[texts], of an earlier text of the same split.
    across: bool[texts], of a text of the other split.
    """

    repeated: np.ndarray
    across: np.ndarray


def exact(train: list[str], test: list[str]) -> tuple[Repeats, Repeats]:
    """The duplicates of train, and of test."""
    return _repeats(train, set(test)), _repeats(test, set(train))


def _repeats(texts: list[str], others: set[str]) -> Repeats:
    first: dict[str, int] = {}
    repeated = [first.setdefault(text, row) < row for row, text in enumerate(texts)]
    across = [text in others for text in texts]
    return Repeats(np.array(repeated, dtype=bool), np.array(across, dtype=bool))
