"""A linear model on n-grams or words, with NumPy alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Model:
    """facts: what facts.json says; `pad` tells which texts are cut."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            self._scale, self._columns = arrays["scale"], arrays["weights"].T.astype(np.float64)
            self._bias, self._parts = arrays["bias"], arrays["parts"]
        most, last = facts["pad"].get("length"), facts["pad"].get("truncate") == "pre"
        self._kept = slice(-most, None) if most and last else slice(most)  # of a text's ids

    def logits(self, coded: Sequence[np.ndarray]) -> np.ndarray:
        """float64[texts, outputs]: of what each id weighs, each part of a text's brought to length 1.

        coded: the ids of each text, int32[tokens].
        """
        kept = [each[self._kept] for each in coded]
        ids = np.concatenate(kept).astype(np.int64)
        rows = np.repeat(np.arange(len(coded), dtype=np.int64), [len(each) for each in kept])
        known = ids > 1  # after padding and unknown words
        pairs, counts = np.unique(rows[known] << 32 | ids[known], return_counts=True)
        row, number = pairs >> 32, pairs & 0xFFFFFFFF
        values = counts * self._scale[number].astype(np.float64)
        parts = len(self._parts) + 1
        group = row * parts + np.searchsorted(self._parts, number, side="right")
        norms = np.sqrt(np.bincount(group, weights=values**2, minlength=len(coded) * parts))
        values /= np.maximum(norms, 1e-30)[group]
        sums = [
            np.bincount(row, weights=values * column[number], minlength=len(coded))
            for column in self._columns
        ]
        logits: np.ndarray = np.stack(sums, axis=1) + self._bias
        return logits
