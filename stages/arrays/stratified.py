"""Cutting a split in two so that both parts have the same share of every label."""

import numpy as np


def stratified(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Which rows are held out: bool[rows], `fraction` of each label's rows, drawn by `seed`;
    at least one, and of more than one not all.

    labels: int[rows].
    """
    held = np.zeros(len(labels), dtype=bool)
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = max(1, min(round(fraction * len(rows)), len(rows) - 1))
        held[random.permutation(rows)[:count]] = True
    return held
