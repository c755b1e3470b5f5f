"""A number on the command line is within its bounds, or refused in one line that names them."""

import argparse
from collections.abc import Callable

import pytest

from stages.tools.answering.options import count, number, share, whole


@pytest.mark.parametrize(
    ("read", "texts"),
    [(share, ["0", "1", "0.9"]), (number(0, 86_400), ["2.5", "86400"]), (count, ["1", "10000000"])],
)
def test_what_is_within_the_bounds_is_read(read: Callable[[str], float], texts: list[str]) -> None:
    assert [read(text) for text in texts] == [float(text) for text in texts]


@pytest.mark.parametrize(
    ("read", "texts", "allowed"),
    [
        (share, ["1.1", "-0.1", "nan", "high", ""], "a number from 0 to 1"),
        (number(0, 86_400), ["86401", "inf"], "a number from 0 to 86400"),
        (count, ["0", "-1", "1.5", "many", ""], "a whole number from 1"),
        (whole(0, 65_535), ["65536", "-1"], "a whole number from 0 to 65535"),
    ],
)
def test_what_is_beyond_them_is_refused_with_them(
    read: Callable[[str], float], texts: list[str], allowed: str
) -> None:
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError, match=f"^found '{text}', allowed: {allowed}$"):
            read(text)
