"""A stage as a process of the system: never two of one stage, and none that outlives the DVC it works for."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from stages.runtime.config import ROOT, InputError

LOCKS = ROOT / "data" / ".locks"
PATIENCE = 5.0  # seconds; a stage whose DVC was killed is gone before
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def end_with_parent() -> None:
    """Have Linux end this process when DVC, which started it, ends: even a DVC that was killed.

    Otherwise a training would go on unseen, and the next `dvc repro` start another beside it.
    """
    if "DVC_STAGE" in os.environ and sys.platform == "linux":
        _killed_with_parent()
        with suppress(OSError):  # of a system that hides its processes
            if os.getppid() == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes():
                os.kill(os.getpid(), signal.SIGKILL)  # DVC ended before Linux was told


def end_with(parent: int) -> None:
    """The same for a process that the process `parent` started."""
    if sys.platform == "linux":
        _killed_with_parent()
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)  # it ended before Linux was told


def _killed_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def only(stage: str) -> Iterator[None]:
    """Refuse to work on a stage that another process works on; a lock ends with its process."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCKS / stage)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise InputError(f"{stage}: another process is at it; wait until it has ended, or end it") from None
    try:
        yield
    finally:
        lock.release()
