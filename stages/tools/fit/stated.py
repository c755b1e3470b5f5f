"""What the file of an experiment says of its data. A command that names other data is refused: it would
tell of these, and then show what came of those."""

import argparse
import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.runtime.config import ROOT, InputError, read
from stages.sources import files
from stages.tools.fit import from_table, look, named_splits
from stages.tools.fit.data_set import DataSet
from stages.tools.fit.experiment import from_root, place
from stages.tools.fit.first_look import OWN


def refuse_other_data(name: str, entry: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Refuse another table or folder, or another test split, than that of an experiment.

    entry: of its source.
    """
    path, test = Path(options.data), Path(options.test) if options.test else None
    asked = from_root(path)
    if entry["kind"] != OWN:
        raise refusal(name, f"a source of the kind {entry['kind']}, not {asked}")
    stated_path = entry["path"]
    if test is None:
        if (ROOT / stated_path).resolve() != path.resolve():
            raise refusal(name, f"path {stated_path}, not {asked}")
    elif not (ROOT / stated_path).is_dir():
        raise refusal(name, f"path {stated_path}, not {asked} with --test {test}")
    elif not (
        path.is_file() and test.is_file() and from_table.are_copied(path, test, source_of(name, entry))
    ):
        raise refusal(name, f"path {stated_path}, whose files are others than {asked} and --test {test}")


def refuse_other_columns(name: str, entry: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Refuse other columns, or another encoding, than those of an experiment, if some are asked for."""
    text = entry.get("text")
    texts = [text] if isinstance(text, str) else text
    for key, columns, asked in (("text", texts, options.text), ("label", entry.get("label"), options.label)):
        if asked is not None and columns != asked:
            raise refusal(name, f"{key} {spelled(columns)}, not {spelled(asked)}")
    encoding = entry.get("encoding", "utf-8")
    if options.encoding is not None and codecs.lookup(encoding).name != codecs.lookup(options.encoding).name:
        raise refusal(name, f"encoding {encoding}, not {options.encoding}")


def refuse_other_copies(name: str, entry: Mapping[str, Any], data: DataSet) -> None:
    """Refuse another data set than that of an experiment's copies, or other columns of it."""
    copy = named_splits.copy_of(name, named_splits.TRAIN)
    here = entry.get("path") in (from_root(copy), from_root(copy.parent))
    if data.copies is None or not here or not named_splits.are_copied(data.copies, name):
        raise refusal(name, f"other texts or labels than those of {data.title}")


def data_set(name: str, entry: dict[str, Any]) -> DataSet:
    """What an experiment reads. entry: of its source."""
    source = source_of(name, entry)
    loaded = files.load(source)
    hashed = source.split is not None and source.split.by == "hash of the text"
    splits = [loaded[split] for split in (files.SPLITS if hashed else files.SPLITS[:1])]
    why = f"as {from_root(place(name))} says"
    note = f"{source.path}: {why}"
    if source.label is not None:
        note = look.Columns(tuple(source.texts), source.label, why).note(source.path)
    texts = [text for split in splits for text in split.texts]
    labels = [split.names[label] for split in splits for label in split.labels.tolist()]
    tests = None if hashed else loaded["test"].texts
    return DataSet(source.path, name, texts, labels, [note], lambda name: entry, tests=tests)


def source_of(name: str, entry: Mapping[str, Any]) -> files.Source:
    return read(files.Source, entry, f"sources.{name}")


def refusal(name: str, difference: str) -> InputError:
    return InputError(
        f"{from_root(place(name))}: found {difference}; give --name another, run `fit {name}`, or edit the "
        "file"
    )


def spelled(columns: object) -> str:
    """Columns as YAML has them."""
    if isinstance(columns, list):
        return columns[0] if len(columns) == 1 else f"[{', '.join(columns)}]"
    return "none" if columns is None else str(columns)
