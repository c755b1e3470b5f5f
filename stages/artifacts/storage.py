"""Arrays on disk, read with their checksums and types looked at."""

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from stages.runtime import files
from stages.runtime.config import InputError

FACTS = "facts.json"


def save_arrays(path: Path | IO[bytes], arrays: Mapping[str, Any]) -> None:
    np.savez(path, **arrays)  # no clock time goes into the zip


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file."""
    with refusing(path):
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # NumPy checks no more than it reads
                raise ValueError(f"bad checksum in {damaged}")
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)


def save_folder(folder: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """A file for each array, which can be mapped, and facts.json: the facts, and the CRC-32 of each file and
    of the facts."""
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    sums = {name: _checksum(folder / f"{name}.npy") for name in arrays}
    files.write_json(folder / FACTS, {**facts, "crc32": {FACTS: _of_facts(facts), **sums}})


def load_folder(folder: Path, types: Mapping[str, str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays, mapped, and the facts. Refuses an array that was altered, or is of another type.

    types: dtype of each array, all of them of one dimension: {"ids": "int32"}.
    """
    with refusing(folder / FACTS):
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        sums = facts.pop("crc32")
        if _of_facts(facts) != sums[FACTS]:
            raise ValueError("bad checksum")
    arrays = {}
    for name, dtype in types.items():
        path = folder / f"{name}.npy"
        with refusing(path):
            if _checksum(path) != sums[name]:
                raise ValueError("bad checksum")
            arrays[name] = _mapped(path)
            if arrays[name].dtype != dtype or arrays[name].ndim != 1:
                raise ValueError(
                    f"found {arrays[name].dtype}, {arrays[name].ndim} dimensions, not {dtype}, 1"
                )
    return arrays, facts


def _mapped(path: Path) -> np.ndarray:
    """An array that stays on disk, as a corpus may be larger than the memory."""
    header = path.stat().st_size == 128  # NumPy's alone: nothing to map
    array: np.ndarray = np.load(path, mmap_mode=None if header else "r", allow_pickle=False)
    return array


def _of_facts(facts: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(facts, sort_keys=True).encode())


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return total


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever reading the file raises into one line."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path} is missing; make it with: dvc repro") from None
    except Exception as error:  # zip, NumPy and Parquet errors have no common type
        raise InputError(f"{path} is damaged ({error}); delete it, then run: dvc repro") from None
