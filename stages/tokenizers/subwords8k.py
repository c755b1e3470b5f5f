"""TFDS's `SubwordTextEncoder`, the tokenizer of the retired `imdb_reviews/subwords8k` and the lessons on it.

On IMDB's training split it has 8,185 ids. The last 256 are bytes, which spell what no subword covers:
nothing is unknown to it, and decoding gives back any text.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stages.lib import files
from stages.lib.config import config

TARGET = 2**13  # what TFDS asked `build_from_corpus` for
UNDERSCORE = "\\&undsc"  # how TFDS spells an underscore; it forgets to undo it inside longer subwords
FILE = "vocabulary.json"


@config
class Config:
    kind: Literal["subwords8k"]


class Subwords:
    """A `SubwordTextEncoder` behind the interface of stages/tokenizers."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder

    @property
    def vocabulary(self) -> int:
        return int(self._encoder.vocab_size)

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        return (np.array(self._encoder.encode(text), dtype=np.int32) for text in texts)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._encoder.decode(list(ids))).replace(UNDERSCORE, "_")

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        return np.zeros_like(ids, dtype=bool)  # the bytes are in the vocabulary

    def save(self, folder: Path) -> None:
        # not TFDS's own file: that has a subword per line, also of subwords with line ends
        files.write_json(folder / FILE, self._encoder.subwords)


def fit(config: Config, texts: Iterable[str]) -> Subwords:
    """The encoder that TFDS builds from the texts; takes minutes for 25,000 reviews."""
    return Subwords(_encoder().build_from_corpus(texts, TARGET))


def load(folder: Path) -> Subwords:
    return Subwords(_encoder()(json.loads((folder / FILE).read_text(encoding="utf-8"))))


def _encoder() -> Any:
    import tensorflow_datasets as tfds  # takes seconds, and only this tokenizer needs it

    return tfds.deprecated.text.SubwordTextEncoder
