"""Numbers are spelled as people read them."""

import pytest

from stages.runtime import wording


@pytest.mark.parametrize(
    ("share", "percent"), [(0.9217, "92.2 %"), (-0.0451, "-4.5 %"), (0.0, "0.0 %"), (1.0, "100.0 %")]
)
def test_shares_are_percentages_with_one_decimal(share: float, percent: str) -> None:
    assert wording.percent(share) == percent


def test_one_thing_is_singular_and_thousands_have_a_comma() -> None:
    assert [wording.counted(number, "text") for number in (0, 1, 2000)] == [
        "0 texts",
        "1 text",
        "2,000 texts",
    ]


@pytest.mark.parametrize(
    ("low", "high", "group"),
    [(0, 0, "0"), (58.8235, 62.8931, "58.8 to 62.9"), (15, 33, "15 to 33"), (999, 2332, "999 to 2,332")],
)
def test_groups_are_named_by_their_ends(low: float, high: float, group: str) -> None:
    assert wording.between(low, high) == group


def test_no_probability_is_shown_as_certain_and_no_difference_as_less_than_none() -> None:
    assert [wording.points(share) for share in (-0.0, 0.0004, -0.012)] == ["+0.0", "+0.0", "-1.2"]
    assert [wording.likely(p) for p in (1.0, 0.9994, 0.5, 0.0)] == ["> 0.999", "0.999", "0.500", "< 0.001"]


def test_times_are_short() -> None:
    assert [wording.clock(seconds) for seconds in (0.4, 59, 61, 3599, 7500)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 0 min",
        "2 h 5 min",
    ]
