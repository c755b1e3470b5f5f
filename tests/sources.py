"""Splits made up by hand, and what params.yaml says of a source, for the tests of sources."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.lib.arrays import Split
from stages.lib.config import params


def split(*rows: tuple[str, int], names: tuple[str, ...] = ("no", "yes")) -> Split:
    labels = np.array([label for _, label in rows], dtype=np.int8)
    return Split([text for text, _ in rows], labels, list(names))


def entry(name: str) -> dict[str, Any]:
    found: dict[str, Any] = params()["sources"][name]
    return found


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
