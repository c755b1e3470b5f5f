"""`explain` shows on a terminal which words decided."""

from stages.tools import explain


def test_colours_mark_what_is_strong_and_text_can_t_move_the_cursor() -> None:
    text = explain.coloured([("good\x1b[2J", 2.0), ("film", 0.1), ("dull", -1.5)])
    assert text == f"{explain.FOR}good [2J{explain.PLAIN} film {explain.AGAINST}dull{explain.PLAIN}"
