"""Your own texts: a table (stages/texts/tables.py), or a folder with one each for `train`, `test` and, if
some have no label, `unsupervised`; or text files in a folder for each label."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from stages.artifacts.split import Split
from stages.artifacts.validation import stratified
from stages.runtime.config import ROOT, InputError, config
from stages.texts import tables
from stages.texts.duplicates import Duplicates, exact
from stages.texts.spooled import Spooled, spooled

SPLITS = ["train", "test"]
UNLABELLED = "unsupervised"
PLAIN = ".txt"  # of a folder for each label
HALVES = re.compile("[\ud800-\udfff]")  # JSON can spell one alone, UTF-8 cannot
OURS = [".git", ".dvc", "stages", "conf", "tests", "reports", "data"]  # folders of the repository
BAD_PATH = re.compile(r"://|\$\{|[\x00-\x1f\x7f]")
UTF_8 = "utf-8"  # the encoding of what says none
USED_BY = {  # what says how to read files: the suffixes of those that are read so
    "delimiter": [*tables.DELIMITERS],
    "quoting": [*tables.DELIMITERS],
    "columns": [*tables.DELIMITERS, ".xlsx"],
    "encoding": [*(suffix for suffix in tables.SUFFIXES if suffix not in tables.BINARY), PLAIN],
}
SHOWN = 5  # bad rows that the line names which refuses them
LEAST = 2  # training rows of a label: a training that holds rows out takes one of them at least


class Rows(NamedTuple):
    """A split's texts, and their labels, of which one string is in memory for each, not one a row."""

    texts: Spooled
    labels: list[str]


@dataclass(frozen=True)
class OnDisk(Split):
    """A split whose texts are not in memory."""

    texts: Spooled  # type: ignore[assignment]  # a sequence of texts, as the list is

    def take(self, rows: np.ndarray) -> "OnDisk":
        at = np.arange(len(self.texts))[rows]
        return OnDisk(self.texts.take(at), self.labels[at], self.names)


@config
class Cut:
    """How the test split is taken from the only file.

    test: its share. by: "hash of the text" puts equal texts on one side, and leaves all rows where they are
    when others come or go; "shares of labels" draws as many of each label.
    """

    test: Annotated[float, Field(gt=0, lt=1)]
    by: Literal["hash of the text", "shares of labels"] = "hash of the text"


@config
class Source:
    """text: a column, or several, which are joined by line ends; label: a column. Of folders for each label
    there are neither. split: of a single file or of folders for each label without train and test.
    columns: the names of a table's columns, if it has no header. delimiter, quoting: as the suffix says.
    bad_rows: "refuse" all of them at once, or "drop" and count them.
    """

    kind: Literal["files"]
    path: str
    text: str | Annotated[list[str], Field(min_length=1)] | None = None
    label: str | None = None
    split: Cut | None = None
    encoding: str = UTF_8
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quoting: bool | None = None
    columns: list[str] | None = None
    bad_rows: Literal["refuse", "drop"] = "refuse"
    duplicates: Duplicates = "keep"

    @field_validator("path")
    @classmethod
    def _usable(cls, path: str) -> str:
        """Refuse what DVC could not take for a dependency: an address, a template, the repository's own."""
        place = Path(os.path.normpath(ROOT / path))
        above = [place, *place.parents]
        inside = any(ROOT / folder in above for folder in OURS) and ROOT / "data" / "manual" not in above
        if not path or BAD_PATH.search(path) or inside or place in [ROOT, *ROOT.parents]:
            ours = ", ".join(OURS)
            raise ValueError(
                f"a file or folder of yours, in none of {ours} (but data/manual), no address, no ${{"
            )
        return path

    @field_validator("label")
    @classmethod
    def _another(cls, label: str | None, info: ValidationInfo) -> str | None:
        text = info.data.get("text")
        if label is not None and label in (text if isinstance(text, list) else [text]):
            raise ValueError("another column than `text`")
        return label

    @field_validator("encoding")
    @classmethod
    def _spelled(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except (LookupError, ValueError):  # ValueError: a NUL, say
            raise ValueError("an encoding that Python knows, as utf-8, latin-1, cp1252, utf-16") from None
        return encoding

    @property
    def texts(self) -> list[str]:
        """The columns that a text is made of."""
        return [self.text] if isinstance(self.text, str) else self.text or []

    @property
    def format(self) -> tables.Format:
        """How its tables are read."""
        names = tuple(self.columns) if self.columns else None
        return tables.Format(self.encoding, self.delimiter, self.quoting, names)


def load(source: Source) -> dict[str, Split]:
    """The splits `train` and `test`: the folder's, or a cut of all rows; and `unsupervised`, whose label is
    -1, if there are such texts."""
    bad: list[str] = []
    parts = {name: _columns(rows) for name, rows in _parts(source, bad).items()}
    if bad and source.bad_rows == "refuse":
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise InputError(f"{'; '.join(bad[:SHOWN])}{more}; mend them, or say `bad_rows: drop`")
    unlabelled = parts.pop(UNLABELLED, None)
    names = _names(parts, source.path)
    splits: dict[str, Split] = {name: _split(rows, names) for name, rows in parts.items()}
    if "test" not in splits:
        splits = _cut(splits["train"], source)
    _trainable(splits, source)
    if unlabelled and unlabelled.texts:
        labels = np.full(len(unlabelled.texts), -1, dtype=np.int16)
        splits[UNLABELLED] = OnDisk(unlabelled.texts, labels, names)
    return splits


def dropped(source: Source) -> list[str]:
    """A line for each row that `load` leaves out."""
    bad: list[str] = []
    if source.bad_rows == "refuse":
        return bad
    for rows in _parts(source, bad).values():
        for _ in rows:
            pass
    return bad


def _parts(source: Source, bad: list[str]) -> dict[str, Iterator[tuple[str, str]]]:
    """The (text, label) of each row, by split, `train` alone if it is yet to be cut; what can't be used is
    told in `bad` as it is read."""
    path = ROOT / source.path
    if path.is_file():
        _stated(source, table=True, cut=True)
        _used(source, {tables.suffix(path)})
        return {"train": _rows(path, source, bad)}
    if not path.is_dir():
        raise InputError(f"{source.path}: no such file or folder; mend `path` in its entry in conf/")
    inside = [each for each in sorted(path.iterdir()) if not each.name.startswith(".")]
    if all(each.is_dir() for each in inside) and inside:
        splits = {each.name: each for each in inside if each.name in SPLITS}
        both = len(splits) == len(SPLITS)
        _stated(source, table=False, cut=not both)
        _used(source, {PLAIN})
        by_split = {name: _labelled(splits[name], source, bad) for name in SPLITS} if both else {}
        if both and (path / UNLABELLED).is_dir():
            by_split[UNLABELLED] = _plain(path / UNLABELLED, "none", source, bad)
        return by_split or {"train": _labelled(path, source, bad)}
    _stated(source, table=True, cut=False)
    paths = {name: _file(path, name) for name in SPLITS}
    if any(each.name.partition(".")[0] == UNLABELLED for each in inside):
        paths[UNLABELLED] = _file(path, UNLABELLED)
    if idle := [each.name for each in inside if tables.known(each) and each not in paths.values()]:
        raise InputError(
            f"{path}: found {idle[0]}, which nothing reads, allowed: {', '.join(SPLITS)}, {UNLABELLED}; put "
            "its rows into one of them (trainings hold out a part of train), or move it away"
        )
    _used(source, {tables.suffix(file) for file in paths.values()})
    return {name: _rows(file, source, bad, name != UNLABELLED) for name, file in paths.items()}


def _stated(source: Source, table: bool, cut: bool) -> None:
    """Refuse a source that lacks what its files need, or says what they don't."""
    for key, needed, example in (
        ("text", table, "text: body"),
        ("label", table, "label: team"),
        ("split", cut, "split: {test: 0.2}"),
    ):
        stated = getattr(source, key) is not None
        if needed and not stated:
            raise InputError(f"{source.path}: found no `{key}`; say it in its entry in conf/, as `{example}`")
        if stated and not needed:
            why = "its files have test texts of their own" if key == "split" else "its folders are the labels"
            raise InputError(
                f"{source.path}: found `{key}`, allowed: none, as {why}; delete it in its entry in conf/"
            )


def _used(source: Source, suffixes: set[str]) -> None:
    """Refuse a source that says how to read what its files, with these suffixes, are not."""
    for key, read_by in USED_BY.items():
        stated = getattr(source, key)
        if stated not in (None, UTF_8) and not suffixes & {*read_by}:
            raise InputError(
                f"{source.path}: found `{key}`, allowed: for {', '.join(read_by)}, not for "
                f"{', '.join(sorted(suffixes))}; delete it in its entry in conf/"
            )


def _file(folder: Path, name: str) -> Path:
    matches = [
        file
        for file in sorted(folder.iterdir())
        if file.name.partition(".")[0] == name and tables.known(file)
    ]
    if len(matches) != 1:
        allowed = ", ".join(f"{name}{suffix}" for suffix in tables.SUFFIXES)
        raise InputError(
            f"{folder}: found {len(matches)} files for the {name} split, allowed: exactly one of {allowed}"
        )
    return matches[0]


def _labelled(folder: Path, source: Source, bad: list[str]) -> Iterator[tuple[str, str]]:
    """The texts in the folders of a folder, which are their labels."""
    for label in sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")):
        if not any(text_files(label)):
            raise InputError(
                f"{label}: found no {PLAIN} file, allowed: texts of this label; name them so, or move the "
                "folder away"
            )
        yield from _plain(label, label.name, source, bad)


def _plain(folder: Path, label: str, source: Source, bad: list[str]) -> Iterator[tuple[str, str]]:
    for path in text_files(folder):
        try:
            text = path.read_text(source.encoding).removeprefix("\ufeff")
        except UnicodeError:
            bad.append(f"{path}: not {source.encoding}; save it so, or say `encoding`")
            continue
        if HALVES.search(text):  # of UTF-7, say
            bad.append(f"{path}: half of a surrogate pair, which is no text")
        elif text.strip():
            yield text, label
        else:
            bad.append(f"{path}: empty text")


def text_files(folder: Path) -> Iterator[Path]:
    """Those of a label's folder in order; macOS puts a hidden "._1.txt" beside "1.txt", which is no text."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == PLAIN and not path.name.startswith("."):
            yield path


def _rows(path: Path, source: Source, bad: list[str], labelled: bool = True) -> Iterator[tuple[str, str]]:
    label = source.label if labelled else None
    columns = [*source.texts, *([label] if label else [])]
    absent = {*source.texts}
    for line, row in tables.rows(path, source.format, columns):
        absent -= {*row} if absent and isinstance(row, dict) else set()
        if why := row if isinstance(row, str) else unusable(row, source.texts, label):
            bad.append(f"{path}:{line}: {why}")
            continue
        assert isinstance(row, dict)
        yield joined(row.get(column) for column in source.texts), str(row[label]) if label else "none"
    if absent and len(source.texts) > 1:
        raise InputError(f"{path}: no row has a column {min(absent)!r}; mend `text`")


def unusable(row: Mapping[str, object], texts: Sequence[str], label: str | None) -> str | None:
    """Why a row can't be used, if it can't. texts, label: columns; of several that make a text, some may be
    empty, as a mail without a subject."""
    for column in [*texts, *([label] if label else [])]:
        if row.get(column) is None and len(texts) > 1 and column != label:
            continue  # JSON leaves out what there is not
        if column not in row:
            return f"no column {column!r}; the columns here are: {', '.join(row)[:200]}"
        if row[column] is None:
            return f"no value for {column!r}; fill it in or delete the row"
        if not isinstance(row[column], str | bool):
            return f"{column!r} is a {type(row[column]).__name__}, allowed: a string, a number, true or false"
        if HALVES.search(str(row[column])):
            return "half of a surrogate pair, which is no text"
    if not joined(row.get(column) for column in texts).strip():
        return "empty text; fill it in or delete the row"
    return "empty label; fill it in or delete the row" if label and not str(row[label]).strip() else None


def joined(parts: Iterable[object]) -> str:
    """A text of what one or several columns have. A number is spelled as in the file."""
    return "\n".join("" if part is None else str(part) for part in parts)


def _columns(rows: Iterable[tuple[str, str]]) -> Rows:
    """White space around a label is none of it: spreadsheets have "Billing " beside "Billing"."""
    labels, seen = list[str](), dict[str, str]()

    def texts() -> Iterator[str]:
        for text, spelled in rows:
            label = spelled.strip()
            labels.append(seen.setdefault(label, label))
            yield text

    return Rows(spooled(texts(), ROOT / "data"), labels)


def _names(rows: dict[str, Rows], path: str) -> list[str]:
    """The label names, sorted; each split must have all of them."""
    by_split = {name: set(columns.labels) for name, columns in rows.items()}
    names = sorted(set().union(*by_split.values()))
    if len(names) < 2:
        raise InputError(
            f"{path}: found {len(names)} label(s) ({', '.join(names)[:200]}), allowed: two or more"
        )
    if len(names) > 32_767:
        raise InputError(f"{path}: found {len(names)} labels, allowed: 32,767")  # int16
    for split, labels in by_split.items():
        if missing := sorted(set(names) - labels):
            raise InputError(
                f"{path}: the {split} split has no row labelled {missing[0][:80]!r}; both splits need every "
                "label"
            )
    return names


def _split(rows: Rows, names: list[str]) -> OnDisk:
    index = {name: i for i, name in enumerate(names)}
    labels = np.fromiter(map(index.__getitem__, rows.labels), np.int16, len(rows.labels))
    return OnDisk(rows.texts, labels, names)


def _cut(uncut: Split, source: Source) -> dict[str, Split]:
    assert source.split
    counts = np.bincount(uncut.labels)
    least = int(counts.argmin())
    if counts[least] < 2:
        raise InputError(
            f"{source.path}: one row is labelled {uncut.names[least][:80]!r}; both splits need every label"
        )
    if source.split.by == "shares of labels":
        # a seed of its own: the study's seed redraws trainings, not data
        held = stratified(uncut.labels, source.split.test, seed=0)
    else:
        places = map(place, uncut.texts)
        held = np.fromiter(places, np.float64, len(uncut.texts)) < source.split.test
    splits = {"train": uncut.take(~held), "test": uncut.take(held)}
    for name, split in splits.items():
        if missing := sorted(set(range(len(uncut.names))) - set(split.labels.tolist())):
            raise InputError(
                f"{source.path}: the {name} split has no row labelled {uncut.names[missing[0]][:80]!r}, of "
                f"which there are {counts[missing[0]]}; supply more, or say `by: shares of labels`"
            )
    return splits


def _trainable(splits: dict[str, Split], source: Source) -> None:
    """Refuse a label of which too few rows are left to train on, once some are held out."""
    train, left = splits["train"], np.ones(len(splits["train"].texts), dtype=bool)
    if source.duplicates != "keep":
        repeats, _ = exact(train.texts, splits["test"].texts)
        left = ~(repeats.repeated | repeats.across)
    counts = np.bincount(train.labels[left], minlength=len(train.names))
    least = int(counts.argmin())
    if counts[least] < LEAST:
        rows = f"{counts[least]} training row(s) labelled {train.names[least][:80]!r}"
        rows += "" if left.all() else f" that `duplicates: {source.duplicates}` leaves"
        raise InputError(
            f"{source.path}: found {rows}, allowed: {LEAST} or more, as trainings hold some out; "
            "supply more, or delete the label's rows"
        )


def place(text: str) -> float:
    """Where a text stands between 0 and 1, always the same."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
