"""Files that are either whole or not there: everything is written beside its place, then renamed."""

import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ENDS_SCRIPT = re.compile("<(?=[/!])")  # in an HTML page, even within a string of JavaScript
CUT_SHORT = re.compile(r"\d+ requested and \d+ written")  # how NumPy says that there is no more room
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # as OWASP lists them, "CSV Injection"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write a file or folder at, which takes the place of `path` if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    remove(draft)
    try:
        yield draft
        if path.is_dir():
            remove(path)
        draft.replace(path)
    except OSError as error:
        if CUT_SHORT.fullmatch(str(error)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        if error.errno and not error.filename:  # as if a write fails
            error.filename = str(path)
        raise
    finally:
        remove(draft)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """The same, with the folder already made."""
    with replacing(path) as draft:
        draft.mkdir()
        yield draft


def write_text(path: Path, text: str, errors: str = "strict") -> None:
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8", errors=errors, newline="\n")


def write_json(path: Path, value: object, errors: str = "strict") -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", errors)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Texts that a spreadsheet would take for a formula begin with an apostrophe there: '=1+1. What would end
    the script in the page of `dvc plots show`, which holds the table, has a backslash in it: <\\/script>."""
    lines = [_line([_inert(cell) for cell in row]) for row in (header, *rows)]
    write_text(path, "".join(lines))


def _line(row: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)  # so that a cell with either of them is quoted
    return text.getvalue().removesuffix("\r\n") + "\n"


def _inert(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = ENDS_SCRIPT.sub(r"<\\", cell)
    return f"'{text}" if text[:1] in FORMULA and not _number(text) else text


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(path: Path) -> None:
    """Delete a file or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
