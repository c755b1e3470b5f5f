"""Scores say what was predicted: against other computations, and cases worked by hand."""

import math

import numpy as np
import pytest

from stages.evaluation import metrics


def random_case(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probable = rng.dirichlet(np.ones(classes), size=300)
    return probable, np.array([rng.choice(classes, p=row) for row in probable])


def area(ranked: np.ndarray, positive: np.ndarray) -> float:
    """The share of pairs of a positive and a negative text that are in the right order."""
    ahead = ranked[positive][:, None] - ranked[~positive][None, :]
    return float(((ahead > 0) + 0.5 * (ahead == 0)).mean())


def f1(predicted: np.ndarray, labels: np.ndarray, of: int) -> float:
    hits = int(((predicted == of) & (labels == of)).sum())
    return 2 * hits / int((predicted == of).sum() + (labels == of).sum())


def calibration(probable: np.ndarray, labels: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = [
            (row.max(), float(row.argmax() == label))
            for row, label in zip(probable, labels, strict=True)
            if b / bins <= row.max() < (b + 1) / bins or (b == bins - 1 and row.max() == 1)
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            total += len(inside) / len(labels) * abs(confidence - right)
    return total


def test_scores_of_a_case_worked_by_hand() -> None:
    probable = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    loss = -(math.log(0.9) + math.log(0.6) + math.log(0.2) + math.log(0.3)) / 4
    assert metrics.scores(probable, np.array([0, 1, 0, 1])) == pytest.approx(
        {"accuracy": 0.5, "loss": loss, "auc": 0.5, "f1": 0.5, "ece": 0.5}, abs=1e-6
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_an_independent_computation(seed: int, classes: int) -> None:
    probable, labels = random_case(seed, classes)
    predicted = probable.argmax(axis=1)
    each = range(classes)
    expected = {
        "accuracy": float(np.mean(predicted == labels)),
        "loss": -float(np.mean(np.log(probable[np.arange(len(labels)), labels]))),
        "auc": float(np.mean([area(probable[:, c], labels == c) for c in each])),
        "f1": f1(predicted, labels, 1)
        if classes == 2
        else sum(f1(predicted, labels, c) for c in each) / classes,
        "ece": calibration(probable, labels, metrics.BINS),
    }
    assert metrics.scores(probable, labels) == pytest.approx(expected, abs=2e-6)


def test_two_and_three_classes_have_the_same_scores() -> None:
    two, more = (set(metrics.scores(*random_case(1, classes))) for classes in (2, 3))
    assert two == more == {"accuracy", "loss", "auc", "f1", "ece"}


@pytest.mark.parametrize("classes", [2, 4])
def test_a_calibrated_model_has_no_calibration_error_and_a_sure_wrong_one_has_all(classes: int) -> None:
    rng = np.random.default_rng(0)
    probable = rng.dirichlet(np.ones(classes), size=100_000)
    labels = (rng.random(len(probable))[:, None] > probable.cumsum(axis=1)).sum(axis=1)
    assert metrics.calibration_error(probable, labels) < 0.01
    sure = np.eye(classes)[rng.integers(classes, size=50)]
    assert metrics.calibration_error(sure, (sure.argmax(axis=1) + 1) % classes) == pytest.approx(1)
    assert metrics.calibration_error(sure, sure.argmax(axis=1)) == 0


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    probable = np.array([[1.0, 0.0], [0.95, 0.05]])  # wrong, right: 1 of 2 where 1.95 of 2 was expected
    assert metrics.calibration_error(probable, np.array([1, 0])) == pytest.approx(0.95 / 2)


def test_one_logit_is_the_log_odds_of_the_second_class() -> None:
    probable = metrics.probabilities(np.array([[0.0], [math.log(3)], [-math.log(3)]], dtype=np.float32))
    assert probable == pytest.approx(np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]))


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_add_up_to_one_and_scores_stay_finite_for_extreme_logits(outputs: int) -> None:
    logits = np.random.default_rng(0).normal(size=(60, outputs)).astype(np.float32) * 1e4
    probable = metrics.probabilities(logits)
    assert probable.sum(axis=1) == pytest.approx(np.ones(60))
    labels = np.arange(60) % max(outputs, 2)
    assert all(map(math.isfinite, metrics.scores(probable, labels).values()))


def test_confusion_counts_actual_in_rows_and_predicted_in_columns() -> None:
    probable = np.eye(3)[[0, 1, 1, 0]]
    counts = metrics.confusion(probable, np.array([0, 0, 0, 1]))
    assert counts.tolist() == [[1, 2, 0], [1, 0, 0], [0, 0, 0]]  # a class that nobody has still has its place


def test_f1_of_two_classes_is_of_the_second() -> None:
    probable = np.array([[0.1, 0.9], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    assert metrics.scores(probable, np.array([1, 1, 0, 0]))["f1"] == pytest.approx(2 / 3, abs=1e-6)  # not 4/5


def test_the_calibration_error_of_bins_worked_by_hand() -> None:
    """Confidence 0.6 with 1 of 2 right, and 0.9 with 3 of 3: (2 * 0.1 + 3 * 0.1) / 5."""
    confidence = np.array([0.6, 0.6, 0.9, 0.9, 0.9])
    probable = np.stack([confidence, 1 - confidence], axis=1)
    assert metrics.calibration_error(probable, np.array([0, 1, 0, 0, 0])) == pytest.approx(0.1)


def test_means_have_the_sample_standard_deviation_beside_them_and_a_single_one_none() -> None:
    several = [{"accuracy": value} for value in (0.5, 0.7, 0.9)]
    assert metrics.averaged(several) == ({"accuracy": 0.7}, {"accuracy": 0.2})  # 0.163 with n
    assert metrics.averaged(several[:1]) == ({"accuracy": 0.5}, {})


def test_slices_are_of_equal_size_from_low_to_high() -> None:
    values, right = np.arange(10)[::-1].astype(float), (np.arange(10) < 5).astype(float)
    slices = metrics.slices(values, right)
    assert [(low, high, texts) for low, high, texts, _ in slices] == [(i, i + 1, 2) for i in range(0, 10, 2)]
    assert [accuracy for *_, accuracy in slices] == [0, 0, 0.5, 1, 1]


def test_equal_values_are_in_one_slice() -> None:
    assert metrics.slices(np.array([3.0] * 9 + [4.0]), np.ones(10)) == [(3, 3, 9, 1), (4, 4, 1, 1)]
    assert metrics.slices(np.array([3.0]), np.ones(1)) == [(3, 3, 1, 1)]
