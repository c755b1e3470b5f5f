"""Splits made up by hand, for the tests of sources."""

from pathlib import Path

import numpy as np

from stages.artifacts.split import Split


def split(*rows: tuple[str, int], names: tuple[str, ...] = ("no", "yes")) -> Split:
    labels = np.array([label for _, label in rows], dtype=np.int16)
    return Split([text for text, _ in rows], labels, list(names))


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
