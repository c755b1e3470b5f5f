"""Keras, imported in one place: `from stages.lib.backend import keras`, with the process set up for it.

If they are installed, Keras also imports scikit-learn, matplotlib and pandas, for wrappers that are
not used here: 1.3 of 3.0 seconds (Keras 3.15, TensorFlow 2.21, 2 cores). They are hidden from it.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from stages.lib.quiet import quiet

UNUSED = ("matplotlib", "pandas", "sklearn")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # <malloc.h>


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Make modules that are not imported yet look as if they were not installed."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: "not installed"
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _keep_memory() -> None:
    """Have glibc keep what is freed, for the next batch, instead of giving it back to the system.

    An LSTM's arrays are tens of MB a batch; asking for them anew costs as much as computing them (an
    epoch of 4,000 reviews: 10.5 s with 3 million page faults, 5.2 s with a thousand).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:  # glibc
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


# One thread an operation: the two directions of a recurrent layer then run side by side, a core each,
# which is faster than each on both cores in turn, and sums do not depend on how many cores there are.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
_keep_memory()

with _hidden(UNUSED), quiet():
    import keras as keras
