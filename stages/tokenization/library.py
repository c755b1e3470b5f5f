"""A fitted tokenizer of the `tokenizers` library, behind the interface of interface.py."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from stages.runtime.config import InputError

PADDING, UNKNOWN = "[PAD]", "[UNK]"
FILE = "tokenizer.json"
CHUNK = 1000  # texts encoded at once: the library's objects take 100 times the memory of the ids


class Library:
    """A tokenizer of the library whose vocabulary has padding as id 0.

    Padding and unknown are plain entries, not the library's "special tokens": those would also be
    found where a text happens to spell them.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown = tokenizer.token_to_id(UNKNOWN)

    @classmethod
    def load(cls, folder: Path) -> "Library":
        return cls(Tokenizer.from_file(str(folder / FILE)))

    @property
    def vocabulary(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        remaining = whole(texts)
        while chunk := list(islice(remaining, CHUNK)):
            for encoding in self._tokenizer.encode_batch_fast(chunk, add_special_tokens=False):
                yield np.array(encoding.ids, dtype=np.int32)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        unknown: np.ndarray = np.equal(ids, -1 if self._unknown is None else self._unknown)
        return unknown

    def save(self, folder: Path) -> None:
        # not the library's own `save`, whose errors are no OSErrors
        (folder / FILE).write_text(self._tokenizer.to_str(pretty=True), encoding="utf-8")


def whole(texts: Iterable[str], start: int = 1) -> Iterator[str]:
    """The texts; one that UTF-8 cannot spell is refused, as the library takes UTF-8.

    start: the number of the first.
    """
    for number, text in enumerate(texts, start):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"text {number}: half of a surrogate pair at character {error.start}") from None
        yield text
