"""Tables hold any cell."""

import csv
import io
import re

import pytest

from stages.lib.tables import csv_text, escape, markdown


@pytest.mark.parametrize("cell", ["a|b", "a\nb", "|", "a\r\n|b", " x ", "||", "a\u2028b", "a\tb"])
def test_no_cell_ends_its_cell_or_its_row(cell: str) -> None:
    table = markdown(["name", "number"], [[cell, 1], ["next", 2]])
    assert len(table.splitlines()) == 4
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table.splitlines())
    assert escape(cell).replace("\\|", "|").split() == cell.split()


def test_a_markdown_table_has_a_rule_that_aligns_numbers_right() -> None:
    expected = "| name | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2.5 |\n"
    assert markdown(["name", "a", "b"], [["x", 1, 2.5]]) == expected
    left = expected.replace("---: | ---: |", "--- | ---: |")
    assert markdown(["name", "a", "b"], [["x", 1, 2.5]], texts=["a"]) == left


def test_a_csv_table_gives_back_any_cell() -> None:
    rows = [['a "b", c', "two\nlines"], ["", "ü|"]]
    assert list(csv.reader(io.StringIO(csv_text(["x", "y"], rows)))) == [["x", "y"], *rows]
    assert csv_text(["x", "y"], [[1, "a"]]) == "x,y\n1,a\n"  # on every system
