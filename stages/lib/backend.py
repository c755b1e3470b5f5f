"""Keras, imported in one place: `from stages.lib.backend import keras`.

If they are installed, Keras also imports scikit-learn, matplotlib and pandas, for wrappers that are
not used here: 3.8 of 8.9 seconds (Keras 3.15, TensorFlow 2.21, 2 cores). They are hidden from it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("matplotlib", "pandas", "sklearn")


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


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what TensorFlow's C++ code writes while it loads: notes on CUDA and oneDNN that no
    setting turns off. Python's exceptions are shown, as they are printed later."""
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only, once it has loaded
with _hidden(UNUSED), _quiet():
    import keras as keras
