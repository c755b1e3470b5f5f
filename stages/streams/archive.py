"""Tokens on disk, of which the ids are never all in memory: the .npz of artifacts/tokens.py."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from shutil import copyfileobj
from typing import IO

import numpy as np

from stages.artifacts.storage import refusing
from stages.artifacts.tokens import Tokens

NO_IDS = np.zeros(0, dtype=np.int32)
BUFFER = 1 << 20  # bytes


def save_tokens(path: Path, tokens: Tokens, ids: Sequence[Path]) -> None:
    """Write what `save_tokens` of artifacts/tokens.py writes, byte for byte.

    ids: files whose bytes are the ids, int32, one after the other; those of `tokens` are left out.
    """
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for name, value in vars(tokens).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                if name == "ids":
                    _join(member, int(tokens.offsets[-1]), ids)
                else:
                    np.lib.format.write_array(member, np.asanyarray(value), allow_pickle=False)


def _join(member: IO[bytes], count: int, ids: Sequence[Path]) -> None:
    header = {"shape": (count,), "fortran_order": False, "descr": np.lib.format.dtype_to_descr(NO_IDS.dtype)}
    np.lib.format.write_array_header_1_0(member, header)
    for path in ids:
        with path.open("rb") as file:
            copyfileobj(file, member, BUFFER)


@dataclass(frozen=True)
class Reader:
    """tokens: of a split, all but the ids. member: the file of the ids; header: how many bytes come first."""

    tokens: Tokens
    member: IO[bytes]
    header: int

    def ids(self, first: int, last: int) -> np.ndarray:
        """Those of the texts from `first` to before `last`, one after the other: int32[tokens]."""
        start, end = (int(self.tokens.offsets[row]) * NO_IDS.itemsize for row in (first, last))
        self.member.seek(self.header + start)
        return np.frombuffer(self.member.read(end - start), NO_IDS.dtype)


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The tokens of a split, once their checksums and types were looked at, as by `load_tokens`."""
    with refusing(path):
        archive = zipfile.ZipFile(path)
    with archive:
        with refusing(path):
            if damaged := archive.testzip():
                raise ValueError(f"bad checksum in {damaged}")
            tokens = _tokens(path)
            member = archive.open("ids.npy")
            header = _header(member, int(tokens.offsets[-1]))
        with member:
            yield Reader(tokens, member, header)


def _tokens(path: Path) -> Tokens:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {each.name: archive[each.name] for each in fields(Tokens) if each.name != "ids"}
    if arrays["offsets"].dtype != np.int64:
        raise ValueError(f"found offsets of {arrays['offsets'].dtype}")
    plain = {"vocabulary": int(arrays["vocabulary"]), "tokenizer": str(arrays["tokenizer"])}
    return Tokens(**{"ids": NO_IDS, **arrays, **plain})


def _header(member: IO[bytes], count: int) -> int:
    """How many bytes come before the ids, of which there must be so many."""
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"found ids of NumPy's format {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype != NO_IDS.dtype or shape != (count,):
        raise ValueError(f"found ids of {dtype}, {shape} of {count}")
    return member.tell()
