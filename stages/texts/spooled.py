"""Texts in a file, of which only those are in memory that are asked for: those of a source need not fit."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, overload

import numpy as np

BLOCK = 1 << 20  # bytes that iterating reads at once


class Spooled(Sequence[str]):
    """file: UTF-8, one text after the other; it lasts as long as this does.
    spans: int64[texts, 2], where in it each text begins and ends.
    """

    def __init__(self, file: IO[bytes], spans: np.ndarray) -> None:
        self._file, self._spans = file, spans

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, which: int) -> str: ...

    @overload
    def __getitem__(self, which: slice) -> "Spooled": ...

    def __getitem__(self, which: int | slice) -> "str | Spooled":
        if isinstance(which, slice):
            return Spooled(self._file, self._spans[which])
        start, end = self._spans[which].tolist()
        return os.pread(self._file.fileno(), end - start, start).decode()

    def __iter__(self) -> Iterator[str]:
        """Neighbours in the file are read together."""
        block, begins = b"", 0
        for start, end in self._pairs():
            if not begins <= start <= end <= begins + len(block):
                block, begins = os.pread(self._file.fileno(), max(end - start, BLOCK), start), start
            yield block[start - begins : end - begins].decode()

    def take(self, rows: np.ndarray) -> "Spooled":
        """The texts at `rows`, int[some texts]."""
        return Spooled(self._file, self._spans[rows])

    def _pairs(self) -> Iterator[list[int]]:
        """The spans as Python's integers, some at a time: those of all would take as much as short texts."""
        for first in range(0, len(self._spans), 1 << 16):
            yield from self._spans[first : first + (1 << 16)].tolist()


def spooled(texts: Iterable[str], folder: Path) -> Spooled:
    """The texts, written to a file without a name on the folder's disk: /tmp may be memory."""
    folder.mkdir(parents=True, exist_ok=True)
    file, lengths = TemporaryFile(dir=folder), array("q")  # noqa: SIM115  (open as long as its texts are read)
    for text in texts:
        lengths.append(file.write(text.encode()))
    file.flush()
    ends = np.cumsum(np.frombuffer(lengths, np.int64), dtype=np.int64)
    return Spooled(file, np.stack([ends - lengths, ends], axis=1))
