"""A split as padded token ids, ready to train on: data/padded/<corpus>/<split>/."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.storage import load_folder, save_folder

TYPES = {"ids": "int32", "rows": "int64", "labels": "int16", "lengths": "int64", "unknown": "int64"}


@dataclass(frozen=True)
class Padded:
    """A split ready to train on, or a part of it: texts of similar length share an array of one width.

    ids: per bucket int32[lines, width], mapped from the file; 0 is padding and nothing else.
    rows: per bucket int64[lines], each text's row in the split.
    labels: int16[texts] in the split's order, indices into `names`.
    names: the label names.
    vocabulary: how many ids there are, padding included.
    tokenizer: which tokenizer made the ids, as "<kind> <hash of its files>".
    pad: how the ids were padded, as the corpus's entry in params.yaml says.
    lengths: int64[texts], how many tokens a text has, those cut off included.
    unknown: int64[texts], how many of them are not in the vocabulary (empty: not counted).
    part: which texts belong, bool[texts] in the split's order; all of them if None.
    """

    ids: list[np.ndarray]
    rows: list[np.ndarray]
    labels: np.ndarray
    names: list[str]
    vocabulary: int
    tokenizer: str = ""
    pad: dict[str, Any] = field(default_factory=dict)
    lengths: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unknown: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    part: np.ndarray | None = None

    def take(self, part: np.ndarray) -> "Padded":
        """Those of the texts where `part`, bool[texts], is true; nothing is copied."""
        return replace(self, part=part if self.part is None else self.part & part)

    @property
    def lines(self) -> list[np.ndarray]:
        """Per bucket int64[texts]: the lines of its arrays whose texts belong."""
        if self.part is None:
            return [np.arange(len(rows)) for rows in self.rows]
        return [np.flatnonzero(self.part[rows]) for rows in self.rows]

    @property
    def texts(self) -> int:
        return sum(map(len, self.lines))

    @property
    def tokens(self) -> int:
        """How many ids are not padding."""
        return sum(int(np.count_nonzero(ids[lines])) for ids, lines in zip(self.ids, self.lines, strict=True))


def save_padded(folder: Path, padded: Padded) -> None:
    """All buckets go into one array, one after the other; their shapes are among the facts."""
    flat = [ids.reshape(-1) for ids in padded.ids]
    arrays = {
        "ids": np.concatenate([*flat, np.zeros(0, np.int32)]),
        "rows": np.concatenate([*padded.rows, np.zeros(0, np.int64)]),
        **{name: getattr(padded, name) for name in ("labels", "lengths", "unknown")},
    }
    facts = {name: getattr(padded, name) for name in ("names", "vocabulary", "tokenizer", "pad")}
    save_folder(folder, arrays, {**facts, "buckets": [[*ids.shape] for ids in padded.ids]})


def load_padded(folder: Path) -> Padded:
    arrays: dict[str, Any]
    arrays, facts = load_folder(folder, TYPES)
    shapes = facts.pop("buckets")
    ids = np.split(arrays.pop("ids"), np.cumsum([lines * width for lines, width in shapes])[:-1])
    rows = np.split(arrays.pop("rows"), np.cumsum([lines for lines, _ in shapes])[:-1])
    buckets = [each.reshape(shape) for each, shape in zip(ids, shapes, strict=True)]
    return Padded(**(arrays | facts | {"ids": buckets, "rows": rows}))
