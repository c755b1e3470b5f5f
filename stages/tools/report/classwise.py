"""How good predictions are for every class alike, however many texts it has."""

from collections.abc import Sequence

import numpy as np
from sklearn import metrics

from stages.reporting.significance import DRAWS

Interval = tuple[float, float]


def averages(labels: np.ndarray, predicted: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Macro-F1 and balanced accuracy, float64[2]: the means over the seeds.

    labels: int[texts]; predicted: of each seed's model int[texts].
    """
    return np.asarray(np.mean([_averages(_counts(labels, some, classes)) for some in predicted], axis=0))


def intervals(
    labels: np.ndarray, predicted: Sequence[np.ndarray], classes: int, seed: int = 0
) -> tuple[Interval, Interval]:
    """The 95 % intervals of both, texts and seeds drawn anew (Efron 1979)."""
    random = np.random.default_rng(seed)
    cells = [labels.astype(np.int64) * classes + of_seed for of_seed in predicted]
    drawn = np.zeros((DRAWS, 2))
    for i in range(DRAWS):
        weights = np.bincount(random.integers(0, len(labels), len(labels)), minlength=len(labels))
        measures = [
            _averages(np.bincount(of_seed, weights, classes**2).reshape(classes, classes))
            for of_seed in cells
        ]
        drawn[i] = np.mean([measures[j] for j in random.integers(0, len(cells), len(cells))], axis=0)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def of_each(labels: np.ndarray, predicted: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """float64[classes, 4]: precision, recall, F1, the means over the seeds; and how many texts have the
    label. The precision of a label that is never predicted is 0."""
    measures = [
        metrics.precision_recall_fscore_support(labels, some, labels=[*range(classes)], zero_division=0.0)
        for some in predicted
    ]
    return np.asarray(np.mean(measures, axis=0).T)


def _counts(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    counts: np.ndarray = metrics.confusion_matrix(labels, predicted, labels=[*range(classes)])
    return counts


def _averages(counts: np.ndarray) -> np.ndarray:
    """Macro-F1 and balanced accuracy of float[classes, classes], texts of each label (rows) taken for each. A
    label that a draw has no text of, and that is never predicted in it, counts for neither."""
    right, actual, taken = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    there, known = actual + taken > 0, actual > 0
    f1 = 2 * right[there] / (actual + taken)[there]
    return np.array([f1.mean(), (right[known] / actual[known]).mean()])
