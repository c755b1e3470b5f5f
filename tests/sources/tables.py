"""Tables as a user might supply them, and what is loaded from them."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from stages.artifacts.split import Split
from stages.runtime.config import InputError, read
from stages.sources import files
from stages.sources.files import Source

Rows = list[tuple[str, str]]

FILMS: Rows = [(f"film {i}", "good" if i % 3 else "bad") for i in range(12)]
NEWS: Rows = [(f"story {i}", ["world", "arts", "sport"][i % 3]) for i in range(30)]
ODD: Rows = [
    ('quoted "words", and commas', "a"),
    ("two\nlines", "b"),
    ("tab\tand ünïcode 🎬", "a"),
    (" spaces around ", "b"),
    ("'single', `back`, \\slash", "a"),
    ('half of a " and _x000D_', "b"),
    ("line\u2028separator\x85and\x0bmore", "b"),
]


def source(path: Path, **changes: Any) -> Source:
    entry: dict[str, Any] = {"kind": "files", "path": str(path), "text": "text", "label": "label"}
    if path.suffix:
        entry["split"] = {"test": 0.25, "by": "shares of labels"}
    return read(Source, entry | changes, "sources.mine")


def delimited(rows: Rows, header: tuple[str, str] = ("text", "label"), delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([header, *rows])
    return text.getvalue()


def content(rows: Rows, suffix: str) -> str | bytes:
    if suffix == ".parquet":
        columns = [list(column) for column in zip(*rows, strict=True)]
        file = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(columns, names=["text", "label"]), file)
        return file.getvalue()
    if suffix == ".xlsx":
        return workbook([("text", "label"), *rows])
    if suffix == ".json":
        return json.dumps([{"text": t, "label": n} for t, n in rows], ensure_ascii=False)
    if suffix == ".jsonl":
        return "".join(json.dumps({"text": t, "label": n}, ensure_ascii=False) + "\n" for t, n in rows)
    return delimited(rows, delimiter="," if suffix == ".csv" else "\t")


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    """Of the rows of each sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def save(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def pairs(split: Split) -> Rows:
    return [(t, split.names[i]) for t, i in zip(split.texts, split.labels, strict=True)]


def everything(splits: dict[str, Split]) -> Rows:
    return [*pairs(splits["train"]), *pairs(splits["test"])]


def line(mine: Source) -> str:
    """The one line with which the source is refused."""
    with pytest.raises(InputError) as refused:
        files.load(mine)
    assert "\n" not in str(refused.value)
    return str(refused.value)
