"""The first row of a table: names of columns, a row as the others, or a title that somebody wrote above."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from stages.runtime.config import InputError
from stages.texts import tables

LONGEST = 200  # letters of a column's name, which may be a question of a survey
LABELS = ("label", "class", "category", "target", "sentiment", "topic", "team", "intent", "y")
TEXTS = ("text", "body", "message", "content", "sentence", "review", "headline", "description", "tweet")
MOSTLY = 0.9  # of the rows below a title: as wide as each other
WIDEST = 16_384  # cells of a workbook's row: Excel has no more
SOME = 100  # of a workbook's rows


def names_columns(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: one by a usual name, or all but an index by names of which
    none is there again below in its column. A column without a name and without content, as Excel writes
    them, is none."""
    filled = {i for fields in (first, *others) for i, field in enumerate(fields) if field.strip()}
    names = {i: first[i] for i in sorted(filled) if i < len(first)}
    below = {i: {fields[i] for fields in others if i < len(fields)} for i in names}
    new = [name for i, name in names.items() if name.strip() and name not in below[i]]
    if any(name.strip().lower() in (*TEXTS, *LABELS) for name in new):
        return True
    unnamed = sum(not name.strip() for name in names.values())
    return unnamed <= 1 and len(new) + unnamed == len(names) and all(len(name) <= LONGEST for name in new)


def refuse_title(path: Path, rows: Sequence[Sequence[str]], line: int) -> None:
    """Refuse a table whose first row has one field while the others have more. line: where it is."""
    first, *others = rows or [[]]
    filled = [field.strip() for field in first if field.strip()]
    if len(filled) == 1 and filled[0].lower() not in (*TEXTS, *LABELS) and _is_title(first, others):
        raise InputError(
            f"{path}:{line}: found {filled[0][:80]!r} alone above rows of several fields, allowed: the names "
            f"of the columns; line {line} looks like a title; delete it"
        )


def _is_title(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row, which has one field with content, is no row of the table below. A row that
    merely lacks a value, or the header of a single column of texts with commas, stands above other rows."""
    several = [i for i, fields in enumerate(others) if sum(bool(field.strip()) for field in fields) > 1]
    if len(several) < 2:
        return False
    if len(first) > 1:
        return names_columns(others[several[0]], others[several[0] + 1 :])
    [(width, times)] = Counter(map(len, others)).most_common(1)
    return width > 1 and times >= MOSTLY * len(others)


def of_workbook(path: Path) -> tuple[int, list[list[str]]]:
    """Where its first row is, and the cells of the first rows, each as wide as the widest."""
    whole = tables.Format(columns=tuple(map(str, range(WIDEST))))
    read = [*islice(tables.rows(path, whole, []), SOME)]
    rows = [
        ["" if cell is None else str(cell) for cell in row.values()]
        for _, row in read
        if isinstance(row, dict)
    ]
    width = max((i for row in rows for i, cell in enumerate(row, start=1) if cell), default=0)
    return read[0][0] if read else 1, [row[:width] for row in rows]
