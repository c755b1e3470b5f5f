"""A recipe's cells in words keep what has no name, and the longest runs of them that have one take it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.study.naming import human

NAMES = {"lstm": "LSTM", "lstm-stacked": "two LSTMs", "nb-svm": "NB-SVM", "stacked-small": "wrong"}


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["lstm"], "LSTM"),
        (["lstm-stacked"], "two LSTMs"),
        (["lstm", "stacked"], "two LSTMs"),
        (["lstm", "stacked", "small"], "two LSTMs small"),
        (["my", "nb-svm", "2"], "my NB-SVM 2"),
        (["my", "nb", "svm", "2"], "my NB-SVM 2"),
        (["nb"], "nb"),
        (["lstms"], "lstms"),
    ],
)
def test_the_longest_runs_of_cells_that_have_a_name_go_first(cells: list[str], name: str) -> None:
    assert human(cells, NAMES) == name


@pytest.mark.parametrize("cell", ["residual-lstm", "lstm-residual", "my-nb-svm"])
def test_a_part_of_a_cell_is_not_taken_for_what_has_its_name(cell: str) -> None:
    assert human([cell], NAMES) == cell.replace("-", " ")


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True))
def test_without_names_the_words_stay(key: str) -> None:
    assert human([key], {}).split(" ") == key.split("-")
    assert human(key.split("-"), {}).split(" ") == key.split("-")
