"""How many texts each of many keys is in, counted on disk: each block of texts leaves a sorted run of its
keys, and all runs are read together, a range of keys at a time."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from stages.runtime.crew import Crew

RANGE = 1 << 22  # keys that are sorted at once, about; they take 100 MB
SAMPLE = 1 << 12  # of so many keys of a run, one says where ranges may end

Span = tuple[int, int | None]  # keys from the first to before the second, or to the last


def write_run(path: Path, keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Leave a run in a file: the keys, sorted, each once for every text that it is in; a sample of it.

    keys: int64, not negative; rows: int64, the text of each, ascending.
    """
    order = np.argsort(keys, kind="stable")  # texts stay in their order
    keys, rows = keys[order], rows[order]
    run: np.ndarray = keys[distinct(keys) | distinct(rows)]
    path.write_bytes(run.tobytes())
    return run[::SAMPLE]


def common(crew: Crew, runs: Sequence[Path], samples: Iterable[np.ndarray], texts: int) -> np.ndarray:
    """The keys that are in so many texts at least: int64, ascending."""
    parts = crew.map(partial(_common, runs, texts), _spans(samples))
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _spans(samples: Iterable[np.ndarray]) -> Iterator[Span]:
    """Ranges of about RANGE keys each, which are all keys together."""
    every = np.sort(np.concatenate([np.zeros(0, np.int64), *samples]))
    step = max(1, RANGE // SAMPLE)
    inner = np.unique(every[step::step]).tolist()
    return pairwise([0, *inner, None])


def _common(runs: Sequence[Path], texts: int, span: Span) -> np.ndarray:
    keys = np.sort(np.concatenate([np.zeros(0, np.int64), *(_within(run, span) for run in runs)]))
    starts = np.flatnonzero(distinct(keys))
    counts = np.diff(np.append(starts, len(keys)))
    enough: np.ndarray = keys[starts[counts >= texts]]
    return enough


def _within(path: Path, span: Span) -> np.ndarray:
    """The keys of a run that are in a range."""
    if not path.stat().st_size:  # nothing can be mapped
        return np.zeros(0, np.int64)
    run = np.memmap(path, np.int64, "r")
    first, behind = span
    end = len(run) if behind is None else int(np.searchsorted(run, behind))
    return np.array(run[int(np.searchsorted(run, first)) : end])


def distinct(values: np.ndarray) -> np.ndarray:
    """Where another value than before begins: bool of the same shape."""
    first: np.ndarray = np.append(True, values[1:] != values[:-1])[: len(values)]
    return first
