"""Labelled texts as `fit` is given them, wherever they come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Given:
    """title: as reports call it. name: of the experiment, unless another is asked for.
    texts, labels: of all rows that have both. notes: lines on how they were read.
    entry: the source's entry of `sources`, for an experiment of a name; it copies what can't be read where it
    is.
    """

    title: str
    name: str
    texts: Sequence[str]
    labels: Sequence[str]
    notes: Sequence[str]
    entry: Callable[[str], dict[str, Any]]
