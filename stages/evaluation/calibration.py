"""Probabilities that mean what they say: temperature scaling (Guo et al. 2017), and what it is worth."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from stages.evaluation.metrics import BINS, probabilities

COOLEST, HOTTEST = 0.05, 20.0
COVERED = np.arange(1, 21) / 20  # shares of the texts that are answered


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What to divide logits by so that the cross-entropy of the texts is lowest; of texts that were held out.
    1 if all of them are right: then the lowest would be the best, and a few texts would make a model certain.

    logits: float[texts, outputs]; labels: int[texts].
    """
    rows = np.arange(len(labels))
    if (probabilities(logits).argmax(axis=1) == labels).all():
        return 1.0

    def loss(logarithm: float) -> float:
        shares = probabilities(logits / np.exp(logarithm))[rows, labels]
        return float(-np.log(np.maximum(shares, 1e-300)).mean())

    lowest = minimize_scalar(loss, bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded")
    return round(float(np.exp(lowest.x)), 4)


def reliability(probable: Sequence[np.ndarray], labels: np.ndarray) -> list[list[float]]:
    """For each bin of the confidence that has texts: their mean confidence, the share of them that is right,
    how many there are; over all seeds.

    probable: for each seed float64[texts, classes]; labels: int[texts].
    """
    confidence = np.concatenate([shares.max(axis=1) for shares in probable])
    right = np.concatenate([shares.argmax(axis=1) == labels for shares in probable])
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    groups = [bins == b for b in np.unique(bins)]
    return [
        [round(float(confidence[some].mean()), 6), round(float(right[some].mean()), 6), int(some.sum())]
        for some in groups
    ]


def coverage(probable: Sequence[np.ndarray], labels: np.ndarray) -> list[list[float]]:
    """What abstaining brings: for shares of the texts, the most certain ones first, the lowest confidence
    among them, and the accuracy; the means over the seeds.

    probable, labels: as for `reliability`.
    """
    rows = []
    for shares in probable:
        order = np.argsort(-shares.max(axis=1), kind="stable")
        confidence, right = shares.max(axis=1)[order], (shares.argmax(axis=1) == labels)[order]
        counts = np.maximum(np.round(COVERED * len(labels)).astype(int), 1)
        rows.append(np.stack([confidence[counts - 1], np.cumsum(right)[counts - 1] / counts], axis=1))
    means = np.mean(rows, axis=0)
    return [[float(share), *map(float, row)] for share, row in zip(COVERED, means.round(6), strict=True)]
