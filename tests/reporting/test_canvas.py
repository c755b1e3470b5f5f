"""A name has one look on every page, and no two of a figure have the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reporting.canvas import looks
from tests.recipes import STYLE

NAMES = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(-1, 45), max_size=60)


@given(NAMES)
def test_no_two_names_of_a_figure_look_alike(wanted: dict[str, int]) -> None:
    drawn = looks(STYLE, wanted)
    assert [*drawn] == [*wanted]
    assert len({(look["color"], look["marker"]) for look in drawn.values()}) == len(wanted)


@given(st.lists(st.integers(0, 9), unique=True), NAMES)
def test_the_first_ten_have_their_colour_whatever_is_beside_them(
    known: list[int], others: dict[str, int]
) -> None:
    known_ones = {f"known {place}": place for place in known}
    later = {name: place for name, place in others.items() if not 0 <= place < 10}
    alone = [looks(STYLE, {name: place})[name] for name, place in known_ones.items()]
    for wanted in (known_ones | later, later | known_ones):
        drawn = looks(STYLE, wanted)
        assert [drawn[name] for name in known_ones] == alone


@pytest.mark.parametrize("count", [1, 10, 60])
def test_colours_are_given_before_they_repeat(count: int) -> None:
    drawn = looks(STYLE, {str(i): -1 for i in range(count)})
    assert len({look["color"] for look in drawn.values()}) == min(count, 10)
