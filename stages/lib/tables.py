"""Rows as the text of a table: CSV for programs, Markdown for people."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence


def csv_text(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def markdown(header: Sequence[str], rows: Iterable[Iterable[object]], texts: Collection[str] = ()) -> str:
    """A table whose first column and those named by `texts` are text, the others numbers, aligned right."""
    rules = ["---" if name in (header[0], *texts) else "---:" for name in header]
    lines = [header, rules, *rows]
    return "".join(f"| {' | '.join(escape(cell) for cell in line)} |\n" for line in lines)


def escape(cell: object) -> str:
    """A cell's text with nothing in it that would end the cell or the row."""
    return " ".join(str(cell).replace("|", "\\|").split())
