"""A title above a table is told from a header and from a row."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stages.runtime.config import InputError
from stages.tools.fit import look
from tests.sources.tables import save, workbook
from tests.tools.fit.tickets import TICKETS, table

TITLE = "Support-Anfragen 2024, Export vom 3. Mai"
ROWS = [(i, text.replace(",", ""), label) for i, (text, label) in enumerate(TICKETS)]
HEADER = ("no", "said", "kind")


@pytest.mark.parametrize("above", [TITLE, f"{TITLE};;", f"\n{TITLE}", f"{TITLE};;\n;;"])
@pytest.mark.parametrize("header", [True, False])
def test_a_title_above_a_table_is_refused(tmp_path: Path, above: str, header: bool) -> None:
    if ";" in above and not header:
        return  # which may be a row that lacks values
    rows = [HEADER, *ROWS] if header else ROWS
    path = save(tmp_path / "a.csv", f"{above}\n{table([], rows, ';')}")
    with pytest.raises(InputError) as refused:
        look.look(path)
    line = 2 if above.startswith("\n") else 1
    assert str(refused.value).startswith(f"{path}:{line}: found {TITLE!r} alone above rows of several fields")
    assert str(refused.value).endswith(f"; line {line} looks like a title; delete it")


@pytest.mark.parametrize("below", [[], [[]], [["", None, ""]]])
def test_a_title_above_a_workbooks_table_is_refused(tmp_path: Path, below: list[list[str | None]]) -> None:
    path = save(tmp_path / "a.xlsx", workbook([[TITLE], *below, HEADER, *ROWS]))
    with pytest.raises(InputError, match=r"a\.xlsx:1: .*; line 1 looks like a title; delete it$"):
        look.look(path)
    assert len(look.look(save(path, workbook([HEADER, *ROWS]))).rows) == len(ROWS)
    one = look.look(save(path, workbook([[TITLE], *([text] for text, _ in TICKETS)])))
    with pytest.raises(InputError, match="found one column"):
        look.columns(one)


def test_a_workbook_without_a_header_loses_no_row(tmp_path: Path) -> None:
    bare = look.look(save(tmp_path / "a.xlsx", workbook(ROWS)))
    assert bare.how.columns == ("column 1", "column 2", "column 3") and bare.taken_for_headerless
    names = look.columns(bare)
    assert look.usable(bare.rows, names)[0] == [text for _, text, _ in ROWS]
    headed = look.look(save(tmp_path / "b.xlsx", workbook([HEADER, *ROWS])))
    assert headed.how.columns is None and len(headed.rows) == len(ROWS)


@pytest.mark.parametrize(
    "rows",
    [
        [("a text without a label", ""), *((text.replace(",", ""), label) for text, label in TICKETS)],
        [("text",), *TICKETS],
        [("said",), *((f"a text{', and more' * (i % 3)}",) for i in range(60))],
    ],
)
def test_a_row_that_lacks_a_value_and_a_header_of_one_column_are_no_titles(
    tmp_path: Path, rows: Sequence[Sequence[str]]
) -> None:
    path = save(tmp_path / "a.csv", table([], rows))
    try:
        look.look(path)
    except InputError as refused:
        assert "title" not in str(refused)


def test_a_first_row_with_the_columns_that_are_named_is_no_title(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", f"said,,\n{table([], [HEADER, *ROWS])}")
    assert look.look(path, ["said"]).rows
    with pytest.raises(InputError, match="line 1 looks like a title"):
        look.look(path)
