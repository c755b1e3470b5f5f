"""params.yaml edited at random is accepted, and can be derived again, or is refused in one line."""

import copy
import datetime
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stages.runtime.config import InputError
from stages.study.grids import derive
from stages.study.schema import check
from tests.study.small import Params

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70_000),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from([10**30, datetime.date(2020, 1, 1), "\ud800", "a\nb", "\x85", "../x", "0o7", "test"]),
)
KEYS = st.one_of(st.text(max_size=9), st.sampled_from(["kind", "zz", "vary", "path", "cells", "lstm"]))
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in nested mappings and lists."""
    items: Any = []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(params: Params, path: tuple[Any, ...]) -> Any:
    inside: Any = params
    for step in path:
        inside = inside[step]
    return inside


def accepted(params: Params) -> bool:
    """Whether parameters are accepted; if not, they have to be refused in one line."""
    try:
        check(params)
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1
        return False
    return True


@settings(max_examples=120)
@given(data=st.data())
def test_edited_parameters_are_accepted_and_can_be_derived_or_refused_in_one_line(
    params: Params, data: st.DataObject
) -> None:
    edited = copy.deepcopy(params)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(list(places(edited))))
        inside = at(edited, tuple(above))
        match data.draw(st.sampled_from(["set", "borrow", "drop", "add", "rename"])):
            case "set":
                inside[last] = data.draw(JUNK)
            case "borrow":  # what is right elsewhere
                inside[last] = copy.deepcopy(at(params, data.draw(st.sampled_from(list(places(params))))))
            case "drop":
                del inside[last]
            case "add" if isinstance(inside, dict):
                inside[data.draw(KEYS)] = data.draw(JUNK)
            case _ if isinstance(inside, dict):
                inside[data.draw(KEYS)] = inside.pop(last)
    if data.draw(st.booleans()):
        edited |= derive(edited)
    if accepted(edited):
        derive(edited)


def test_any_value_removed_is_accepted_or_refused_in_one_line(params: Params) -> None:
    for path in places(params):
        edited = copy.deepcopy(params)
        del at(edited, path[:-1])[path[-1]]
        accepted(edited)
