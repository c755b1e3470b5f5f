"""The command line that all stages and tools share: `--help` from a module's docstring, errors in one
line."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType

from stages.runtime.config import InputError

REMEDIES = {
    errno.ENOSPC: "free some space and run it again; what was finished before is kept",
    errno.EDQUOT: "free some space and run it again; what was finished before is kept",
    errno.EROFS: "work in a copy of the repository that can be written to",
    errno.EACCES: "give yourself the permission, or work in a copy of the repository",
}


def parser() -> argparse.ArgumentParser:
    """A parser for the module that was started, whose docstring is its help."""
    main = sys.modules["__main__"]
    text = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(f"python -m {name(main)}", description=main.__doc__, formatter_class=text)


def name(main: ModuleType) -> str:
    """ "stages.train" of the module that was started."""
    return main.__spec__.name.removesuffix(".__main__") if main.__spec__ else "stages.<name>"


def printable(text: str) -> str:
    """Without what moves a terminal's cursor or changes its colors: a space stands for it."""
    if text.isprintable():
        return text
    return text.translate({ord(c): " " for c in set(text) if not c.isprintable()})


def guard(work: Callable[[], None]) -> None:
    """Do `work`; input that it refuses ends the process with one line instead of a traceback."""
    try:
        work()
        sys.stdout.flush()
    except InputError as refused:
        sys.exit(f"error: {refused}")
    except BrokenPipeError:  # what reads the output has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        remedy = f"; {REMEDIES[error.errno]}" if error.errno in REMEDIES else ""
        sys.exit(f"error: {where}{error.strerror or error}{remedy}")
    except KeyboardInterrupt:  # a shell tells by the status that it was no failure, and ends its own loop
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
