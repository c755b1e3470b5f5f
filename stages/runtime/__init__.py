"""The ground: files, processes, the command line, strict reading. It knows no section of params.yaml, and no
stage depends on it, since it refuses, locks and writes but never changes a number."""

import sys
from types import TracebackType

_usual = sys.excepthook


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C while modules are imported, which `command.guard` is too late for, is one word, too."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        _usual(kind, error, trace)


sys.excepthook = _told
