"""What is said of a text is one line, whatever is in it, and names what is most probable first."""

import json

import numpy as np
import pytest
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
    plain, spelled = (
        answers.line(text, labels, shares, True, form, 0.0, 1, None, None) for form in (False, True)
    )
    answer = json.loads(spelled)
    assert len((plain + ".").splitlines()) == 1 and plain.count("\t") == 2
    assert answer["text"] == text and answer["label"] == labels[share < 0.5]
    assert plain[0] == answer["label"][0]


def test_the_words_that_decided_most_come_first_a_line_each() -> None:
    assert answers.strongest([("a", 0.5), ("b\n", -2.0)]) == ["-2.000\tb", "+0.500\ta"]
    assert len(answers.strongest([(str(i), 1.0) for i in range(9)])) == answers.STRONGEST


def test_a_word_that_is_there_several_times_has_one_line_and_one_that_adds_nothing_none() -> None:
    shares = [("the", 0.0), ("good", 0.25), ("film", -0.1), ("good", 0.5), ("the", 0.0004), ("good", 0.25)]
    assert answers.strongest(shares) == ["+1.000\tgood (3 times)", "-0.100\tfilm"]
    assert answers.strongest([("the", 0.0)] * 5) == ["+0.000\tthe (5 times)"]


def test_colours_mark_what_is_strong_and_text_can_t_move_the_cursor() -> None:
    text = answers.coloured([("good\x1b[2J", 2.0), ("film", 0.1), ("dull", -1.5)])
    assert text == f"{answers.FOR}good [2J{answers.PLAIN} film {answers.AGAINST}dull{answers.PLAIN}"


@pytest.mark.parametrize(
    ("terminal", "no_color", "colours"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_words_have_colours_on_a_terminal_unless_it_is_to_have_none(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, colours: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert (answers.FOR in "".join(answers.told([("good", 1.0)]))) is colours


def test_a_label_that_no_word_speaks_for_is_said_to_follow_from_its_frequency() -> None:
    assert answers.unsupported([("good", 0.1), ("film", -0.2)], exact=True) is None
    for shares in ([("good", -0.1), ("film", 0.0)], [("film", 0.0)]):
        assert "follows from how frequent it was" in (answers.unsupported(shares, exact=True) or "")
        assert answers.unsupported(shares, exact=False) == "no word alone speaks for this label"
