"""TensorFlow without the notes that it writes while it loads."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Import TensorFlow in this block: its C++ code's notes on CUDA and oneDNN, which no setting turns
    off, are dropped. Python's exceptions are shown, as they are printed later."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only, once it has loaded
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
