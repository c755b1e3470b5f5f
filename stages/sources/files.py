"""Your own texts: a CSV, TSV or JSON Lines file, or a folder with one each for `train`, `test` and, if some
have no label, `unsupervised`."""

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationInfo, field_validator

from stages.artifacts.split import Split
from stages.artifacts.validation import stratified
from stages.runtime.config import ROOT, InputError, Share, config
from stages.texts.duplicates import Duplicates

UNLABELLED = "unsupervised"
DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = [*DELIMITERS, ".jsonl"]
HALVES = re.compile("[\ud800-\udfff]")  # JSON can spell one alone, UTF-8 cannot
OURS = [".git", ".dvc", "stages", "conf", "tests", "reports", "data"]  # folders of the repository
BAD_PATH = re.compile(r"://|\$\{|[\x00-\x1f\x7f]")
csv.field_size_limit(100_000_000)  # characters; the default of 131,072 is less than a long document


@config
class Source:
    kind: Literal["files"]
    path: str
    text: str
    label: str
    test_fraction: Share
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
    def _another(cls, label: str, info: ValidationInfo) -> str:
        if label == info.data.get("text"):
            raise ValueError("another column than `text`")
        return label


def load(source: Source) -> dict[str, Split]:
    """The splits `train` and `test`: the folder's two files, or a stratified cut of the one file; and
    `unsupervised`, whose label is -1, if there is such a file."""
    path = ROOT / source.path
    unlabelled = {}
    if path.is_dir():
        if any((path / f"{UNLABELLED}{suffix}").exists() for suffix in SUFFIXES):
            rows = _rows(_file(path, UNLABELLED), source, labelled=False)
            unlabelled[UNLABELLED] = [text for text, _ in rows]
        pairs = {name: _rows(_file(path, name), source) for name in ("train", "test")}
    elif path.is_file():
        pairs = {"train": _rows(path, source)}
    else:
        raise InputError(
            f"{source.path}: no such file or folder; mend `path` in the source's file in conf/sources"
        )
    names = _names(pairs, source.path)
    splits = {name: _split(rows, names) for name, rows in pairs.items()}
    for name, texts in unlabelled.items():
        splits[name] = Split(texts, np.full(len(texts), -1, dtype=np.int16), names)
    return splits if "test" in splits else _cut(splits["train"], source)


def _file(folder: Path, name: str) -> Path:
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    if len(found) != 1:
        allowed = ", ".join(f"{name}{suffix}" for suffix in SUFFIXES)
        raise InputError(
            f"{folder}: found {len(found)} files for the {name} split, allowed: exactly one of {allowed}"
        )
    return found[0]


def _rows(path: Path, source: Source, labelled: bool = True) -> list[tuple[str, str]]:
    """(text, label) of each row; a row that can't be used is refused with its line number."""
    columns = [source.text, source.label] if labelled else [source.text]
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: found suffix {path.suffix!r}, allowed: {', '.join(SUFFIXES)}")
    read = _json_lines if path.suffix == ".jsonl" else _delimited
    rows = []
    for line, row in read(path, source):
        for column in columns:
            if column in row and row[column] is None:
                raise InputError(f"{path}:{line}: no value for {column!r}; fill it in or delete the row")
            if column not in row:
                here = ", ".join(row)[:200]
                raise InputError(f"{path}:{line}: no column {column!r}; the columns here are: {here}")
            if not isinstance(row[column], str | bool):
                found = type(row[column]).__name__
                raise InputError(
                    f"{path}:{line}: {column!r} is a {found}, allowed: a string, a number, true or false"
                )
        # a number is spelled as in the file
        text, label = str(row[source.text]), str(row[source.label]) if labelled else "none"
        if not text.strip() or not label.strip():
            raise InputError(
                f"{path}:{line}: empty {'text' if label.strip() else 'label'}; fill it in or delete the row"
            )
        if HALVES.search(text + label):
            raise InputError(f"{path}:{line}: half of a surrogate pair, which is no text")
        rows.append((text, label))
    return rows


def _delimited(path: Path, source: Source) -> Iterator[tuple[int, dict[str, object]]]:
    reader = csv.DictReader(_lines(path), delimiter=DELIMITERS[path.suffix], strict=True)
    try:
        header = reader.fieldnames or []
        if twice := [name for name in (source.text, source.label) if header.count(name) > 1]:
            raise InputError(f"{path}:{reader.line_num}: two columns {twice[0]!r}; rename one")
        for row in reader:
            if None in row:
                raise InputError(
                    f"{path}:{reader.line_num}: more fields than the header's {len(header)} columns"
                )
            yield reader.line_num, dict(row)
    except csv.Error as error:
        # DictReader.line_num is that of the last good row
        raise InputError(f"{path}:{reader.reader.line_num}: {error}") from None


def _json_lines(path: Path, source: Source) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = JSON.decode(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not a JSON object: {error}") from None
        if not isinstance(row, dict):
            found = type(row).__name__
            raise InputError(f"{path}:{number}: found {found}, allowed: a JSON object per line")
        yield number, row


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


def _lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, line ends kept, a byte-order mark dropped."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}:{number}: not UTF-8 ({error.reason}); save the file as UTF-8"
                ) from None


def _names(rows: dict[str, list[tuple[str, str]]], path: str) -> list[str]:
    """The label names, sorted; each split must have all of them."""
    found = {name: {label for _, label in pairs} for name, pairs in rows.items()}
    names = sorted(set().union(*found.values()))
    if len(names) < 2:
        raise InputError(
            f"{path}: found {len(names)} label(s) ({', '.join(names)[:200]}), allowed: two or more"
        )
    if len(names) > 32_767:
        raise InputError(f"{path}: found {len(names)} labels, allowed: 32,767")  # int16
    for name in names:
        if name != name.strip() and name.strip() in names:
            raise InputError(f"{path}: labels {name!r} and {name.strip()!r}; take off the spaces around it")
    for split, labels in found.items():
        if missing := sorted(set(names) - labels):
            raise InputError(
                f"{path}: the {split} split has no row labelled {missing[0]!r}; both splits need every label"
            )
    return names


def _split(pairs: list[tuple[str, str]], names: list[str]) -> Split:
    index = {name: i for i, name in enumerate(names)}
    labels = np.array([index[label] for _, label in pairs], dtype=np.int16)
    return Split([text for text, _ in pairs], labels, names)


def _cut(whole: Split, source: Source) -> dict[str, Split]:
    counts = np.bincount(whole.labels)
    least = int(counts.argmin())
    if counts[least] < 2:
        raise InputError(
            f"{source.path}: one row is labelled {whole.names[least]!r}; both splits need every label"
        )
    # a seed of its own: the study's seed redraws trainings, not data
    held = stratified(whole.labels, source.test_fraction, seed=0)
    return {"train": whole.take(~held), "test": whole.take(held)}
