"""Doubts about labelled texts: what looks like one label, what contradicts itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.artifacts.split import Split
from stages.texts import doubts


def test_labels_that_look_like_one_are_grouped_and_others_are_not() -> None:
    names = ["Spam", "spam", " spam", "1", "1.0", "01", "2", "nan", "None", "N/A", "a b", "a  b", "ham"]
    groups = [["Spam", "spam", " spam"], ["1", "1.0", "01"], ["nan", "None", "N/A"], ["a b", "a  b"]]
    assert doubts.alike(names) == groups
    assert doubts.alike(["negative", "positive", "10", "11"]) == []


def test_texts_with_several_labels_are_counted_once_each_and_over_both_splits() -> None:
    one = Split(["a", "b", "a", "c", "c", "c"], np.array([0, 0, 1, 1, 1, 0], np.int16), ["x", "y"])
    other = Split(["b", "d"], np.array([1, 0], np.int16), ["x", "y"])
    assert doubts.contradictory([one]) == 2
    assert doubts.contradictory([one, other]) == 3


LABELLED = st.lists(st.tuples(st.text("ab", max_size=2), st.integers(0, 2)), max_size=12)


@given(LABELLED, LABELLED, st.booleans())
def test_contradictions_are_those_of_a_count_text_by_text_whatever_texts_are_known_by(
    one: list[tuple[str, int]], other: list[tuple[str, int]], alike: bool
) -> None:
    labels: dict[str, set[int]] = {}
    for text, label in [*one, *other]:
        labels.setdefault(text, set()).add(label)
    splits = [
        Split([text for text, _ in rows], np.array([label for _, label in rows], np.int16), ["x", "y", "z"])
        for rows in (one, other)
    ]
    with pytest.MonkeyPatch.context() as patched:
        if alike:
            patched.setattr(doubts, "hashes", lambda texts: np.zeros(len(texts), np.int64))
        assert doubts.contradictory(splits) == sum(len(each) > 1 for each in labels.values())


def test_every_doubt_is_a_line_and_none_is_none() -> None:
    nothing = {"exact": {"train": 0, "test": 0, "between": 0}, "dropped": {"train": 0, "test": 0}}
    clean = {"alike": [], "contradictory": 0, "bad_rows": {"count": 0, "rows": []}, "duplicates": nothing}
    assert [*doubts.told("mine", clean)] == []
    some = {"exact": {"train": 3, "test": 2, "between": 1}, "dropped": {"train": 0, "test": 0}}
    facts = {
        "alike": [["Spam", "spam"]],
        "contradictory": 4,
        "bad_rows": {"count": 2, "rows": ["a.csv:3: empty text", "a.csv:9: empty text"]},
        "duplicates": some,
    }
    lines = [*doubts.told("mine", facts)]
    assert len(lines) == 4
    assert "'Spam', 'spam'" in lines[0] and "4 texts" in lines[1] and "a.csv:3" in lines[3]
    assert "3 texts of train and 2 of test" in lines[2] and "would drop them" in lines[2]
    kept = some | {"dropped": {"train": 4, "test": 2}}
    assert [*doubts.told("mine", facts | {"duplicates": kept})][2].endswith("dropped")
