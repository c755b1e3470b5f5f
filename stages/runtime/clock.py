"""How long a step took, for `make timings`: a clock never says the same twice, so DVC knows nothing of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from stages.runtime import files
from stages.runtime.config import ROOT
from stages.runtime.machine import processor


@contextmanager
def timed(step: str, name: str) -> Iterator[None]:
    """Write how many seconds the block takes to data/timings/<step>/<name>.json."""
    began = time.perf_counter()
    yield
    seconds = round(time.perf_counter() - began, 3)
    path = ROOT / "data" / "timings" / step / f"{name}.json"
    files.write_json(path, {"seconds": seconds, "processor": processor()})
