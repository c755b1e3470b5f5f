"""A split's texts -> ids, block by block: those that one process would give, whoever works on them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np

from stages.runtime.crew import Block, Crew
from stages.tokenization.interface import Tokenizer

ENCODING = Lock()  # a worker of Dask has threads, a tokenizer remembers words


class Saved(NamedTuple):
    """A tokenizer on disk.

    load: its kind's, which takes the folder.
    identity: of its kind and the files in the folder (interface.py), so that no other one is taken for it.
    vocabulary: how many ids there are.
    """

    load: Callable[[Path], Tokenizer]
    folder: Path
    identity: str
    vocabulary: int


@dataclass(frozen=True)
class Encoded:
    """The ids of texts, on disk.

    files: whose bytes are the ids, int32, of all texts one after the other.
    lengths: int64[texts], in tokens.
    unknown: int64[texts], how many of them are not in the vocabulary.
    """

    files: list[Path]
    lengths: np.ndarray
    unknown: np.ndarray


def encode(saved: Saved, texts: Iterable[str], crew: Crew, folder: Path) -> Encoded:
    """The ids go into files in the folder."""
    nothing = np.zeros(0, dtype=np.int64)
    files, lengths, unknown = list[Path](), [nothing], [nothing]
    for path, own_lengths, own_unknown in crew.map(partial(_block, saved, folder), crew.blocks(texts)):
        files.append(path)
        lengths.append(own_lengths)
        unknown.append(own_unknown)
    return Encoded(files, np.concatenate(lengths), np.concatenate(unknown))


def _block(saved: Saved, folder: Path, block: Block) -> tuple[Path, np.ndarray, np.ndarray]:
    """The file with a block's ids; of each text how many there are, and how many are unknown."""
    first, texts = block
    with ENCODING:
        tokenizer = _loaded(saved)
        rows = list(tokenizer.encode(texts))
    ids = np.concatenate([*rows, np.zeros(0, dtype=np.int32)])
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    unknown = np.concatenate([[0], np.cumsum(tokenizer.unknown(ids))])
    path = folder / f"{first}.ids"
    path.write_bytes(ids.tobytes())
    return path, np.diff(offsets), np.diff(unknown[offsets])


@lru_cache(maxsize=1)
def _loaded(saved: Saved) -> Tokenizer:
    return saved.load(saved.folder)
