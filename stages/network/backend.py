"""Keras, imported in one place: `from stages.network.backend import keras`, with the process set up for it.

If they are installed, Keras also imports scikit-learn, matplotlib and pandas, for wrappers that are
not used here: 1.3 of 3.0 seconds (Keras 3.15, TensorFlow 2.21, 2 cores). They are hidden from it.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stages.runtime.quiet import quiet

UNUSED = ("matplotlib", "pandas", "sklearn")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # <malloc.h>
OPERATIONS = 2  # that run side by side, as the two directions of a recurrent layer


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


def threads(operation: int) -> None:
    """How many threads one operation of TensorFlow uses, whatever the number of cores: sums are cut into as
    many parts, so the bits of a convolution's gradient depend on it.

    Only before its first operation, so where a process starts; later calls change nothing.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with suppress(RuntimeError):  # it has begun
            tf.config.threading.set_intra_op_parallelism_threads(operation)
            tf.config.threading.set_inter_op_parallelism_threads(OPERATIONS)


def described() -> str:
    """Keras's backend and the devices that it computes on: "tensorflow on cpu:0"."""
    return f"{keras.backend.backend()} on {', '.join(keras.distribution.list_devices())}"


_keep_memory()

with _hidden(UNUSED), quiet():
    import keras as keras
