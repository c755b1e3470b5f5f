"""Labelled texts as `fit` is given them, wherever they come from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.runtime.config import InputError


@dataclass(frozen=True)
class DataSet:
    """title: as reports call it. name: of the experiment, unless another is asked for.
    texts, labels: of all rows that have both, or of those of the training split, where the data have a test
    split; tests: the texts of that, None if there is none and it is cut off by a hash of the text.
    notes: lines on how they were read.
    encoding: in words, where a table's was guessed. hint: for the end of a refusal.
    copies: by split the (text, label) of each row that `entry` copies, for data that can't be read where they
    are.
    entry: the source's entry of `sources`, for an experiment of a name; it copies what can't be read where it
    is.
    """

    title: str
    name: str
    texts: Sequence[str]
    labels: Sequence[str]
    notes: Sequence[str]
    entry: Callable[[str], dict[str, Any]]
    encoding: str | None = None
    hint: str = ""
    copies: Mapping[str, Sequence[tuple[str, str]]] | None = None
    tests: Sequence[str] | None = None


def refuse_options(why: str, **options: object) -> None:
    """Refuse options that mean nothing for what is given. options: by name, None of those not given."""
    for name, value in options.items():
        if value is not None:
            raise InputError(
                f"--{name}: found {str(value)!r}, allowed: for tables only, as {why}; leave it out"
            )
