"""A table of texts and labels, and beside it one with the test split."""

import filecmp
import shutil
from collections.abc import Iterator, Mapping, Sequence
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
    table = look.look(path, named(texts, label))
    names = look.columns(table, texts, label)
    usable_texts, labels = look.usable(table.rows, names)
    tests, lost = (None, 0) if test is None else tests_of(test, table.how, names)

    def entry(name: str) -> dict[str, Any]:
        where = {"path": from_root(path), "split": {"test": SHARE}}
        if test is not None:
            where = {"path": from_root(copied(path, test, name))}
        return {
            "kind": "files",
            **where,
            **columns(table, names, lost > 0 or left_out(table, usable_texts) > 0),
        }

    notes = [*notes_on(table, names, usable_texts), *of_test(lost)]
    return DataSet(path.name, name_of(path), usable_texts, labels, notes, entry, table.encoding, tests=tests)


def named(texts: Sequence[str] | None, label: str | None) -> list[str]:
    """The columns that a person named."""
    return [*(texts or []), *([] if label is None else [label])]


def tests_of(table: Path, how: tables.Format, names: look.Columns) -> tuple[list[str], int]:
    """The texts of a test split, read as the source will read it: in the format of the training split; and
    how many of its rows can't be used."""
    rows = [row for _, row in tables.rows(table, how, [*names.texts, names.label])]
    texts, _ = look.usable([row for row in rows if isinstance(row, dict)], names)
    return texts, len(rows) - len(texts)


def name_of(table: Path) -> str:
    """Of an experiment on it."""
    return table.name.partition(".")[0]


def left_out(table: look.Table, kept: Sequence[str]) -> int:
    """How many of its rows. kept: the texts of those that are not."""
    return table.unread + len(table.rows) - len(kept)


def of_test(lost: int) -> Iterator[str]:
    """A line on the rows of a test split that are left out, if there are some."""
    if lost:
        yield f"  {counted(lost, 'row')} of the test split left out, without a text or a label, or unreadable"


def notes_on(table: look.Table, names: look.Columns, kept: Sequence[str]) -> Iterator[str]:
    """Lines on a table's columns, header, labels and rows left out. kept: the texts of the other rows."""
    yield names.note(table.path)
    if table.taken_for_headerless:
        yield f"  taken for a table without a header: {table.taken_for_headerless}"
    yield from on_labels(table.rows, names)
    if lost := left_out(table, kept):
        yield (
            f"  {counted(lost, 'row')} left out: {table.unread:,} that can't be read, "
            f"{lost - table.unread:,} without a text or a label"
        )


def on_labels(rows: Sequence[Mapping[str, object]], names: look.Columns) -> Iterator[str]:
    """A line if labels are not as the rows have them."""
    if padded := look.padded(rows, names.label):
        have, them = ("label has", "it") if padded == 1 else ("labels have", "them")
        yield f"  {padded:,} {have} white space around {them}, which is taken off"


def columns(table: look.Table, names: look.Columns, bad: bool) -> dict[str, Any]:
    """What a source's entry says of a table. bad: whether some rows can't be used."""
    how = table.how
    return {
        "text": names.texts[0] if len(names.texts) == 1 else list(names.texts),
        "label": names.label,
        **({"encoding": how.encoding} if how.encoding != "utf-8" else {}),
        **({"delimiter": how.delimiter} if how.delimiter else {}),
        **({"columns": list(how.columns)} if how.columns else {}),
        **({"bad_rows": "drop"} if bad else {}),
    }


def folder_of(name: str) -> Path:
    """Where copies for an experiment are."""
    return ROOT / "texts" / name


def copied(train: Path, test: Path, name: str) -> Path:
    """A folder with copies of both, as a source with a test split of its own is."""
    folder = folder_of(name)
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
