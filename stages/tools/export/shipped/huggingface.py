"""A tokenizer of Hugging Face's library `tokenizers`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer


class Encoder:
    """texts -> ids, int32[tokens] each."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> Iterator[np.ndarray]:
        for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            yield np.array(encoding.ids, dtype=np.int32)


def load(folder: Path) -> Encoder:
    return Encoder(Tokenizer.from_file(str(folder / "tokenizer.json")))
