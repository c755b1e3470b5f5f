"""What is said of a text is one line, whatever is in it, and names what is most probable first."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.tools.answering import answers


@given(st.text())
def test_one_line_is_the_printable_words_of_a_text_with_single_spaces(text: str) -> None:
    printable = "".join(c if c.isprintable() else " " for c in text)
    assert answers.one_line(text) == " ".join(printable.split())


@given(st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.6]), min_size=1, max_size=9), st.integers(1, 4))
def test_the_most_probable_labels_come_first_equal_ones_in_their_order(shares: list[float], top: int) -> None:
    labels = [str(i) for i in range(len(shares))]
    order = np.argsort(-np.array(shares), kind="stable")[:top]
    expected = [(labels[i], shares[i]) for i in order]
    assert answers.ranked(labels, np.array(shares), 0.0, top) == expected


@given(st.text(), st.text(), st.floats(0, 1))
def test_a_text_is_one_line_whatever_is_in_it_and_in_its_label(text: str, label: str, share: float) -> None:
    shares, labels = np.array([share, 1 - share]), [f"a {label}", f"b {label}"]
    plain = answers.line(text, labels, shares, as_json=False)
    answer = json.loads(answers.line(text, labels, shares, as_json=True))
    assert len((plain + ".").splitlines()) == 1 and plain.count("\t") == 2
    assert answer["text"] == text and answer["label"] == labels[share < 0.5]
    assert plain[0] == answer["label"][0]


def test_the_words_that_decided_most_come_first_a_line_each() -> None:
    assert answers.strongest([("a", 0.5), ("b\n", -2.0)]) == ["-2.000\tb", "+0.500\ta"]
    assert len(answers.strongest([("a", 1.0)] * 9)) == answers.STRONGEST
