"""Prepared data sets as sources: their rows become Parquet tables in texts/, which DVC tracks and a clone can
have, whatever happens to what they were copied from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.runtime import files
from stages.runtime.config import InputError
from stages.texts import tables
from stages.tools.fit import copies, look
from stages.tools.fit.data_set import DataSet
from stages.tools.fit.experiment import from_root
from stages.tools.fit.from_table import SHARE, on_labels

TRAIN = "train"
TESTS = ["test", "validation", "valid", "dev"]  # the first of them that has labels is the test split

Row = Mapping[str, object]
Pair = tuple[str, str]  # text and label


@dataclass(frozen=True)
class Prepared:
    """where: as lines name it. name: of an experiment on it. rows: how many a split has. classes: the columns
    whose numbers stand for names.
    read: the rows of a split: strings, numbers, true and false, None; the names of classes, None if there is
    none.
    """

    where: str
    name: str
    rows: Mapping[str, int]
    classes: Sequence[str]
    read: Callable[[str], list[dict[str, object]]]


def data_set(prepared: Prepared, texts: Sequence[str] | None, label: str | None) -> DataSet:
    """Its training split, and the first split for tests that has labels; else a share of train is cut off.

    texts, label: columns, None to have them guessed.
    """
    if not prepared.rows.get(TRAIN):
        raise refusal(prepared, "allowed: one called train")
    rows = prepared.read(TRAIN)
    if label is None and len(prepared.classes) == 1:
        [label] = prepared.classes
    names = look.columns(look.Table(Path(prepared.where), tables.Format(), rows), texts, label)
    splits = {TRAIN: usable(rows, names)}
    if not splits[TRAIN]:
        raise refusal(prepared, "but none in train has a text and a label")
    for split in TESTS:
        if split in prepared.rows and (pairs := usable(prepared.read(split), names)):
            splits["test"], test = pairs, split
            break
    else:
        test = ""
    notes = [names.note(prepared.where)]
    notes += remarks(prepared, {TRAIN: splits[TRAIN]} | ({test: splits["test"]} if test else {}))
    notes += [line.strip() for line in on_labels(rows, names)]

    def entry(name: str) -> dict[str, Any]:
        with copies.new(name) as draft:
            for split, pairs in splits.items():
                write(draft / copy_of(name, split).name, pairs)
        stated = {"kind": "files", "text": "text", "label": "label"}
        if test:
            return stated | {"path": from_root(copy_of(name, TRAIN).parent)}
        return stated | {"path": from_root(copy_of(name, TRAIN)), "split": {"test": SHARE}}

    train_texts, labels = zip(*splits[TRAIN], strict=True)
    tests = [text for text, _ in splits["test"]] if test else None
    return DataSet(
        prepared.where, prepared.name, train_texts, labels, notes, entry, copies=splits, tests=tests
    )


def copy_of(name: str, split: str) -> Path:
    """name: of the experiment."""
    return copies.folder_of(name) / f"{split}.parquet"


def are_copied(splits: Mapping[str, Sequence[Pair]], name: str) -> bool:
    """Whether the copies for an experiment are these rows of each split, and no more."""
    folder = copy_of(name, TRAIN).parent
    if {path.stem for path in folder.glob("*.parquet")} != {*splits}:
        return False
    names = look.Columns(("text",), "label", "")
    return all(usable(rows_of(copy_of(name, split)), names) == [*pairs] for split, pairs in splits.items())


def rows_of(copy: Path) -> list[Row]:
    return [row for _, row in tables.rows(copy, tables.Format(), []) if isinstance(row, dict)]


def refusal(prepared: Prepared, why: str) -> InputError:
    splits = ", ".join(f"{name} ({count:,} rows)" for name, count in prepared.rows.items()) or "none"
    return InputError(f"{prepared.where}: found the splits {splits}, {why}")


def remarks(prepared: Prepared, taken: Mapping[str, Sequence[Pair]]) -> list[str]:
    """What became of the splits. taken: the rows used, by their names there."""
    test = [name for name in taken if name != TRAIN]
    lines = [
        f"the test split is {test[0]!r}"
        if test
        else f"no other split has labels: {100 * SHARE:.0f} % of train is cut off"
    ]
    if aside := [f"{name} ({count:,} rows)" for name, count in prepared.rows.items() if name not in taken]:
        lines.append(f"not used: {', '.join(aside)[:200]}")
    for name, pairs in taken.items():
        if lost := prepared.rows[name] - len(pairs):
            lines.append(f"{lost:,} rows of {name} have no text or no label and are left out")
    return lines


def usable(rows: Sequence[Row], names: look.Columns) -> list[Pair]:
    return [*zip(*look.usable(rows, names), strict=True)]


def write(path: Path, pairs: Sequence[Pair]) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = {"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}
    schema = pyarrow.schema([("text", pyarrow.large_string()), ("label", pyarrow.string())])
    with files.replacing(path) as draft:
        pyarrow.parquet.write_table(pyarrow.table(columns, schema), draft)
