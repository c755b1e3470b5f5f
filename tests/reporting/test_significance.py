"""A difference is called real where it is, and hardly ever where there is none."""

import numpy as np
import pytest
from scipy.stats import chi2, ttest_ind

from stages.reporting import significance
from stages.reporting.comparison import Result
from stages.reporting.difference import Difference
from tests.recipes import result

RANDOM = np.random.default_rng(0)


def packed(right: np.ndarray) -> list[str]:
    return [np.packbits(row).tobytes().hex() for row in right]


def recipe(name: str, right: np.ndarray) -> Result:
    """A recipe whose seeds have these texts right: bool[seeds, texts]."""
    texts = right.shape[1]
    return result(name, right=packed(right), confusion=[[texts, 0], [0, 0]])


def difference(ours: np.ndarray, theirs: np.ndarray) -> Difference:
    return significance.differences([recipe("a", ours), recipe("b", theirs)])["a", "b"]


def interval(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
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
    low, high = interval(ours, theirs)
    differences = ours[0].astype(float) - theirs[0]
    half = 1.96 * differences.std() / np.sqrt(2000)
    assert (low, high) == pytest.approx((differences.mean() - half, differences.mean() + half), abs=0.003)


def test_seeds_that_differ_widen_it() -> None:
    ours = np.concatenate([drawn(0.7, 1), drawn(0.8, 1), drawn(0.9, 1)])
    theirs = drawn(0.8, 3)
    wide, narrow = interval(ours, theirs), interval(drawn(0.8, 3), theirs)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_texts_that_are_hard_for_both_do_not_widen_it() -> None:
    """The same texts are drawn for both: two models right of the same half differ by nothing."""
    hard = np.arange(2000) % 2 == 0
    ours, theirs = np.tile(hard, (2, 1)), np.tile(hard, (3, 1))
    assert interval(ours, theirs) == pytest.approx((0, 0), abs=1e-9)


def test_of_very_many_texts_it_is_welch_s() -> None:
    ours, theirs = (
        np.concatenate([drawn(share, 1, 400_000) for share in shares])
        for shares in ([0.80, 0.81, 0.83], [0.80, 0.82, 0.83, 0.86])
    )
    welch = ttest_ind(ours.mean(axis=1), theirs.mean(axis=1), equal_var=False).confidence_interval(0.95)
    assert interval(ours, theirs) == pytest.approx((welch.low, welch.high), abs=0.001)


def test_a_single_seed_beside_several_adds_no_degree_of_freedom() -> None:
    """Of very many texts the interval is that of Student's test of two samples that vary alike."""
    one, several = (
        np.concatenate([drawn(share, 1, 400_000) for share in shares])
        for shares in ([0.82], [0.80, 0.82, 0.83])
    )
    for ours, theirs in ((one, several), (several, one)):
        pooled = ttest_ind(ours.mean(axis=1), theirs.mean(axis=1), equal_var=True).confidence_interval(0.95)
        assert interval(ours, theirs) == pytest.approx((pooled.low, pooled.high), abs=0.001)


@pytest.mark.parametrize("counts", [(3, 3), (1, 3)])
def test_equal_recipes_whose_seeds_differ_much_rarely_seem_to_differ(counts: tuple[int, int]) -> None:
    """A bootstrap over texts and seeds calls two to three times as many different."""
    random = np.random.default_rng(1)
    called = 0
    for _ in range(200):
        ours, theirs = (
            random.random((seeds, 5000)) < random.normal(0.8, 0.02, seeds)[:, None] for seeds in counts
        )
        low, high = interval(ours, theirs)
        called += not low <= 0 <= high
    assert called <= 18  # of 200: at 5 %, 18 or fewer with a probability of 99.5 %


def test_an_interval_of_two_seeds_ends_where_accuracies_do() -> None:
    ours, theirs = (np.concatenate([drawn(share, 1, 100) for share in (0.1, 0.9)]) for _ in "ab")
    assert interval(ours, theirs) == (-1, 1)


def test_where_nothing_varies_the_difference_is_all_that_there_is() -> None:
    tested = difference(np.ones((3, 50), bool), np.zeros((3, 50), bool))
    assert (tested.mean, tested.low, tested.high) == (1, 1, 1) and tested.real


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
