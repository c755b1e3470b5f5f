"""How long a step took, for `make timings`: a clock never says the same twice, so DVC knows nothing of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.runtime import files
from stages.runtime.machine import processor


@contextmanager
def timed(path: Path) -> Iterator[None]:
    """Write how many seconds the block takes to a file: data/timings/<step>/<name>.json."""
    began = time.perf_counter()
    yield
    seconds = round(time.perf_counter() - began, 3)
    files.write_json(path, {"seconds": seconds, "processor": processor()})
