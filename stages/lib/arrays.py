"""What passes between the stages: a split as texts, as ragged token ids, as padded token ids."""

import json
import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from stages.lib.config import InputError


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
    tokenizer: which tokenizer made the ids, as "<kind> <hash of its files>".
    unknown: int64[texts], how many of a text's tokens are not in the vocabulary (empty: not counted).
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    vocabulary: int
    tokenizer: str = ""
    unknown: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def lengths(self) -> np.ndarray:
        """int64[texts], in tokens."""
        lengths: np.ndarray = np.diff(self.offsets)
        return lengths


@dataclass(frozen=True)
class Padded:
    """A split ready to train on, or a part of it: texts of similar length share an array of one width.

    ids: per bucket int32[lines, width], mapped from the file; 0 is padding and nothing else.
    rows: per bucket int64[lines], each text's row in the split.
    labels: int8[texts] in the split's order, indices into `names`.
    names: str[classes].
    vocabulary: how many ids there are, padding included.
    tokenizer: which tokenizer made the ids, as "<kind> <hash of its files>".
    part: which texts belong, bool[texts] in the split's order; all of them if None.
    """

    ids: list[np.ndarray]
    rows: list[np.ndarray]
    labels: np.ndarray
    names: np.ndarray
    vocabulary: int
    tokenizer: str = ""
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


def save_split(path: Path, split: Split) -> None:
    """Write a Parquet table, `text` and `label`; the names are labels.json's, beside it."""
    import pyarrow.parquet

    table = pyarrow.table({"text": split.texts, "label": split.labels}, _schema())
    pyarrow.parquet.write_table(table, path, write_page_checksum=True)


def load_split(path: Path) -> Split:
    import pyarrow.parquet

    with refusing(path):
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            table, rows = file.read(), file.metadata.num_rows
        # no checksum covers the footer, but it says these twice
        if table.schema != _schema() or len(table) != rows:
            raise ValueError(f"found {table.schema.names}, {len(table)} rows of {rows}")
        texts, labels = table["text"].to_pylist(), table["label"].to_numpy()
    names = path.with_name("labels.json")
    with refusing(names):
        return Split(texts, labels, json.loads(names.read_text(encoding="utf-8")))


def _schema() -> Any:
    import pyarrow  # here, because it takes 0.2 s and most stages read no table

    text = pyarrow.field("text", pyarrow.large_string(), nullable=False)  # 2 GB are no limit to it
    return pyarrow.schema([text, pyarrow.field("label", pyarrow.int8(), nullable=False)])


def save_tokens(path: Path, tokens: Tokens) -> None:
    save_arrays(path, vars(tokens))


def load_tokens(path: Path) -> Tokens:
    found: dict[str, Any] = load_arrays(path, *(f.name for f in fields(Tokens)))
    plain = {"vocabulary": int(found["vocabulary"]), "tokenizer": str(found["tokenizer"])}
    return Tokens(**found | plain)


def save_padded(path: Path, padded: Padded) -> None:
    arrays = {name: getattr(padded, name) for name in ("labels", "names", "vocabulary", "tokenizer")}
    for i, (ids, rows) in enumerate(zip(padded.ids, padded.rows, strict=True)):
        arrays |= {f"ids_{i}": ids, f"rows_{i}": rows}
    save_arrays(path, arrays)


def load_padded(path: Path) -> Padded:
    found = load_arrays(path, "labels", "names", "vocabulary", "tokenizer", mapped="ids_")
    buckets = range(sum(key.startswith("ids_") for key in found))
    return Padded(
        ids=[found[f"ids_{i}"] for i in buckets],
        rows=[found[f"rows_{i}"] for i in buckets],
        labels=found["labels"],
        names=found["names"],
        vocabulary=int(found["vocabulary"]),
        tokenizer=str(found["tokenizer"]),
    )


def save_arrays(path: Path | IO[bytes], arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)  # no clock time goes into the zip


def load_arrays(path: Path, *names: str, mapped: str | None = None) -> dict[str, np.ndarray]:
    """The file's arrays, `names` and all others; those that begin with `mapped` stay on disk."""
    with refusing(path):
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if damaged := archive.testzip():  # NumPy checks no more than it reads, and nothing that is mapped
                raise ValueError(f"bad checksum in {damaged}")
        with np.load(path, allow_pickle=False) as found:
            maps = [name for name in found.files if mapped and name.startswith(mapped)]
            arrays = {name: found[name] for name in [*names, *found.files] if name not in maps}
        return arrays | {name: _map(path, members, f"{name}.npy") for name in maps}


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever reading the file raises into one line."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path} is missing; make it with: dvc repro") from None
    except Exception as error:  # zip, NumPy and Parquet errors have no common type
        raise InputError(f"{path} is damaged ({error}); delete it, then run: dvc repro") from None


def _map(path: Path, members: list[zipfile.ZipInfo], name: str) -> np.ndarray:
    """An array of an uncompressed .npz, mapped: a corpus may be larger than the memory."""
    member = next(member for member in members if member.filename == name)
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)  # lengths of name and extra field (PKWARE's APPNOTE 4.3.7)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = read[version](file)
        if 0 in shape:  # nothing to map
            return np.zeros(shape, dtype)
        return np.memmap(path, dtype, "r", file.tell(), shape)
