"""Cutting a split in two so that both parts have the same share of every label."""

import numpy as np


def stratified(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Which rows are held out: bool[rows], `fraction` of each label's rows (at least one), drawn by `seed`.

    labels: int[rows].
    """
    held = np.zeros(len(labels), dtype=bool)
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        held[random.permutation(rows)[: max(1, round(fraction * len(rows)))]] = True
    return held
