"""From texts to integer ids: one file per kind of tokenizer.

A kind's module has a `Config` dataclass (the corpus's `tokenizer` in params.yaml),
`fit(config, texts) -> Tokenizer` and `load(folder) -> Tokenizer`. No tokenizer ever gives id 0.
"""

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
