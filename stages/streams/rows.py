"""Ragged ids padded and written some texts at a time: the folder of artifacts/padded.py."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from stages.artifacts.padding import Pad
from stages.artifacts.storage import FACTS, save_folder
from stages.runtime import files
from stages.streams.archive import NO_IDS, Reader

CELLS = 1 << 22  # ids and padding at once, 16 MiB of them
TOKENS = 1 << 22  # ids read at once


def write(folder: Path, reader: Reader, how: Pad) -> None:
    """Write what `save_padded` writes of what `pad` makes of the tokens, byte for byte."""
    tokens = reader.tokens
    widths = how.widths(tokens.lengths)
    every, counts = np.unique(widths, return_counts=True)
    rows = np.argsort(widths, kind="stable")  # narrowest first; of one width in the split's order
    arrays = {name: getattr(tokens, name) for name in ("labels", "lengths", "unknown")}
    facts = {
        "names": tokens.names.tolist(),
        "vocabulary": tokens.vocabulary,
        "tokenizer": tokens.tokenizer,
        "pad": asdict(how),
        "buckets": [[count, width] for width, count in zip(every.tolist(), counts.tolist(), strict=True)],
    }
    save_folder(folder, {"rows": rows, **arrays}, facts)
    lines = (block for width in every.tolist() for block in _padded(reader, widths, width, how))
    checksum = _save(folder / "ids.npy", int((every * counts).sum()), lines)
    whole = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    sums = whole["crc32"]
    whole["crc32"] = {FACTS: sums.pop(FACTS), "ids": checksum, **sums}
    files.write_json(folder / FACTS, whole)


def _save(path: Path, count: int, parts: Iterator[np.ndarray]) -> int:
    """Write an array from its parts, int32; its CRC-32. Not through a map: a full disk would end the process
    without a word."""
    with path.open("wb") as file:
        header = {
            "shape": (count,),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(NO_IDS.dtype),
        }
        np.lib.format.write_array_header_1_0(file, header)
        file.flush()
        checksum = zlib.crc32(path.read_bytes())
        for part in parts:
            coded = part.tobytes()
            file.write(coded)
            checksum = zlib.crc32(coded, checksum)
    return checksum


def _padded(reader: Reader, widths: np.ndarray, width: int, how: Pad) -> Iterator[np.ndarray]:
    """The lines of the texts of one width, int32[some, width] at a time."""
    offsets = reader.tokens.offsets
    for first, last in _stretches(offsets, max(1, CELLS // width)):
        mine = first + np.flatnonzero(widths[first:last] == width)
        if len(mine):
            start, end = int(mine[0]), int(mine[-1]) + 1
            begins, ends = offsets[mine] - offsets[start], offsets[mine + 1] - offsets[start]
            yield lines(reader.ids(start, end), begins, ends, width, how)


def _stretches(offsets: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """The texts in stretches, from `first` to before `last`, of so many at most and of few tokens."""
    first, texts = 0, len(offsets) - 1
    while first < texts:
        within = int(np.searchsorted(offsets, offsets[first] + TOKENS, side="right")) - 1
        last = min(max(first + 1, within), first + most, texts)
        yield first, last
        first = last


def lines(ids: np.ndarray, begins: np.ndarray, ends: np.ndarray, width: int, how: Pad) -> np.ndarray:
    """Texts cut or padded with zeros, as by `fit` of artifacts/padding.py: int32[texts, width].

    ids: int32; begins, ends: int64[texts], where each text is in them.
    """
    kept = np.minimum(ends - begins, width)
    begins = ends - kept if how.truncate == "pre" else begins
    places = np.arange(width)
    inside = places >= width - kept[:, None] if how.side == "pre" else places < kept[:, None]
    padded = np.zeros((len(kept), width), NO_IDS.dtype)
    padded[inside] = ids[np.arange(kept.sum()) + np.repeat(begins - (np.cumsum(kept) - kept), kept)]
    return padded
