"""How good predictions are for every class alike, however many texts it has."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t
from sklearn import metrics

Interval = tuple[float, float]
DRAWS = 1000  # of the bootstrap


def averages(labels: np.ndarray, predicted: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Macro-F1 and balanced accuracy, float64[2]: the means over the seeds.

    labels: int[texts]; predicted: of each seed's model int[texts].
    """
    return np.asarray(np.mean([_averages(_counts(labels, some, classes)) for some in predicted], axis=0))


def intervals(
    labels: np.ndarray, predicted: Sequence[np.ndarray], classes: int, seed: int = 0
) -> tuple[Interval, Interval]:
    """The 95 % intervals of both, for other texts and other seeds: the halves of a bootstrap's over the texts
    (Efron 1979) and of Student's of the seeds' mean are added by their squares, as an accuracy's are. Of a
    single seed they are for other texts only."""
    random = np.random.default_rng(seed)
    cells = [labels.astype(np.int64) * classes + of_seed for of_seed in predicted]
    drawn = np.zeros((DRAWS, 2))
    for i in range(DRAWS):
        weights = np.bincount(random.integers(0, len(labels), len(labels)), minlength=len(labels))
        counts = [np.bincount(own, weights, classes**2).reshape(classes, classes) for own in cells]
        drawn[i] = np.mean([*map(_averages, counts)], axis=0)
    seeds = np.array([_averages(_counts(labels, own, classes)) for own in predicted])
    bounds = zip(
        seeds.mean(axis=0), *np.quantile(drawn, [0.025, 0.975], axis=0), _of_seeds(seeds), strict=True
    )
    f1, balanced = (
        (
            max(float(mean - np.hypot(max(mean - low, 0), half)), 0.0),
            min(float(mean + np.hypot(max(high - mean, 0), half)), 1.0),
        )
        for mean, low, high, half in bounds
    )
    return f1, balanced


def _of_seeds(measures: np.ndarray) -> np.ndarray:
    """Half the width of Student's 95 % interval of their mean, float64[2]; of a single seed 0.

    measures: float64[seeds, 2].
    """
    seeds = len(measures)
    if seeds == 1:
        return np.zeros(2)
    halves: np.ndarray = t.ppf(0.975, seeds - 1) * measures.std(axis=0, ddof=1) / np.sqrt(seeds)
    return halves


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
