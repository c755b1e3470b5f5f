"""Tables in Markdown hold any cell, and texts of the user's stay texts."""

import re

import pytest

from stages.reporting.markdown import markdown, one_line, plain
from tests.project import LABELS, MARKUP


@pytest.mark.parametrize("cell", ["a|b", "a\nb", "|", "a\r\n|b", " x ", "||", "a\u2028b", "a\tb", r"a\|b"])
def test_no_cell_ends_its_cell_or_its_row(cell: str) -> None:
    table = markdown(["name", "number"], [[cell, 1], ["next", 2]])
    assert len(table.splitlines()) == 4
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table.splitlines())


def test_a_table_has_a_rule_that_aligns_numbers_right() -> None:
    expected = "| name | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2.5 |\n"
    assert markdown(["name", "a", "b"], [["x", 1, 2.5]]) == expected
    left = expected.replace("---: | ---: |", "--- | ---: |")
    assert markdown(["name", "a", "b"], [["x", 1, 2.5]], texts=["a"]) == left


@pytest.mark.parametrize(
    "text", [MARKUP, *LABELS, "# no title", "[no](link)", "![no](image)", "a\n\n- b", "~~x~~"]
)
def test_a_text_is_one_line_without_markup(text: str) -> None:
    escaped = plain(text)
    assert len(escaped.splitlines()) == 1 and "<" not in escaped
    assert not re.search(r"(?<!\\)[*_`|#\[\]$~!]", escaped)


def test_a_text_without_markup_stays_what_it_is() -> None:
    assert plain('80 % of "them" isn\'t <enough>') == '80 % of "them" isn\'t &lt;enough&gt;'
    assert one_line(" a\tb\r\n c ") == "a b c"


def test_a_text_in_a_cell_is_not_escaped_twice() -> None:
    assert markdown(["text"], [[plain("a|b")]]).splitlines()[2] == r"| a\|b |"
