"""Probabilities are made to mean what they say by one number, which is best for the texts it is fitted to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evaluation import calibration
from stages.evaluation.metrics import calibration_error, probabilities, scores

RANDOM = np.random.default_rng(0)
HONEST = RANDOM.normal(scale=2, size=(20_000, 3))
BOUNDS = calibration.COOLEST, calibration.HOTTEST
LABELS = np.array([RANDOM.choice(3, p=shares) for shares in probabilities(HONEST)])


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_it_undoes_what_logits_of_honest_probabilities_were_multiplied_with(factor: float) -> None:
    assert calibration.temperature(HONEST * factor, LABELS) == pytest.approx(factor, rel=0.03)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 4]))
def test_no_other_temperature_has_a_lower_loss_and_no_label_changes(seed: int, outputs: int) -> None:
    random = np.random.default_rng(seed)
    logits, labels = random.normal(size=(40, outputs)), random.integers(0, max(outputs, 2), 40)
    temperature = calibration.temperature(logits, labels)
    losses = [
        -np.log(probabilities(logits / degree)[np.arange(40), labels]).mean()
        for degree in (temperature, *np.clip([temperature * 1.02, temperature * 0.98, 0, 99], *BOUNDS))
    ]
    assert losses[0] <= min(losses) + 1e-6
    before, after = probabilities(logits), probabilities(logits / temperature)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))


@pytest.mark.parametrize("texts", [1, 1000])
def test_where_all_are_right_it_is_1_and_where_one_is_wrong_within_bounds(texts: int) -> None:
    """Few texts, all right, are no reason to be certain."""
    logits = np.tile([[3.0], [-3.0]], (texts, 1))
    labels = np.tile([1, 0], texts)
    assert calibration.temperature(logits, labels) == 1
    labels[0] = 0
    degree = calibration.temperature(logits, labels)
    assert calibration.COOLEST <= degree <= calibration.HOTTEST and degree != 1


def test_reliability_has_every_text_of_every_seed_and_gives_the_calibration_error() -> None:
    shares = [probabilities(HONEST[:500]), probabilities(HONEST[500:1000] * 3)]
    bins = calibration.reliability(shares, LABELS[:500])
    assert sum(count for *_, count in bins) == 1000
    error = sum(abs(confidence - right) * count for confidence, right, count in bins) / 1000
    both, labels = np.concatenate(shares), np.concatenate([LABELS[:500]] * 2)
    assert error == pytest.approx(calibration_error(both, labels), abs=1e-5)


def test_the_most_certain_texts_are_answered_first_and_at_last_all() -> None:
    shares = probabilities(HONEST)
    rows = calibration.coverage([shares, shares], LABELS)
    covered, confidence, right = (np.array(column) for column in zip(*rows, strict=True))
    assert covered[-1] == 1 and len(covered) == 20
    assert right[-1] == pytest.approx(scores(shares, LABELS)["accuracy"], abs=1e-6)
    assert confidence[-1] == pytest.approx(shares.max(axis=1).min(), abs=1e-6)
    assert (np.diff(confidence) <= 0).all() and (np.diff(right) < 0).all()  # of honest probabilities
    certain = np.sort(shares.max(axis=1))[-1000:]
    assert confidence[0] == pytest.approx(certain[0], abs=1e-6)


def test_one_text_is_covered_by_itself() -> None:
    rows = calibration.coverage([np.array([[0.2, 0.8]])], np.array([0]))
    assert {tuple(row[1:]) for row in rows} == {(0.8, 0.0)}
