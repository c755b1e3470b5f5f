"""Workbooks and Parquet as other programs write them, or damage them."""

import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from stages.sources import files
from tests.sources.tables import FILMS, content, everything, line, save, source, workbook


@pytest.mark.parametrize("ref", ["A1:B3", "A1", "A1:B1048576"])
def test_all_rows_of_a_workbook_are_read_whatever_it_says_of_its_size(tmp_path: Path, ref: str) -> None:
    mine = edited(tmp_path / "mine.xlsx", rb'dimension ref="[^"]+"', f'dimension ref="{ref}"'.encode())
    assert sorted(everything(files.load(source(mine)))) == sorted(FILMS)


def test_a_row_that_no_sheet_can_have_is_refused_at_once(tmp_path: Path) -> None:
    """What is missing before it would fill the memory."""
    mine = edited(tmp_path / "mine.xlsx", rb'<row r="3"', b'<row r="9999999999"')
    assert "a row has a number above 1,048,576, the last of a sheet" in line(source(mine))


def edited(path: Path, pattern: bytes, replacement: bytes) -> Path:
    """A workbook whose sheet's XML is edited."""
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(workbook([("text", "label"), *FILMS]))) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    parts[sheet], times = re.subn(pattern, replacement, parts[sheet])
    assert times == 1
    with zipfile.ZipFile(path, "w") as changed:
        for name, part in parts.items():
            changed.writestr(name, part)
    return path


@pytest.mark.parametrize("values", [[b"\xff\xfe"], [99_999_999]])
def test_parquet_whose_values_are_not_what_it_says_is_refused(tmp_path: Path, values: list[Any]) -> None:
    column = pyarrow.array(values, pyarrow.binary() if isinstance(values[0], bytes) else pyarrow.int32())
    odd = column.view(pyarrow.string() if isinstance(values[0], bytes) else pyarrow.date32())
    table = pyarrow.table([["a"], ["b"], odd], names=["text", "label", "more"])
    pyarrow.parquet.write_table(table, tmp_path / "mine.parquet")
    assert "mine.parquet: can't be read as Parquet: " in line(source(tmp_path / "mine.parquet"))


def test_parquet_may_be_packed_and_has_a_column_once(tmp_path: Path) -> None:
    packed = save(tmp_path / "mine.parquet.gz", gzip.compress(bytes(content(FILMS, ".parquet"))))  # type: ignore[arg-type]
    assert sorted(everything(files.load(source(packed)))) == sorted(FILMS)
    twice = pyarrow.table([["a"], ["b"], ["c"]], names=["text", "label", "text"])
    pyarrow.parquet.write_table(twice, tmp_path / "mine.parquet")
    assert "mine.parquet: two columns 'text'; rename one" in line(source(tmp_path / "mine.parquet"))
