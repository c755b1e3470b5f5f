"""Where the texts of a split stand in the user's own table."""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from stages.runtime.config import ROOT
from stages.sources import files
from stages.texts import tables

Pair = tuple[str, str]  # text and label


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
    columns = tuple(source.columns) if source.columns else None
    how = tables.Format(source.encoding, source.delimiter, source.quoting, columns)
    places = defaultdict(list)
    for line, row in tables.rows(path, how, [*source.texts, label]):
        if isinstance(row, dict):
            pair = "\n".join(str(row.get(column)) for column in source.texts), str(row.get(label))
            if pair in wanted:
                places[pair].append(line)
    return dict(places)
