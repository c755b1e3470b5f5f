"""A person's table whose texts are answered: where it is, how it is read, its columns, its rows."""

import codecs
import gzip
import shutil
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stages.runtime.config import ROOT, InputError
from stages.sources import files
from stages.texts import tables
from stages.tools.fit import decoding, look, quotes
from stages.tools.fit.header import of_workbook

PIPED = "-"  # in place of a table's name
GZIP = b"\x1f\x8b"  # how its files begin (RFC 1952)
BEGINNINGS = {b"{": ".jsonl", b"[": ".json", b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx"}
BEGINNING = 1 << 16  # bytes, which hold a header


@contextmanager
def opened(name: str) -> Iterator[Path]:
    """The file of that name; of "-" one with what comes on standard input, which is refused by that name."""
    if name != PIPED:
        if not Path(name).is_file():
            raise InputError(
                f"--table: found {name}, which is no file, allowed: a table of texts, or {PIPED}"
            )
        yield Path(name)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "piped")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            path = path.rename(path.with_suffix(suffix(path)))
            yield path
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"standard input: not a whole .gz file ({error}); send it again") from None
        except InputError as refused:
            raise InputError(str(refused).replace(str(path), "standard input")) from None


def suffix(path: Path) -> str:
    """Of a table without one, by how it begins: JSON Lines with "{", JSON with "["; else it is TSV if its
    first line has more tabs than other delimiters, or CSV. Also as .gz."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    with (gzip.open if packed else open)(path, "rb") as file:
        first = file.read(BEGINNING).removeprefix(codecs.BOM_UTF8).lstrip()
    kind = next((kind for mark, kind in BEGINNINGS.items() if first.startswith(mark)), None)
    line = first.partition(b"\n")[0]
    tabs = line.count(b"\t") > max(map(line.count, (b",", b";", b"|")))
    return (kind or (".tsv" if tabs else ".csv")) + tables.COMPRESSED * packed


def format_of(
    path: Path, columns: Sequence[str], source: Mapping[str, Any], encoding: str | None
) -> tables.Format:
    """How a table is read: by what it begins with, and where that leaves several ways, as the recipe's own
    source. columns: that a text is made of. source: its entry; encoding: the one that a person named."""
    how = look.format_of(path, columns, encoding)
    if encoding is None and how.encoding not in decoding.SURE:
        stated = replace(how, encoding=codecs.lookup(source.get("encoding", files.UTF_8)).name)
        if stated.encoding not in decoding.SURE and _can_be_read(path, stated):
            how = stated
        else:
            note = f"note: the table is read as {how.encoding}, by its letters; if it is not, add --encoding"
            print(note, file=sys.stderr)
    if how.columns and len(how.columns) == len(names := source.get("columns") or []):
        how = replace(how, columns=tuple(names))
    if "quoting" in source and tables.suffix(path) in _suffixes(ROOT / source["path"]):
        how = replace(how, quoting=source["quoting"])
    return how


def _can_be_read(path: Path, how: tables.Format) -> bool:
    try:
        return all(number for number, _ in tables.rows(path, how, []))
    except InputError:
        return False


def _suffixes(source: Path) -> set[str]:
    """Of a source's tables."""
    return {tables.suffix(path) for path in (source.glob("train.*") if source.is_dir() else [source])}


def header(path: Path, how: tables.Format) -> list[str]:
    """The names of the columns as a table's first line has them, if it is delimited; else none."""
    if tables.suffix(path) not in tables.DELIMITERS:
        return []
    if how.columns:
        return [*how.columns]
    return next((fields for _, fields in tables.cut(path, how) if isinstance(fields, list)), [])


def refuse_twins(path: Path, how: tables.Format) -> None:
    """Refuse columns of one name, of which one would be lost; those without a name if two have content."""
    kind, names = tables.suffix(path), header(path, how)
    if kind == ".parquet":
        names = _names_of_parquet(path)
    elif kind == ".xlsx" and not how.columns:
        names = next(iter(of_workbook(path)[1]), [])
    for name, times in Counter(names).items():
        if times > 1 and name.strip():
            raise _twins(path, times, f"called {name!r}")
    unnamed = [i for i, name in enumerate(names) if not name.strip()]
    if len(unnamed) > 1 and (filled := _filled(path, how, unnamed)) > 1:
        raise _twins(path, filled, "without a name")


def _twins(path: Path, times: int, which: str) -> InputError:
    return InputError(
        f"{path}: found {times} columns {which}, allowed: columns of different names, as all of them are "
        "kept; name them, or delete what is not needed"
    )


def _filled(path: Path, how: tables.Format, columns: Sequence[int]) -> int:
    """How many of some columns have content below the header."""
    delimited = tables.suffix(path) in tables.DELIMITERS
    cells: Iterable[Sequence[str]] = (
        (fields for _, fields in tables.cut(path, how) if isinstance(fields, list))
        if delimited
        else of_workbook(path)[1]
    )
    filled = {
        i for fields in islice(cells, 1, None) for i in columns if i < len(fields) and fields[i].strip()
    }
    return len(filled)


def _names_of_parquet(path: Path) -> list[str]:
    import pyarrow
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_schema(path).names)
    except (pyarrow.ArrowException, OSError):  # which is refused as its rows are read
        return []


def rows(
    path: Path, how: tables.Format, columns: Sequence[str], added: Sequence[str]
) -> Iterator[tuple[tuple[int, dict[str, object]], str]]:
    """The rows of a table and their numbers, each with its text; null is an empty one, as an empty cell is,
    and so is a key that a later row of JSON lacks, since `fit` leaves such rows out.

    columns: those that a text is made of. added: those that what is said goes into, whose names no other may
    have."""
    missing: object = False  # of the first row
    for number, row in tables.rows(path, how, columns):
        if isinstance(row, str):
            raise InputError(f"{path}:{number}: {row}; mend or delete the row")
        if taken := [name for name in row if name in added]:
            raise InputError(
                f"{path}:{number}: found a column {taken[0]!r}, allowed: other names than those of the "
                f"columns that are added, {', '.join(added)[:200]}; rename it"
            )
        for column in columns:
            if not isinstance(row.get(column, missing), str | None):
                raise InputError(f"{path}:{number}: no text in column {column!r}; mend or delete the row")
        missing = None
        text = files.joined(look.spelled(row.get(column)) for column in columns)
        refuse_half(path, number, text)
        yield (number, row), text


def refuse_half(path: Path, number: int, text: str) -> None:
    """Refuse what JSON can spell, and UTF-8 can't."""
    if files.HALVES.search(text):
        raise InputError(
            f"{path}:{number}: found half of a surrogate pair, as a cut emoji leaves it, allowed: text; mend "
            "or delete the row"
        )


def check(path: Path, how: tables.Format, columns: Sequence[str]) -> None:
    """Refuse a table of which something would be lost, a column, or rows in an open quote."""
    refuse_twins(path, how)
    quotes.refuse_open(path, how, (line for line, _ in tables.rows(path, how, columns)))
