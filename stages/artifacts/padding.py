"""Ragged ids -> arrays of static shape: one width for all texts, or a few widths (buckets)."""

from dataclasses import asdict
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.padded import Padded
from stages.artifacts.tokens import Tokens
from stages.runtime.config import Count, config, refusal

Side = Literal["pre", "post"]
Widths = Annotated[list[Count], Field(min_length=1)]


@config
class Fixed:
    """Every text has `length` tokens: padded on one `side`, or losing what is over on `truncate`'s."""

    kind: Literal["fixed"]
    length: Count
    side: Side
    truncate: Side

    def check(self, key: str, mend: str = "mend it") -> None:
        """Nothing to check beyond the types."""

    def widths(self, lengths: np.ndarray) -> np.ndarray:
        return np.full(len(lengths), self.length)


@config
class Bucket:
    """A text is padded at its end to the next of the `boundaries`, texts longer than all of them to
    the longest text of the split; nothing is truncated."""

    kind: Literal["bucket"]
    boundaries: Widths
    side: ClassVar[Side] = "post"
    truncate: ClassVar[Side] = "post"

    def check(self, key: str, mend: str = "mend it") -> None:
        """Refuse boundaries that do not rise."""
        if sorted(set(self.boundaries)) != self.boundaries:
            raise refusal(f"{key}.boundaries", self.boundaries, "numbers that rise", mend)

    def widths(self, lengths: np.ndarray) -> np.ndarray:
        edges = np.array([*self.boundaries, max(lengths.max(initial=1), self.boundaries[-1])])
        widths: np.ndarray = edges[np.searchsorted(edges, lengths)]
        return widths


Pad = Fixed | Bucket
KINDS: dict[str, type[Fixed] | type[Bucket]] = {"fixed": Fixed, "bucket": Bucket}


def pad(tokens: Tokens, how: Pad) -> Padded:
    """The split's arrays, one per width, narrowest first; within one, texts keep the split's order."""
    widths = how.widths(tokens.lengths)
    ids, rows = [], []
    for width in np.unique(widths):
        rows.append(np.flatnonzero(widths == width))
        ids.append(np.stack([fit(text(tokens, int(row)), int(width), how) for row in rows[-1]]))
    return Padded(
        ids,
        rows,
        tokens.labels,
        tokens.names.tolist(),
        tokens.vocabulary,
        tokens.tokenizer,
        pad=asdict(how),
        lengths=tokens.lengths,
        unknown=tokens.unknown,
    )


def text(tokens: Tokens, row: int) -> np.ndarray:
    """A text's ids, int32[tokens]."""
    return tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]


def fit(ids: np.ndarray, width: int, how: Pad) -> np.ndarray:
    """One text's ids cut or padded with zeros: int32[tokens] -> int32[width].

    [7, 8, 9] at width 2, truncated "pre": [8, 9]; at width 4, side "pre": [0, 7, 8, 9].
    """
    kept = ids[-width:] if how.truncate == "pre" else ids[:width]
    missing = width - len(kept)
    return np.pad(kept, (missing, 0) if how.side == "pre" else (0, missing))
