"""Texts of the test split that a reader should see: what a model is most wrong about, and least sure of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stages.tools.answering.answers import Shares, Weigh
from stages.tools.report.parts import Evaluated, Part

LETTERS = 300  # of a text that is quoted
WORDS = 200  # of a text whose words are weighed
WEIGHED = 5  # texts; each is a run of the model for every word of it, where the model is a network


@dataclass(frozen=True)
class Quoted:
    """A test text: its row in test.parquet, from 0; its label, the one predicted, and what is given to both.

    words: what each of the first words adds to the label that is predicted; none if they were not weighed.
    place: where it is, for a person who looks it up.
    """

    row: int
    text: str
    label: str
    predicted: str
    probable: float
    of_label: float
    words: Shares
    place: str = ""


def most_wrong(part: Part, recipe: Evaluated, count: int, weigh: Weigh | None) -> list[Quoted]:
    """The texts whose wrong label has the highest probability, that one first."""
    highest = recipe.calibrated.max(axis=1)
    wrong = np.flatnonzero(recipe.calibrated.argmax(axis=1) != recipe.labels)
    rows = wrong[np.argsort(-highest[wrong], kind="stable")]
    return _quoted(part, recipe, _different(rows.tolist(), part.test.texts, count), weigh)


def least_sure(part: Part, recipe: Evaluated, count: int) -> list[Quoted]:
    """The texts whose most probable label has the lowest probability, that one first."""
    rows = np.argsort(recipe.calibrated.max(axis=1), kind="stable")
    return _quoted(part, recipe, _different(rows.tolist(), part.test.texts, count), None)


def at(quote: Quoted, place: str | None) -> Quoted:
    """With the place in the user's files, or else the row in the study's."""
    return replace(quote, place=place or f"row {quote.row + 1} of test.parquet")


def cut(text: str, letters: int = LETTERS) -> str:
    """A text in one line, as long as can be read."""
    line = " ".join(text.split())
    return line if len(line) <= letters else f"{line[: letters - 1].rstrip()}…"


def _different(rows: Iterable[int], texts: Sequence[str], count: int) -> list[int]:
    """The first rows, but for those of a text that is there before."""
    first: dict[str, int] = {}
    for row in rows:
        if len(first) == count:
            break
        first.setdefault(texts[row], row)
    return [*first.values()]


def _quoted(part: Part, recipe: Evaluated, rows: Iterable[int], weigh: Weigh | None) -> list[Quoted]:
    quotes = []
    for place, row in enumerate(rows):
        text, shares = part.test.texts[row], recipe.calibrated[row]
        label, choice = int(recipe.labels[row]), int(shares.argmax())
        words = weigh(text, choice)[:WORDS] if weigh is not None and place < WEIGHED else []
        names = recipe.result.labels
        probable = float(shares[choice]), float(shares[label])
        quotes.append(Quoted(row, cut(text), names[label], names[choice], *probable, words))
    return quotes
