"""Keras, imported in one place: `from stages.lib.backend import keras`.

If they are installed, Keras also imports scikit-learn, matplotlib and pandas, for wrappers that are
not used here: 1.3 of 3.0 seconds (Keras 3.15, TensorFlow 2.21, 2 cores). They are hidden from it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from stages.lib.quiet import quiet

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


with _hidden(UNUSED), quiet():
    import keras as keras
