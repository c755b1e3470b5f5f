"""A split as ragged token ids: data/tokens/<corpus>/<split>.npz."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.storage import load_arrays, refusing, save_arrays


@dataclass(frozen=True)
class Tokens:
    """The token ids of a split's texts, one after the other.

    ids: int32[tokens], each at least 1 (0 is padding).
    offsets: int64[texts + 1]; text i is ids[offsets[i]:offsets[i + 1]].
    labels: int16[texts], indices into `names`, -1 if unlabelled.
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


def save_tokens(path: Path, tokens: Tokens) -> None:
    save_arrays(path, vars(tokens))


def load_tokens(path: Path) -> Tokens:
    arrays: dict[str, Any] = load_arrays(path)
    with refusing(path):
        if arrays["ids"].dtype != np.int32 or arrays["offsets"].dtype != np.int64:
            raise ValueError(f"found ids of {arrays['ids'].dtype}, offsets of {arrays['offsets'].dtype}")
        plain = {"vocabulary": int(arrays["vocabulary"]), "tokenizer": str(arrays["tokenizer"])}
        return Tokens(**{name: arrays[name] for name in (f.name for f in fields(Tokens))} | plain)
