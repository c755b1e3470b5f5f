"""What is said of a text: its most probable labels, and the words that decided."""

import json
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from stages.runtime import command

STRONGEST = 5  # words that are named where there are no colours

Shares = list[tuple[str, float]]  # of each word what it adds to the logit of a label
Weigh = Callable[[str, int], Shares]  # of a text, and the number of a label


def ranked(
    labels: Sequence[str], shares: np.ndarray | None, threshold: float, top: int
) -> list[tuple[str | None, float | None]]:
    """The most probable labels, the first of them not given below the threshold."""
    if shares is None:
        return [(None, None)] * min(top, len(labels))
    values = shares.tolist()
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)[:top]
    pairs = [(labels[i], round(values[i], 6)) for i in order]
    first = pairs[0] if values[order[0]] >= threshold else (None, pairs[0][1])
    return [first, *pairs[1:]]


def answer(
    labels: Sequence[str], shares: np.ndarray | None, threshold: float = 0.0, top: int = 1
) -> dict[str, Any]:
    """What is said of a text: `label`, `probability`, `probabilities` by label and, if more than one is asked
    for, `top`, pairs of a label and its probability. Of an empty text all are null, in `top`, too.

    shares: float64[labels], None for an empty text.
    """
    pairs = ranked(labels, shares, threshold, top)
    label, highest = pairs[0]
    every = None
    if shares is not None:
        every = {name: round(float(p), 6) for name, p in zip(labels, shares, strict=True)}
    fields = {"label": label, "probability": highest, "probabilities": every}
    return fields | ({"top": pairs} if top > 1 else {})


def by_column(
    labels: Sequence[str], shares: np.ndarray | None, threshold: float, top: int
) -> dict[str, object]:
    """The most probable labels and their probabilities, by the names of columns."""
    columns: dict[str, object] = {}
    for place, (label, probable) in enumerate(ranked(labels, shares, threshold, top), start=1):
        mark = f"_{place}" if place > 1 else ""
        columns |= {f"predicted{mark}": label, f"probability{mark}": probable}
    return columns


def line(
    text: str,
    labels: Sequence[str],
    shares: np.ndarray | None,
    as_json: bool,
    threshold: float = 0.0,
    top: int = 1,
    words: Sequence[tuple[str, float]] | None = None,
) -> str:
    """What is printed for a text. Without JSON, line ends, tabs and control characters of label and text are
    shown as spaces. words: of an explained text, with what each adds to the logit of its label; without JSON
    the strongest have a line each, which begins with a tab."""
    if not as_json:
        pairs = ranked(labels, shares, threshold, top)
        cells = ([one_line(label or ""), "" if p is None else f"{p:.4f}"] for label, p in pairs)
        row = "\t".join([*chain(*cells), one_line(text)])
        return "\n\t".join([row, *strongest(words or [])])
    explained = {} if words is None else {"words": [[word, round(share, 6)] for word, share in words]}
    return json.dumps(answer(labels, shares, threshold, top) | {"text": text} | explained, ensure_ascii=False)


def strongest(shares: Sequence[tuple[str, float]]) -> list[str]:
    """The words that decided most, a line each."""
    most = sorted(shares, key=lambda pair: -abs(pair[1]))[:STRONGEST]
    return [f"{share:+.3f}\t{one_line(word)}" for word, share in most]


def one_line(text: str) -> str:
    """What can be printed of it, with single spaces."""
    text = command.printable(text).strip(" ")
    return " ".join(text.split()) if "  " in text else text
