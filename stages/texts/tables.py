"""People's own tables, row by row: CSV, TSV, JSON, JSON Lines, Parquet, .xlsx; in any encoding, also as .gz.

A row comes with its line (else its number), and is a mapping by column or, where it can't be
read, the reason.
"""

import csv
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from stages.runtime.config import InputError, one_line

DELIMITERS = {".csv": ",", ".tsv": "\t"}
BINARY = [".parquet", ".xlsx"]  # whose encoding is their own
SUFFIXES = [*DELIMITERS, ".jsonl", ".json", *BINARY]
COMPRESSED = ".gz"
WORKBOOK_ERRORS = (  # openpyxl's, zipfile's, zlib's and XML's, of files that are damaged or encrypted
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SyntaxError, EOFError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
LAST_ROW = 1_048_576  # of a sheet; openpyxl fills up what is missing before a row, whatever its number
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"PK": "a .zip or .xlsx file: name it so"}
csv.field_size_limit(100_000_000)  # characters; the default of 131,072 is less than a long document

Row = dict[str, object] | str  # by column, or why there is none


@dataclass(frozen=True)
class Format:
    """delimiter, quoting: None: as the suffix says (commas and quotes, or tabs and none).
    columns: their names, where the first line is no header.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    quoting: bool | None = None
    columns: tuple[str, ...] | None = None


def suffix(path: Path) -> str:
    """ ".csv" of "tickets.CSV" and of "tickets.csv.gz"."""
    some = [each.lower() for each in path.suffixes]
    return some[-2] if some[-1:] == [COMPRESSED] and len(some) > 1 else "".join(some[-1:])


def known(path: Path) -> bool:
    return suffix(path) in SUFFIXES


def rows(path: Path, how: Format, needed: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """Raises InputError for what is wrong with all of a file, as a header without a needed column."""
    kind = suffix(path)
    if kind not in SUFFIXES:
        raise InputError(
            f"{path}: found suffix {path.suffix!r}, allowed: {', '.join(SUFFIXES)}, or one with {COMPRESSED}"
        )
    try:
        if kind == ".parquet":
            yield from _parquet(path, list(needed))
        elif kind == ".xlsx":
            yield from _workbook(path, how, list(needed))
        elif kind == ".json":
            yield from _json(path, how)
        elif kind == ".jsonl":
            yield from _json_lines(path, how)
        else:
            yield from _delimited(path, how, list(needed))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a whole {COMPRESSED} file ({error}); supply it again") from None


def _delimited(path: Path, how: Format, needed: list[str]) -> Iterator[tuple[int, Row]]:
    names = list(how.columns) if how.columns else None
    if names:
        _header(path, 1, names, needed)
    for line, fields in cut(path, how):
        if isinstance(fields, str):
            yield line, fields
        elif names is None:
            names = fields
            _header(path, line, names, needed)
        elif len(fields) > len(names):
            yield line, f"more fields than the {len(names)} columns"
        else:
            yield line, dict(zip_longest(names, fields))


def cut(path: Path, how: Format) -> Iterator[tuple[int, list[str] | str]]:
    """The fields of each row of a delimited table, header included, or why there are none."""
    quoting = how.quoting if how.quoting is not None else suffix(path) != ".tsv"
    reader = csv.reader(
        _lines(path, how),
        delimiter=how.delimiter or DELIMITERS[suffix(path)],
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, str(error)
            continue
        if fields:
            yield reader.line_num, fields


def _header(path: Path, line: int, names: list[str], needed: list[str]) -> None:
    for name in needed:
        if name not in names:
            here = ", ".join(names)[:200]
            raise InputError(f"{path}:{line}: no column {name!r}; the columns here are: {here}")
    _refuse_twins(f"{path}:{line}", names, needed)


def _refuse_twins(where: str, names: list[str], needed: list[str]) -> None:
    for name in needed:
        if names.count(name) > 1:
            raise InputError(f"{where}: two columns {name!r}; rename one")


def _json_lines(path: Path, how: Format) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(_lines(path, how), start=1):
        if not line.strip():
            continue
        try:
            yield number, _object(JSON.decode(line))
        except (ValueError, RecursionError) as error:
            yield number, f"not a JSON object: {error}"


def _json(path: Path, how: Format) -> Iterator[tuple[int, Row]]:
    try:
        whole = JSON.decode("".join(_lines(path, how)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {one_line(error)}; objects line by line are .jsonl") from None
    if not isinstance(whole, list):
        raise InputError(f"{path}: found {type(whole).__name__}, allowed: a list of objects")
    for number, each in enumerate(whole, start=1):
        yield number, _object(each)


def _object(value: object) -> Row:
    return value if isinstance(value, dict) else f"found {type(value).__name__}, allowed: a JSON object"


def _parquet(path: Path, needed: list[str]) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with opened(path) as raw, pyarrow.parquet.ParquetFile(raw) as file:
            names, number = file.schema_arrow.names, 0
            _refuse_twins(path.as_posix(), names, needed)
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    # numbers as people write them; what else there is stays, and is refused where it is read
                    yield number, {k: str(v) if type(v) in (int, float) else v for k, v in row.items()}
    # the last three of a value that is not what its column says: text in another encoding, the year 99,999,
    # an unknown time zone
    except (pyarrow.ArrowException, OSError, ValueError, ArithmeticError, LookupError) as error:
        raise InputError(f"{path}: can't be read as Parquet: {one_line(error)}") from None


def _workbook(path: Path, how: Format, needed: list[str]) -> Iterator[tuple[int, Row]]:
    """The rows of a workbook's only sheet that has some; numbers as people write them, formulas as their
    values."""
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            f"{path}: a workbook needs openpyxl: pip install openpyxl, or save it as CSV"
        ) from None
    try:
        with opened(path) as file:
            worksheets = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets
            for sheet in worksheets:
                sheet.reset_dimensions()  # some programs write how many rows there are, and some are wrong
            # some programs add empty ones
            sheets = [sheet for sheet in worksheets if _filled(sheet)] or worksheets[:1]
            if len(sheets) != 1:
                names = ", ".join(sheet.title for sheet in sheets)[:200]
                raise InputError(
                    f"{path}: found the sheets {names}, allowed: one with cells; save the one that is meant "
                    "as CSV"
                )
            lines = [*_cells(sheets[0])]
    except WORKBOOK_ERRORS as error:
        raise InputError(f"{path}: not an .xlsx workbook: {one_line(error)}") from None
    header = list(how.columns) if how.columns else None
    for number, cells in enumerate(lines, start=1):
        values = [str(cell) if type(cell) in (int, float) else cell for cell in cells]
        if not any(value is not None for value in values):
            continue
        if header is None:
            header = ["" if value is None else str(value) for value in values]
            _header(path, number, header, needed)
        elif any(value is not None for value in values[len(header) :]):
            yield number, f"more fields than the {len(header)} columns"
        else:
            yield number, dict(zip_longest(header, values[: len(header)]))


def _filled(sheet: Any) -> bool:
    return any(value is not None for row in _cells(sheet) for value in row)


def _cells(sheet: Any) -> Iterator[tuple[object, ...]]:
    """The values of each row. Raises ValueError if there are more than a sheet can have."""
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > LAST_ROW:
            raise ValueError(f"a row has a number above {LAST_ROW:,}, the last of a sheet")
        yield values


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object's mapping; a key written twice is refused."""
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is there twice")
    return row


def _no_number(spelled: str) -> object:
    raise ValueError(f"{spelled} is no number in JSON")


# numbers stay as the file spells them: 1.0 and 1 are not made one, 1e400 is not made infinite
JSON = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_number)


def _lines(path: Path, how: Format) -> Iterator[str]:
    """The lines of a file, line ends kept, a byte-order mark dropped."""
    if how.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        yield from _decoded(path, how.encoding)
        return
    with opened(path) as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                told = next(
                    (says for mark, says in MARKS.items() if number == 1 and raw.startswith(mark)), ""
                )
                raise InputError(
                    f"{path}:{number}: not UTF-8 ({error.reason}); save the file as UTF-8, or say "
                    f"`encoding`: {told or 'latin-1 or cp1252, often'}"
                ) from None


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    number = 1
    try:
        with opened(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as file:
            for number, line in enumerate(file, start=1):
                yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeError as error:
        raise InputError(f"{path}: not {encoding} after line {number} ({one_line(error)})") from None


def opened(path: Path) -> Any:
    """A file of bytes."""
    return (gzip.open if path.suffix.lower() == COMPRESSED else open)(path, "rb")
