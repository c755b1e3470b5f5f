"""What is said of a text: its most probable labels, and the words that decided."""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from stages.runtime import command

STRONGEST = 5  # words that are named where there are no colours
STRONG = 0.3  # of the strongest word's share: weaker ones are not coloured
FOR, AGAINST, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"

Shares = list[tuple[str, float]]  # of each word what it adds to the logit of a label
Weigh = Callable[[str, int], Shares]  # of a text, and the number of a label
LEAST = 0.0005  # a share below it is printed as 0.000


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
    labels: Sequence[str], shares: np.ndarray | None, known: bool | None, threshold: float = 0.0, top: int = 1
) -> dict[str, Any]:
    """What is said of a text: `label`, `probability`, `probabilities` by label, `known` and, if more than one
    is asked for, `top`, pairs of a label and its probability. Of an empty text all are null, in `top`, too.

    shares: float64[labels], known: whether anything of the text was learned; None for an empty text.
    """
    pairs = ranked(labels, shares, threshold, top)
    label, highest = pairs[0]
    every = None
    if shares is not None:
        every = {name: round(float(p), 6) for name, p in zip(labels, shares, strict=True)}
    fields = {"label": label, "probability": highest, "probabilities": every, "known": known}
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
    known: bool | None,
    as_json: bool,
    threshold: float,
    top: int,
    words: Sequence[tuple[str, float]] | None,
    note: str | None,
) -> str:
    """What is printed for a text. Without JSON, line ends, tabs and control characters of label and text are
    shown as spaces. words: of an explained text, with what each adds to the logit of its label; without JSON
    they are `told`, in lines that begin with a tab. note: what there is to say of them."""
    if not as_json:
        pairs = ranked(labels, shares, threshold, top)
        cells = ([cell(label or ""), "" if p is None else f"{p:.4f}"] for label, p in pairs)
        row = "\t".join([*chain(*cells), one_line(text)])
        more = [*(told(words) if words else []), *([f"\t{note}"] if note else [])]
        return "\n\t".join([row, *more]) if more else row
    explained: dict[str, Any] = {}
    if words is not None:
        explained = {"words": [[word, round(share, 6)] for word, share in words], "note": note}
    fields = answer(labels, shares, known, threshold, top)
    return json.dumps(fields | {"text": text} | explained, ensure_ascii=False)


def told(shares: Sequence[tuple[str, float]]) -> list[str]:
    """Lines on the words that decided: one with colours on a terminal, unless NO_COLOR is set
    (https://no-color.org), else the strongest."""
    return [coloured(shares)] if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else strongest(shares)


def coloured(shares: Sequence[tuple[str, float]]) -> str:
    """For a terminal: what speaks for the label is green, what speaks against it is red."""
    most = max((abs(share) for _, share in shares), default=0.0) or 1.0
    words = []
    for word, share in shares:
        colour = FOR if share > 0 else AGAINST
        printable = command.printable(word)
        words.append(f"{colour}{printable}{PLAIN}" if abs(share) >= STRONG * most else printable)
    return " ".join(words)


def strongest(shares: Sequence[tuple[str, float]]) -> list[str]:
    """The words that decided most, a line each; equal ones are one, and those that add nothing are left out
    if others do."""
    times, added = Counter(word for word, _ in shares), defaultdict[str, float](float)
    for word, share in shares:
        added[word] += share
    most = sorted(added.items(), key=lambda pair: -abs(pair[1]))[:STRONGEST]
    telling = [(word, share) for word, share in most if abs(share) >= LEAST] or most
    return [
        f"{share:+.3f}\t{one_line(word)}" + (f" ({times[word]} times)" if times[word] > 1 else "")
        for word, share in telling
    ]


def unsupported(shares: Shares, exact: bool) -> str | None:
    """A line that says so if no word speaks for the label that is given.

    exact: whether the shares and a label's bias are all that there is of its logit.
    """
    if any(share >= LEAST for _, share in shares):
        return None
    if exact:
        return "no word speaks for this label: it follows from how frequent it was in training (the bias)"
    return "no word alone speaks for this label"


@lru_cache
def cell(label: str) -> str:
    """`one_line` of a label, which many texts have."""
    return one_line(label)


def one_line(text: str) -> str:
    """What can be printed of it, with single spaces."""
    text = command.printable(text).strip(" ")
    return " ".join(text.split()) if "  " in text else text
