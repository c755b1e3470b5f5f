"""A difference is called real where it is, and hardly ever where there is none."""

import numpy as np
import pytest
from scipy.stats import chi2

from stages.reporting import significance
from stages.reporting.comparison import Result
from tests.recipes import result

RANDOM = np.random.default_rng(0)


def packed(right: np.ndarray) -> list[str]:
    return [np.packbits(row).tobytes().hex() for row in right]


def recipe(name: str, right: np.ndarray) -> Result:
    """A recipe whose seeds have these texts right: bool[seeds, texts]."""
    texts = right.shape[1]
    return result(name, right=packed(right), confusion=[[texts, 0], [0, 0]])


def difference(ours: np.ndarray, theirs: np.ndarray) -> significance.Difference:
    return significance.differences([recipe("a", ours), recipe("b", theirs)])["a", "b"]


def bootstrap(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    tested = difference(ours, theirs)
    return tested.low, tested.high


def drawn(share: float, seeds: int, texts: int = 2000) -> np.ndarray:
    return RANDOM.random((seeds, texts)) < share


@pytest.mark.parametrize(("only_ours", "only_theirs"), [(30, 10), (5, 5), (0, 12), (60, 41)])
def test_mcnemar_s_p_is_close_to_that_of_its_chi_squared_form(only_ours: int, only_theirs: int) -> None:
    ours, theirs = np.ones(200, bool), np.ones(200, bool)
    theirs[:only_ours] = False
    ours[only_ours : only_ours + only_theirs] = False
    statistic = max(abs(only_ours - only_theirs) - 1, 0) ** 2 / (only_ours + only_theirs)  # Edwards 1948
    assert significance.mcnemar(ours, theirs) == pytest.approx(chi2.sf(statistic, 1), abs=0.02)
    assert significance.mcnemar(theirs, ours) == significance.mcnemar(ours, theirs)


def test_models_that_are_right_of_the_same_texts_do_not_differ() -> None:
    right = drawn(0.8, 1)
    assert significance.mcnemar(right[0], right[0]) == 1
    same = difference(right, right)
    assert same.mean == same.low == same.high == 0 and not same.real


def test_the_interval_of_single_seeds_is_that_of_paired_texts() -> None:
    ours, theirs = drawn(0.85, 1), drawn(0.8, 1)
    low, high = bootstrap(ours, theirs)
    differences = ours[0].astype(float) - theirs[0]
    half = 1.96 * differences.std() / np.sqrt(2000)
    assert (low, high) == pytest.approx((differences.mean() - half, differences.mean() + half), abs=0.003)


def test_seeds_that_differ_widen_it() -> None:
    ours = np.concatenate([drawn(0.7, 1), drawn(0.8, 1), drawn(0.9, 1)])
    theirs = drawn(0.8, 3)
    wide, narrow = bootstrap(ours, theirs), bootstrap(drawn(0.8, 3), theirs)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_texts_that_are_hard_for_both_do_not_widen_it() -> None:
    """The same texts are drawn for both: two models right of the same half differ by nothing."""
    hard = np.arange(2000) % 2 == 0
    ours, theirs = np.tile(hard, (2, 1)), np.tile(hard, (3, 1))
    assert bootstrap(ours, theirs) == pytest.approx((0, 0), abs=1e-9)


def test_where_there_is_no_difference_hardly_any_is_called_real() -> None:
    called = 0
    for _ in range(60):
        called += difference(drawn(0.8, 3, 500), drawn(0.8, 3, 500)).real
    assert called <= 4  # of 60, at 5 %


def test_a_difference_of_five_points_is_called_real_and_has_its_sign() -> None:
    better, worse = recipe("a", drawn(0.85, 3)), recipe("b", drawn(0.8, 3))
    tested = significance.differences([better, worse])
    ahead, behind = tested["a", "b"], tested["b", "a"]
    assert ahead.real and ahead.low > 0 and ahead.mean == pytest.approx(0.05, abs=0.03)
    assert (behind.mean, behind.low, behind.high) == pytest.approx((-ahead.mean, -ahead.high, -ahead.low))


def test_the_same_numbers_come_out_again() -> None:
    ours, theirs = drawn(0.85, 2), drawn(0.8, 2)
    assert bootstrap(ours, theirs) == bootstrap(ours, theirs)


def test_a_third_recipe_changes_nothing_between_two() -> None:
    two = [recipe("a", drawn(0.85, 2)), recipe("b", drawn(0.8, 3))]
    three = significance.differences([*two, recipe("c", drawn(0.7, 1))])
    assert three["a", "b"] == significance.differences(two)["a", "b"] and len(three) == 6
