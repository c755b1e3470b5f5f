"""Where the texts of a split stand in the user's own files."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.runtime.config import ROOT, InputError, read
from stages.sources import files
from stages.texts import tables

Pair = tuple[str, str]  # text and label
BY_LINE = [*tables.DELIMITERS, ".jsonl"]  # tables whose rows are counted by line, not by row
MOST = 5  # places that are named of a text


@dataclass(frozen=True)
class Places:
    """note: a sentence on what they count; names: by text and label, those that are still there."""

    note: str
    names: Mapping[Pair, str] = field(default_factory=dict)


def places(name: str, entry: Mapping[str, Any], split: str, wanted: Collection[Pair]) -> Places:
    """Of texts of a source's split, as a person looks them up. entry: of `sources` in params.yaml."""
    with suppress(InputError, OSError, UnicodeError):  # the files are elsewhere by now, or others
        if entry.get("kind") == "files":
            source = read(files.Source, entry, "sources")
            kept = _in_table if table(source, split) else _in_files
            if (own := kept(source, split, wanted)).names:
                return own
    return Places(f"Rows are those of data/sources/{name}/{split}.parquet, from 1.")


def _in_table(source: files.Source, split: str, wanted: Collection[Pair]) -> Places:
    path = table(source, split)
    assert path is not None
    by_line = tables.suffix(path) in BY_LINE
    unit = "line" if by_line else "row"
    counts = "Lines are those on which rows end in" if by_line else "Rows are those, from 1, of"
    names = {pair: _named(unit, where) for pair, where in lines(source, split, wanted).items()}
    return Places(f"{counts} {path.name}.", names)


def _named(unit: str, numbers: list[int]) -> str:
    """ "line 7", "lines 7, 9"."""
    more = ", ..." if len(numbers) > MOST else ""
    return f"{unit}{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers[:MOST]))}{more}"


def _in_files(source: files.Source, split: str, wanted: Collection[Pair]) -> Places:
    names: dict[Pair, str] = {}
    for path in _text_files(ROOT / source.path, split):
        text = path.read_text(source.encoding, "replace")  # one that can't be read is no text of the split
        pair = text.removeprefix("\ufeff"), path.parent.name.strip()
        if pair in wanted:
            names.setdefault(pair, path.relative_to(ROOT / source.path).as_posix())
    return Places(f"Files are those of {source.path}.", names)


def _text_files(folder: Path, split: str) -> Iterator[Path]:
    """Those in the folders of labels, which are in one of the split if there is such a folder."""
    own = folder / split if all((folder / each).is_dir() for each in files.SPLITS) else folder
    for label in sorted(own.glob("[!.]*/")):
        yield from files.text_files(label)


def table(source: files.Source, split: str) -> Path | None:
    """The table that the split is from; None if it is made of text files in folders."""
    path = ROOT / source.path
    if not path.is_dir():
        return path
    for file in sorted(path.iterdir()):
        if file.name.partition(".")[0] == split and tables.known(file):
            return file
    return None


def lines(source: files.Source, split: str, wanted: Collection[Pair]) -> dict[Pair, list[int]]:
    """The lines on which rows with these texts and labels end (of JSON and Parquet their numbers); those that
    the table no longer has are missing."""
    path, label = table(source, split), source.label
    if path is None or label is None:
        return {}
    places = defaultdict(list)
    for line, row in tables.rows(path, source.format, [*source.texts, label]):
        if isinstance(row, dict):
            text = files.joined(row.get(column) for column in source.texts)
            if (pair := (text, str(row.get(label)).strip())) in wanted:
                places[pair].append(line)
    return dict(places)
