"""How good predictions are, from logits and labels."""

from collections.abc import Sequence

import numpy as np

GROUPS = 5  # of texts, of equal size: the accuracy of 5,000 reviews is known within 1 %
BINS = 15  # of the calibration error, as in Guo et al. 2017


def probabilities(logits: np.ndarray) -> np.ndarray:
    """float[texts, 1] (the second of two classes) or float[texts, classes] -> float64[texts, classes]."""
    logits = logits.astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def scores(probable: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, cross-entropy (nats), area under the ROC curve, F1, calibration error.

    probable: float64[texts, classes]; labels: int[texts]. With more than two classes, AUC is the
    mean of one class against the rest, and F1 the mean over classes.
    """
    from sklearn import metrics as sklearn_metrics  # a second; what predicts needs none of it

    predicted = probable.argmax(axis=1)
    two = probable.shape[1] == 2
    values = {
        "accuracy": sklearn_metrics.accuracy_score(labels, predicted),
        "loss": sklearn_metrics.log_loss(labels, probable, labels=range(probable.shape[1])),
        "auc": sklearn_metrics.roc_auc_score(labels, probable[:, 1] if two else probable, multi_class="ovr"),
        "f1": sklearn_metrics.f1_score(labels, predicted, average="binary" if two else "macro"),
        "ece": calibration_error(probable, labels),
    }
    return {name: round(float(value), 6) for name, value in values.items()}


def calibration_error(probable: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017): how far confidence is from accuracy, the mean
    over bins of equal width of the confidence, weighted by their texts."""
    confidence, right = probable.max(axis=1), probable.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == b] - confidence[bins == b]).sum())) for b in np.unique(bins)]
    return sum(gaps) / len(labels)


def confusion(probable: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Texts of each actual class (rows) and predicted class (columns), int64[classes, classes]."""
    from sklearn import metrics as sklearn_metrics

    counts: np.ndarray = sklearn_metrics.confusion_matrix(
        labels, probable.argmax(axis=1), labels=range(probable.shape[1])
    )
    return counts


def averaged(measured: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """The means of the same measures of several trainings, and their sample standard deviations (with
    n - 1; of a single training there are none)."""
    columns = {name: [one[name] for one in measured] for name in measured[0]}
    means = {name: round(float(np.mean(values)), 6) for name, values in columns.items()}
    if len(measured) < 2:
        return means, {}
    return means, {name: round(float(np.std(values, ddof=1)), 6) for name, values in columns.items()}


def slices(values: np.ndarray, right: np.ndarray) -> list[tuple[float, float, int, float]]:
    """Texts in groups of about equal size by a number of theirs, from low to high: the group's lowest and
    highest number, how many texts, the share of them that is right.

    values: float[texts]; right: float[texts] in [0, 1]. Equal numbers are in one group.
    """
    inner = np.unique(np.quantile(values, np.arange(1, GROUPS) / GROUPS))
    group = np.searchsorted(inner, values, side="left")
    return [
        (float(some.min()), float(some.max()), len(some), float(right[group == g].mean()))
        for g in np.unique(group)
        for some in [values[group == g]]
    ]
