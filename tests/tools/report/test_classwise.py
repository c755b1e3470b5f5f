"""Measures that count every label alike are scikit-learn's, and their intervals hold them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from stages.tools.report import classwise


@st.composite
def answered(draw: st.DrawFn) -> tuple[np.ndarray, list[np.ndarray], int]:
    """Labels, of each seed what is predicted, how many classes; each class is there."""
    classes = draw(st.integers(2, 5))
    label = st.integers(0, classes - 1)
    labels = [*range(classes), *draw(st.lists(label, max_size=30))]
    seeds = draw(st.integers(1, 3))
    predicted = [draw(st.lists(label, min_size=len(labels), max_size=len(labels))) for _ in range(seeds)]
    return np.array(labels), [np.array(some) for some in predicted], classes


@given(answered())
def test_macro_f1_and_balanced_accuracy_are_scikit_learns(
    case: tuple[np.ndarray, list[np.ndarray], int],
) -> None:
    labels, predicted, classes = case
    f1, balanced = classwise.averages(labels, predicted, classes)
    assert f1 == pytest.approx(
        np.mean([metrics.f1_score(labels, some, average="macro") for some in predicted])
    )
    expected = [metrics.balanced_accuracy_score(labels, some) for some in predicted]
    assert balanced == pytest.approx(np.mean(expected))
    each = classwise.of_each(labels, predicted, classes)
    assert each[:, 2].mean() == pytest.approx(f1) and each[:, 1].mean() == pytest.approx(balanced)
    assert each[:, 3].tolist() == np.bincount(labels).tolist()


def test_intervals_hold_the_measure_and_are_narrower_with_more_texts() -> None:
    random = np.random.default_rng(0)
    widths = []
    for texts in (60, 6000):
        labels = random.integers(0, 3, texts)
        predicted = [np.where(random.random(texts) < 0.8, labels, 0) for _ in range(3)]
        measures = classwise.averages(labels, predicted, 3)
        intervals = classwise.intervals(labels, predicted, 3)
        assert all(low < value < high for (low, high), value in zip(intervals, measures, strict=True))
        assert intervals == classwise.intervals(labels, predicted, 3)
        widths.append([high - low for low, high in intervals])
    assert all(few > 5 * many for few, many in zip(*widths, strict=True))


def test_where_all_is_right_nothing_is_uncertain() -> None:
    labels = np.array([0, 0, 0, 1])  # a draw may have no text of the second label
    assert classwise.intervals(labels, [labels], 2) == ((1, 1), (1, 1))


def test_seeds_that_differ_widen_the_intervals() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    alike, apart = (
        [np.where(random.random(600) < share, labels, 0) for share in shares]
        for shares in ([0.8, 0.8, 0.8], [0.7, 0.8, 0.9])
    )
    narrow, wide = (classwise.intervals(labels, predicted, 3) for predicted in (alike, apart))
    for (low, high), (lower, higher) in zip(narrow, wide, strict=True):
        assert higher - lower > 2 * (high - low)
