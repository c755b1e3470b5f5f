"""Copies of data that can't be read where they are, for DVC to track: texts/<experiment>/, and beside them
their hashes, by which `fit` tells them from files of one's own."""

import filecmp
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stages.runtime.config import ROOT, InputError
from stages.runtime.files import replacing_folder, sha256, write_json
from stages.tools.fit.experiment import from_root

HASHES = ".copies.json"


def folder_of(name: str) -> Path:
    """Where copies for an experiment are."""
    return ROOT / "texts" / name


@contextmanager
def new(name: str) -> Iterator[Path]:
    """A folder for copies that becomes that of an experiment. Earlier copies are replaced; what is none, or
    was edited since, is somebody's own, and is refused unless it is the same."""
    folder = folder_of(name)
    known = _copied_before(folder)
    with replacing_folder(folder) as draft:
        yield draft
        names = sorted(path.name for path in draft.iterdir())
        if own := [path.name for path in visible(folder) if not _is_copy(path, known, draft)]:
            raise InputError(
                f"{from_root(folder)}: found {', '.join(own)[:200]}, which is no copy that `fit` has made, "
                f"where copies are to go ({', '.join(names)}); move it away, or take another --name"
            )
        write_json(draft / HASHES, {each: sha256(draft / each) for each in names})


def _is_copy(path: Path, known: Mapping[str, str], draft: Path) -> bool:
    """Whether a file is a copy as it was made before, or is made now in another folder."""
    if not path.is_file():
        return False
    return known.get(path.name) == sha256(path) or (
        (draft / path.name).is_file() and same(draft / path.name, path)
    )


def _copied_before(folder: Path) -> dict[str, str]:
    """The SHA-256 of each copy in a folder, as it was made."""
    listed = folder / HASHES
    try:
        copies: dict[str, str] = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else {}
    except ValueError:
        return {}
    return copies


def visible(folder: Path) -> list[Path]:
    """What is in a folder, if there is one, but for what is hidden."""
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return [each for each in inside if not each.name.startswith(".")]


def same(file: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(file, copy, shallow=False)
