"""A quote that nobody closed: all rows until the next quote are one text then, and nothing else shows it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

from stages.runtime.config import InputError
from stages.texts import tables

INSIDE = 5  # lines in one row that look like rows; fewer may be what a text quotes
QUOTE, TWICE = '"', '""'
MANY = 1_000_000  # such values that are remembered
SHORT = 60  # letters of a value that is known again, as a label's


def refuse_open(path: Path, how: tables.Format, ends: Iterable[int]) -> None:
    """Refuse a table one of whose rows spans lines most of which look like rows themselves: a text of many
    paragraphs has none. ends: the lines that its rows end on."""
    if tables.suffix(path) not in tables.DELIMITERS:
        return
    spans = [(begin, end) for begin, end in pairwise(chain([0], ends)) if end - begin > INSIDE]
    if not spans:
        return
    known, width = _known(path, how)
    opened, inside, alike = dict[int, int](), Counter[int](), Counter[int]()
    for line, fields in tables.cut(path, replace(how, quoting=False)):
        place = bisect_left(spans, line, key=lambda span: span[1])
        if place == len(spans) or not spans[place][0] < line < spans[place][1]:
            continue
        if place not in opened:  # a header and empty lines may stand before it
            if any('"' in field for field in fields):
                opened[place] = line
            continue
        inside[place] += 1
        alike[place] += len(fields) == width and any(pair in known for pair in enumerate(fields))
    for place, count in alike.items():
        if count >= INSIDE and count > inside[place] / 2:
            raise InputError(
                f"{path}:{opened[place]}: found a quote that is open until line {spans[place][1]}, over "
                f"{count} lines that look like rows, allowed: quotes in pairs; delete it, or write it twice "
                "inside a quoted text (`quoting: false` in a source is for tables without quotes)"
            )


def _known(path: Path, how: tables.Format) -> tuple[set[tuple[int, object]], int]:
    """Short values, each with the place of its column, and how many columns there are at most."""
    known, width = set[tuple[int, object]](), 0
    for _, row in tables.rows(path, how, []):
        if isinstance(row, dict):
            width = max(width, len(row))
            known.update(pair for pair in enumerate(row.values()) if _short(pair[1]) and len(known) < MANY)
    return known, width


def are_used(path: Path, how: tables.Format) -> bool:
    """Whether a table whose kind has no quotes, as TSV, has them all the same, as csv.writer and pandas write
    it: all rows are as wide as the first if they are read so, and otherwise some are not, or quotes are
    written twice inside of a field that begins and ends with one, or all fields of a column do."""
    signs, width, alike = False, 0, True
    wrapped: set[int] | None = None  # the columns that do in each row
    for _, fields in tables.cut(path, how):
        if isinstance(fields, str):
            return False
        width = width or len(fields)
        alike = alike and len(fields) == width
        signs = signs or any(map(_is_escaped, fields))
        if wrapped != set():
            here = {i for i, field in enumerate(fields) if _is_wrapped(field)}
            wrapped = here if wrapped is None else wrapped & here
    if alike and not signs and not wrapped:
        return False
    quoted = (fields for _, fields in tables.cut(path, replace(how, quoting=True)))
    return all(not isinstance(fields, str) and len(fields) == width for fields in quoted)


def _is_wrapped(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == QUOTE


def _is_escaped(field: str) -> bool:
    return _is_wrapped(field) and TWICE in field[1:-1]


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= SHORT and value.strip() != ""
