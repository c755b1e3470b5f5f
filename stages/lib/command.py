"""The command line that all stages share: `python -m stages.<verb> <name>`."""

import errno
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext

from stages.lib import process
from stages.lib.config import InputError

process.end_with_parent()  # now: when a stage's work begins, it has imported TensorFlow for seconds

POSSIBLE = re.compile("[a-z0-9_-]{1,100}")
REMEDIES = {
    errno.ENOSPC: "free some space and run it again; what was finished before is kept",
    errno.EDQUOT: "free some space and run it again; what was finished before is kept",
    errno.EROFS: "work in a copy of the repository that can be written to",
    errno.EACCES: "give yourself the permission, or work in a copy of the repository",
}


def run(main: Callable[[str], None]) -> None:
    """Call `main` with the one argument of the command line, while no other process does."""
    spec = sys.modules["__main__"].__spec__
    module = spec.name.removesuffix(".__main__") if spec else "stages.<verb>"
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m {module} <name>, where <name> is an entry of params.yaml")
    name = sys.argv[1]

    def alone() -> None:
        # what no entry can be named is no path either: `main` refuses it
        stage = f"{module.removeprefix('stages.')}@{name}" if POSSIBLE.fullmatch(name) else None
        with process.only(stage) if stage else nullcontext():
            main(name)

    guard(alone)


def guard(work: Callable[[], None]) -> None:
    """Do `work`; input that it refuses ends the process with one line instead of a traceback."""
    try:
        work()
    except InputError as refused:
        sys.exit(f"error: {refused}")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        remedy = f"; {REMEDIES[error.errno]}" if error.errno in REMEDIES else ""
        sys.exit(f"error: {where}{error.strerror or error}{remedy}")
    except KeyboardInterrupt:
        sys.exit("interrupted")


def one_of(name: str, names: Iterable[str], section: str) -> str:
    """`name`, if it is an entry of the section; otherwise the refusal lists the entries."""
    known = sorted(names)
    if name not in known:
        raise InputError(f"{name!r} is not in {section} of params.yaml, which has: {', '.join(known)}")
    return name
