"""A recipe's key in words keeps what has no name, and takes the longest parts that have one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.study.naming import human

NAMES = {"lstm": "LSTM", "lstm-stacked": "two LSTMs", "nb-svm": "NB-SVM", "stacked-small": "wrong"}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lstm", "LSTM"),
        ("lstm-stacked", "two LSTMs"),
        ("lstm-stacked-small", "two LSTMs small"),
        ("my-nb-svm-2", "my NB-SVM 2"),
        ("nb", "nb"),
        ("lstms", "lstms"),
    ],
)
def test_the_longest_parts_that_have_a_name_go_first(key: str, name: str) -> None:
    assert human(key, NAMES) == name


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True))
def test_without_names_the_words_stay(key: str) -> None:
    assert human(key, {}).split(" ") == key.split("-")
