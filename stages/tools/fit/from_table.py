"""A table of texts and labels, and beside it one with the test split."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stages.runtime.config import ROOT, InputError
from stages.runtime.files import replacing
from stages.runtime.wording import counted
from stages.sources import files
from stages.texts import tables
from stages.tools.fit import copies, look, quotes
from stages.tools.fit.data_set import DataSet
from stages.tools.fit.decoding import SURE
from stages.tools.fit.experiment import from_root

SHARE = 0.2  # of the rows, the test split's, where there is none
REWRITTEN = "test.parquet"  # a copy of a test split in another format than train


def data_set(
    path: Path, texts: Sequence[str] | None, label: str | None, test: Path | None, encoding: str | None = None
) -> DataSet:
    """texts, label: its columns; encoding: its own, not that of the test split; None to have them guessed."""
    if test is not None and not (test.is_file() and tables.known(test)):
        raise InputError(f"--test: found {test}, allowed: a table as {path.name}; save it as CSV")
    table = look.look(path, named(texts, label), encoding)
    names = look.columns(table, texts, label)
    usable_texts, labels = look.usable(table.rows, names)
    tests = None if test is None else tests_of(test, table.how, names)

    def entry(name: str) -> dict[str, Any]:
        where = {"path": from_root(path), "split": {"test": SHARE}}
        if tests is not None:
            where = {"path": from_root(copied(path, tests, name))}
        return {
            "kind": "files",
            **where,
            **columns(table, names, bad=bool(left_out(table, usable_texts) or (tests and tests.bad))),
        }

    return DataSet(
        title=path.name,
        name=name_of(path),
        texts=usable_texts,
        labels=labels,
        notes=[*notes_on(table, names, usable_texts), *(of_test(tests.bad) if tests else [])],
        entry=entry,
        encoding=table.encoding,
        hint=table.hint,
        tests=tests.texts(names) if tests else None,
    )


def named(texts: Sequence[str] | None, label: str | None) -> list[str]:
    """The columns that a person named."""
    return [*(texts or []), *([] if label is None else [label])]


@dataclass(frozen=True)
class Tests:
    """A table with the test split. rows: by column, what the source can use of it, as it spells that; bad: a
    line for each other row; alike: whether it reads the same in the format of the training split."""

    path: Path
    how: tables.Format
    rows: list[dict[str, str]]
    bad: list[str]
    alike: bool

    def texts(self, names: look.Columns) -> list[str]:
        return [files.joined(row[name] for name in names.texts) for row in self.rows]


def tests_of(path: Path, train: tables.Format, names: look.Columns) -> Tests:
    """train: the format of the training split, whose columns these have; encoding and delimiter may be
    others."""
    needed = [*names.texts, names.label]
    try:
        how = look.format_of(path, needed)
    except InputError:
        if train.encoding in SURE:
            raise
        how = look.format_of(path, needed, train.encoding)
    how = replace(how, columns=train.columns, quoting=train.quoting or how.quoting)
    if how.encoding not in SURE and train.encoding not in SURE:  # of which train, the larger one, tells more
        how = replace(how, encoding=train.encoding)
    read = [*tables.rows(path, how, needed)]
    quotes.refuse_open(path, how, (line for line, _ in read))
    rows, bad = [], []
    for line, row in read:
        if why := row if isinstance(row, str) else files.unusable(row, names.texts, names.label):
            bad.append(f"{path}:{line}: {why}")
        elif isinstance(row, dict):
            rows.append({name: files.joined([row[name]]) for name in needed})
    return Tests(path, how, rows, bad, how == train or reads(path, train, needed, read))


def reads(
    path: Path, how: tables.Format, needed: Sequence[str], rows: Sequence[tuple[int, tables.Row]]
) -> bool:
    """Whether a table has these rows if it is read in this format."""
    try:
        return [*tables.rows(path, how, needed)] == rows
    except InputError:
        return False


def name_of(table: Path) -> str:
    """Of an experiment on it."""
    return table.name.partition(".")[0]


def left_out(table: look.Table, kept: Sequence[str]) -> int:
    """How many of its rows. kept: the texts of those that are not."""
    return len(table.unread) + len(table.rows) - len(kept)


def of_test(bad: Sequence[str]) -> Iterator[str]:
    """A line on the rows of a test split that are left out, if there are some. bad: a line for each."""
    if bad:
        rows, first = counted(len(bad), "row"), "; ".join(bad[: look.SHOWN])
        yield f"  {rows} of the test split left out, without a text or a label, or unreadable; first {first}"


def notes_on(table: look.Table, names: look.Columns, kept: Sequence[str]) -> Iterator[str]:
    """Lines on a table's columns, header, labels and rows left out. kept: the texts of the other rows."""
    yield names.note(table.path)
    if table.taken_for_headerless:
        yield f"  taken for a table without a header: {table.taken_for_headerless}"
    yield from on_labels(table.rows, names)
    if lost := left_out(table, kept):
        unread = len(table.unread)
        yield (
            f"  {counted(lost, 'row')} left out: {unread:,} that can't be read, {lost - unread:,} without a "
            "text or a label"
        )
    if table.unread:
        first = "; ".join(f"{table.path.name}:{line}: {why}" for line, why in table.unread[: look.SHOWN])
        yield f"  the first that can't be read: {first}"


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
        **({"quoting": how.quoting} if how.quoting is not None else {}),
        **({"columns": list(how.columns)} if how.columns else {}),
        **({"bad_rows": "drop"} if bad else {}),
    }


def copied(train: Path, tests: Tests, name: str) -> Path:
    """A folder with copies of both, as a source with a test split of its own is: if the test split can't be
    read in the format of the training split, its rows as Parquet, whose format is its own."""
    with copies.new(name) as draft:
        shutil.copyfile(train, copy_of(train, "train", draft))
        if tests.alike:
            shutil.copyfile(tests.path, copy_of(tests.path, "test", draft))
        else:
            rewritten(draft / REWRITTEN, tests.rows)
    return copies.folder_of(name)


def rewritten(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema([(name, pyarrow.large_string()) for row in rows[:1] for name in row])
    with replacing(path) as draft:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([*rows], schema), draft)


def copy_of(table: Path, split: str, folder: Path) -> Path:
    compressed = tables.COMPRESSED if table.suffix.lower() == tables.COMPRESSED else ""
    return folder / f"{split}{tables.suffix(table)}{compressed}"


def are_copied(train: Path, test: Path, source: files.Source) -> bool:
    """Whether the folder of a source has copies of both as they are now."""
    folder = ROOT / source.path
    if not copies.same(train, copy_of(train, "train", folder)):
        return False
    if copies.same(test, copy_of(test, "test", folder)):
        return True
    copy, asked = folder / REWRITTEN, look.Columns(tuple(source.texts), source.label or "", "")
    return (
        copy.is_file()
        and tests_of(copy, source.format, asked).rows == tests_of(test, source.format, asked).rows
    )
