"""Doubts about labelled texts: what looks like one label, what contradicts itself."""

import numpy as np

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
