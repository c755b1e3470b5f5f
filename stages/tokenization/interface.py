"""What every fitted tokenizer does, and how one that was saved is told from another."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np


class Tokenizer(Protocol):
    """A fitted tokenizer."""

    @property
    def vocabulary(self) -> int:
        """How many ids there are, 0 (padding) included: ids are in [1, vocabulary)."""

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """The ids of each text, int32[tokens]; an empty text has none."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids stand for, as far as the vocabulary keeps it."""

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        """Which ids stand for something that is not in the vocabulary: bool of the same shape."""

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""


def identity(kind: str, folder: Path) -> str:
    """Which tokenizer was saved in a folder: its kind, and a hash of its files (all but arrays)."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix != ".npz":
            digest.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return f"{kind} {digest.hexdigest()}"
