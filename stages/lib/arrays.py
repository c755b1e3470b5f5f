"""What passes between the stages: a split as texts, as ragged token ids, as padded token ids."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from stages.lib.config import InputError

UNLABELLED = -1


@dataclass(frozen=True)
class Split:
    """A split of a source.

    texts: the raw texts, in the source's order.
    labels: int8[texts], indices into `names`; -1 where a text has no label.
    names: the label names, in the order that the indices mean.
    """

    texts: list[str]
    labels: np.ndarray
    names: list[str]


@dataclass(frozen=True)
class Tokens:
    """The token ids of a split's texts, one after the other.

    ids: int32[tokens], each at least 1 (0 is padding).
    offsets: int64[texts + 1]; text i is ids[offsets[i]:offsets[i + 1]].
    labels: int8[texts], indices into `names`, -1 if unlabelled.
    names: str[classes].
    vocabulary: how many ids there are, padding included.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    vocabulary: int

    @property
    def lengths(self) -> np.ndarray:
        """int64[texts], in tokens."""
        lengths: np.ndarray = np.diff(self.offsets)
        return lengths


@dataclass(frozen=True)
class Padded:
    """A split ready to train on: texts of similar length share an array padded to one width.

    ids: per bucket int32[rows, width]; 0 is padding and nothing else.
    rows: per bucket int64[rows], each text's row in the split.
    labels: int8[texts] in the split's order, indices into `names`.
    names: str[classes].
    vocabulary: how many ids there are, padding included.
    """

    ids: list[np.ndarray]
    rows: list[np.ndarray]
    labels: np.ndarray
    names: np.ndarray
    vocabulary: int

    def take(self, keep: np.ndarray) -> "Padded":
        """The texts where `keep`, bool[texts], is true; the rows still count in the whole split."""
        kept = [keep[rows] for rows in self.rows]
        ids = [ids[k] for ids, k in zip(self.ids, kept, strict=True)]
        rows = [rows[k] for rows, k in zip(self.rows, kept, strict=True)]
        full = [i for i, r in enumerate(rows) if len(r)]
        return Padded(
            [ids[i] for i in full],
            [rows[i] for i in full],
            self.labels,
            self.names,
            self.vocabulary,
        )

    @property
    def texts(self) -> int:
        return sum(len(rows) for rows in self.rows)

    @property
    def tokens(self) -> int:
        """How many ids are not padding."""
        return sum(int(np.count_nonzero(ids)) for ids in self.ids)


def save_tokens(path: Path, tokens: Tokens) -> None:
    _save(path, vars(tokens))


def load_tokens(path: Path) -> Tokens:
    found: dict[str, Any] = _load(path, *(f.name for f in fields(Tokens)))
    return Tokens(**found | {"vocabulary": int(found["vocabulary"])})


def save_padded(path: Path, padded: Padded) -> None:
    arrays = {"labels": padded.labels, "names": padded.names, "vocabulary": padded.vocabulary}
    for i, (ids, rows) in enumerate(zip(padded.ids, padded.rows, strict=True)):
        arrays |= {f"ids_{i}": ids, f"rows_{i}": rows}
    _save(path, arrays)


def load_padded(path: Path) -> Padded:
    found = _load(path, "labels", "names", "vocabulary")
    buckets = range(sum(key.startswith("ids_") for key in found))
    return Padded(
        ids=[found[f"ids_{i}"] for i in buckets],
        rows=[found[f"rows_{i}"] for i in buckets],
        labels=found["labels"],
        names=found["names"],
        vocabulary=int(found["vocabulary"]),
    )


def _save(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)  # no clock time goes into the zip


def _load(path: Path, *names: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in [*names, *found.files]}
    except FileNotFoundError:
        raise InputError(f"{path} is missing; make it with: dvc repro") from None
    except Exception as error:  # zip and NumPy format errors have no common type
        raise InputError(f"{path} is damaged ({error}); delete it, then run: dvc repro") from None
