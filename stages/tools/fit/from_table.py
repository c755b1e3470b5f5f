"""A table of texts and labels, and beside it one with the test split."""

import filecmp
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stages.runtime.config import ROOT, InputError
from stages.runtime.wording import counted
from stages.texts import tables
from stages.tools.fit import look
from stages.tools.fit.data_set import DataSet
from stages.tools.fit.experiment import from_root

SHARE = 0.2  # of the rows, the test split's, where there is none


def data_set(path: Path, texts: Sequence[str] | None, label: str | None, test: Path | None) -> DataSet:
    """texts, label: its columns, None to have them guessed."""
    if test is not None and not (test.is_file() and tables.known(test)):
        raise InputError(f"--test: found {test}, allowed: a table as {path.name}; save it as CSV")
    table = look.look(path)
    names = look.columns(table, texts, label)
    usable_texts, labels = look.usable(table.rows, names)

    def entry(name: str) -> dict[str, Any]:
        where = {"path": from_root(path), "split": {"test": SHARE}}
        if test is not None:
            where = {"path": from_root(copied(path, test, name))}
        return {"kind": "files", **where, **columns(table, names, len(usable_texts))}

    notes = [*notes_on(table, names, len(usable_texts))]
    tests = None if test is None else tests_of(test, table.how, names)
    return DataSet(path.name, name_of(path), usable_texts, labels, notes, entry, table.encoding, tests=tests)


def tests_of(table: Path, how: tables.Format, names: look.Columns) -> list[str]:
    """The texts of a test split, read as the source will read it: in the format of the training split."""
    rows = [row for _, row in tables.rows(table, how, [*names.texts, names.label]) if isinstance(row, dict)]
    texts, _ = look.usable(rows, names)
    return texts


def name_of(table: Path) -> str:
    """Of an experiment on it."""
    return table.name.partition(".")[0]


def notes_on(table: look.Table, names: look.Columns, kept: int) -> Iterator[str]:
    """Lines on a table's columns, and on the rows that are left out. kept: how many are not."""
    yield names.note(table.path)
    if left_out := table.unread + len(table.rows) - kept:
        yield (
            f"  {counted(left_out, 'row')} left out: {table.unread:,} that can't be read, "
            f"{left_out - table.unread:,} without a text or a label"
        )


def columns(table: look.Table, names: look.Columns, kept: int) -> dict[str, Any]:
    """What a source's entry says of a table. kept: how many rows have a text and a label."""
    how, bad = table.how, table.unread + len(table.rows) > kept
    return {
        "text": names.texts[0] if len(names.texts) == 1 else list(names.texts),
        "label": names.label,
        **({"encoding": how.encoding} if how.encoding != "utf-8" else {}),
        **({"delimiter": how.delimiter} if how.delimiter else {}),
        **({"columns": list(how.columns)} if how.columns else {}),
        **({"bad_rows": "drop"} if bad else {}),
    }


def copied(train: Path, test: Path, name: str) -> Path:
    """A folder with copies of both, as a source with a test split of its own is."""
    folder = ROOT / "texts" / name
    folder.mkdir(parents=True, exist_ok=True)
    for split, file in (("train", train), ("test", test)):
        shutil.copyfile(file, copy_of(file, split, folder))
    return folder


def copy_of(table: Path, split: str, folder: Path) -> Path:
    compressed = tables.COMPRESSED if table.suffix.lower() == tables.COMPRESSED else ""
    return folder / f"{split}{tables.suffix(table)}{compressed}"


def are_copied(train: Path, test: Path, folder: Path) -> bool:
    """Whether a folder has copies of both as they are now."""
    pairs = [(file, copy_of(file, split, folder)) for split, file in (("train", train), ("test", test))]
    return all(copy.is_file() and filecmp.cmp(file, copy, shallow=False) for file, copy in pairs)
