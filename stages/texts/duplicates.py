"""Texts that are there twice, character for character."""

from collections.abc import Sequence
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


def exact(train: Sequence[str], test: Sequence[str]) -> tuple[Repeats, Repeats]:
    """The duplicates of train, and of test."""
    keys = hashes(train), hashes(test)
    return _repeats(train, test, *keys), _repeats(test, train, *reversed(keys))


def hashes(texts: Sequence[str]) -> np.ndarray:
    """A number for each text, int64[texts], the same for equal texts; two others may have the same, too.

    It takes a tenth of the memory of a set of the texts; it is another one in every run of Python.
    """
    return np.fromiter(map(hash, texts), np.int64, len(texts))


def shared(keys: np.ndarray) -> np.ndarray:
    """The rows whose number another row has, too: int64[some rows], ascending."""
    order = np.argsort(keys)
    same = keys[order[1:]] == keys[order[:-1]]
    either = (np.append(False, same) | np.append(same, False))[: len(keys)]
    rows: np.ndarray = np.sort(order[either])
    return rows


def _repeats(
    texts: Sequence[str], others: Sequence[str], keys: np.ndarray, other_keys: np.ndarray
) -> Repeats:
    """keys, other_keys: `hashes`; only texts whose numbers are the same are compared."""
    repeated, across = np.zeros((2, len(texts)), dtype=bool)
    first: dict[str, int] = {}
    for row in shared(keys).tolist():
        repeated[row] = first.setdefault(texts[row], row) < row
    both = {others[row] for row in np.flatnonzero(np.isin(other_keys, keys)).tolist()}
    for row in np.flatnonzero(np.isin(keys, other_keys)).tolist():
        across[row] = texts[row] in both
    return Repeats(repeated, across)
