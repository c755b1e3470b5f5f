"""A folder: of text files in a folder for each label, with train/ and test/ around them or without; or of
tables, train and test."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.artifacts.split import Split
from stages.runtime.config import InputError, read
from stages.runtime.wording import counted
from stages.sources import files
from stages.texts import tables
from stages.tools.fit import copies, from_huggingface, look, spelling
from stages.tools.fit.data_set import DataSet, refuse_options
from stages.tools.fit.experiment import from_root
from stages.tools.fit.from_table import SHARE, columns, left_out, named, notes_on, of_test, tests_of

ALLOWED = (
    f"a folder of {files.PLAIN} files for each label, {' and '.join(files.SPLITS)} with such folders, "
    f"or the tables {' and '.join(f'{split}.csv' for split in files.SPLITS)}"
)
NAMED = 5  # files or folders that a refusal names


def data_set(
    path: Path, texts: Sequence[str] | None, label: str | None, test: Path | None, encoding: str | None = None
) -> DataSet:
    """texts, label: columns of tables; encoding: theirs; None to have them guessed."""
    refuse_options("a folder has its test split inside, or none", test=test)
    if from_huggingface.is_saved(path):
        refuse_options("this data set says its own", encoding=encoding)
        return from_huggingface.data_set(str(path), texts, label)
    inside = copies.visible(path)
    folders = [each for each in inside if each.is_dir()]
    if not folders:
        return of_tables(path, texts, label, encoding)
    refuse_options("the folders are the labels", text=texts and ", ".join(texts), label=label)
    splits = [each for each in folders if each.name in files.SPLITS]
    labels = [label for split in splits for label in copies.visible(split) if label.is_dir()] or folders
    refuse_misplaced(path, [each for each in inside if not each.is_dir()], splits, labels)
    return of_labels(path, folders, splits, labels, encoding)


def refuse_misplaced(path: Path, others: list[Path], splits: list[Path], labels: list[Path]) -> None:
    """All at once: files beside folders, one split without the other, labels without texts."""
    problems = []
    if others:
        problems.append(f"{counted(len(others), 'file')} beside folders ({listed(path, others)})")
    if len(splits) == 1:
        problems.append(f"{splits[0].name} alone")
    if empty := [each for each in labels if not any(files.text_files(each))]:
        folders = counted(len(empty), "folder")
        problems.append(f"{folders} without a {files.PLAIN} file ({listed(path, empty)})")
    if problems:
        raise InputError(
            f"{path}: found {' and '.join(problems)}, allowed: {ALLOWED}; name texts so that they end in "
            f"{files.PLAIN}, and move away what is none"
        )


def listed(path: Path, inside: list[Path]) -> str:
    """The first ones, and how many there are more."""
    names = [each.relative_to(path).as_posix() for each in inside]
    more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])


def of_labels(
    path: Path, folders: list[Path], splits: list[Path], labels: list[Path], encoding: str | None
) -> DataSet:
    notes = [
        f"{path}: {'train and test, with ' if splits else ''}a folder for each label",
        *passed_over(path, labels, splits, folders),
    ]
    stated: dict[str, Any] = {"kind": "files", "path": from_root(path)}
    if encoding:
        stated["encoding"] = encoding
    if not splits:
        stated["split"] = {"test": SHARE}
    source = read(files.Source, stated | {"bad_rows": "drop"}, f"sources.{path.name}")
    if empty := files.dropped(source):
        if strange := [line for line in empty if not line.endswith(": empty text")]:
            raise unreadable(path, labels, strange, encoding)
        are = "is" if len(empty) == 1 else "are"
        notes.append(f"{counted(len(empty), 'file')} {are} empty and left out; the first: {empty[0]}")
        stated["bad_rows"] = "drop"
    loaded = loadable(source, labels) if splits else either_way(source, labels)
    parts = [loaded[split] for split in (files.SPLITS[:1] if splits else files.SPLITS)]
    return DataSet(
        title=path.name,
        name=path.name,
        texts=[text for split in parts for text in split.texts],
        labels=[split.names[label] for split in parts for label in split.labels.tolist()],
        notes=notes,
        entry=lambda name: stated,
        tests=[*loaded["test"].texts] if splits else None,
    )


def loadable(source: files.Source, labels: list[Path]) -> dict[str, Split]:
    """Raises InputError where the source can't be loaded, with the label that a rare one may be a slip of."""
    try:
        return files.load(source)
    except InputError as refused:
        counts = Counter(label.name for label in labels for _ in files.text_files(label))
        raise InputError(f"{refused}{spelling.meant(str(refused), counts)}") from None


def either_way(source: files.Source, labels: list[Path]) -> dict[str, Split]:
    """Cut by the texts' hash, or if that leaves a rare label on one side, by shares of labels."""
    try:
        return loadable(source, labels)
    except InputError:
        by_shares = files.Cut(test=SHARE, by="shares of labels")
        return loadable(replace(source, split=by_shares), labels)


def unreadable(path: Path, labels: list[Path], strange: list[str], encoding: str | None) -> InputError:
    """Another encoding for all is advised only where none of the texts would be garbled by it. strange: a
    line for each file that can't be read, as `files.dropped` has it."""
    start = f"{path}: found {counted(len(strange), 'file')} that can't be read, as "
    allowed = "allowed: one encoding for all"
    every = [file for label in labels for file in files.text_files(label)]
    if encoding is not None or not any(map(is_beyond_ascii, every)):
        return InputError(f"{start}{strange[0]}, {allowed}; give it, as --encoding cp1252, say")
    first, _, _ = strange[0].rpartition("; ")  # which is advice to name another
    rest = "the other" if len(strange) == 1 else "the others"
    good = len(every) - len(strange)
    are = "is" if good == 1 else "are"
    return InputError(
        f"{start}{first}, {allowed}; {good:,} of {len(every):,} {are} UTF-8; save {rest} as UTF-8"
    )


def is_beyond_ascii(file: Path) -> bool:
    """Whether a file is UTF-8 with letters that other encodings spell otherwise."""
    raw = file.read_bytes()
    try:
        return not raw.isascii() and bool(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def passed_over(path: Path, labels: list[Path], splits: list[Path], folders: list[Path]) -> Iterator[str]:
    """Lines on what the source won't read."""
    if splits and (idle := [each.name for each in folders if each not in [*splits, path / files.UNLABELLED]]):
        yield f"{', '.join(idle)[:200]}: neither {' nor '.join(files.SPLITS)}, not read"
    odd = [each for label in labels for each in copies.visible(label) if each.suffix.lower() != files.PLAIN]
    yield from not_entered(path, [each for each in odd if each.is_dir()])
    if others := [each for each in odd if not each.is_dir()]:
        are = "is" if len(others) == 1 else "are"
        many = counted(len(others), "file")
        yield f"{many} without {files.PLAIN} at the end {are} not read; the first: {others[0]}"


def not_entered(path: Path, folders: list[Path]) -> Iterator[str]:
    """Lines on folders inside of those of the labels."""
    for folder in folders[: look.SHOWN]:
        inside = sum(each.suffix.lower() == files.PLAIN for each in folder.rglob("*"))
        many = counted(inside, f"{files.PLAIN} file")
        yield f"folder {folder.relative_to(path).as_posix()} with {many} is not read"
    if more := len(folders[look.SHOWN :]):
        yield f"{counted(more, 'folder')} more inside of labels {'is' if more == 1 else 'are'} not read"


def as_asked(texts: Sequence[str] | None, label: str | None, encoding: str | None) -> list[str]:
    """The options that say how a table is read, as they were given."""
    options = [part for text in texts or [] for part in ("--text", text)]
    options += ["--label", label] if label is not None else []
    return [*options, *(["--encoding", encoding] if encoding else [])]


def of_tables(
    path: Path, texts: Sequence[str] | None, label: str | None, encoding: str | None = None
) -> DataSet:
    """Columns and all that is said, but for what test shares with it, are those of the training split."""
    known = [each for each in copies.visible(path) if tables.known(each)]
    parts = [each for each in known if each.name.partition(".")[0] == files.SPLITS[0]]
    if len(parts) != 1:
        raise InputError(f"{path}: found {len(parts)} tables called train, allowed: {ALLOWED}")
    table = look.look(parts[0], named(texts, label), encoding)
    names = look.columns(table, texts, label)
    train_texts, labels = look.usable(table.rows, names)
    for test in [each for each in known if each.name.partition(".")[0] == files.SPLITS[1]]:
        if not tests_of(test, table.how, names).alike:
            asked = as_asked(texts, label, encoding)
            command = shlex.join(["fit", str(parts[0]), *asked, "--test", str(test)])
            raise InputError(
                f"{test}: found another encoding, delimiter or way of quoting than in {parts[0].name}, "
                f"allowed: the same in a folder; save it alike, or run `{command}`"
            )
    stated = {"kind": "files", "path": from_root(path), **columns(table, names, bad=True)}
    source = read(files.Source, stated, f"sources.{path.name}")
    tests = [*files.load(source)["test"].texts]  # which refuses another test split
    bad = files.dropped(source)
    if not bad:
        del stated["bad_rows"]
    return DataSet(
        title=path.name,
        name=path.name,
        texts=train_texts,
        labels=labels,
        notes=[*notes_on(table, names, train_texts), *of_test(bad[left_out(table, train_texts) :])],
        entry=lambda name: stated,
        encoding=table.encoding,
        hint=table.hint,
        tests=tests,
    )
