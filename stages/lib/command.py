"""The command line that all stages share: `python -m stages.<verb> <name>`."""

import sys
from collections.abc import Callable, Iterable

from stages.lib.config import InputError


def run(main: Callable[[str], None]) -> None:
    """Call `main` with the one argument of the command line."""
    if len(sys.argv) != 2:
        spec = sys.modules["__main__"].__spec__
        module = spec.name.removesuffix(".__main__") if spec else "stages.<verb>"
        sys.exit(f"usage: python -m {module} <name>, where <name> is an entry of params.yaml")
    guard(lambda: main(sys.argv[1]))


def guard(work: Callable[[], None]) -> None:
    """Do `work`; input that it refuses ends the process with one line instead of a traceback."""
    try:
        work()
    except InputError as refused:
        sys.exit(f"error: {refused}")
    except OSError as error:  # no such file, no space left, no permission
        sys.exit(f"error: {error.filename or ''}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit("interrupted")


def one_of(name: str, names: Iterable[str], section: str) -> str:
    """`name`, if it is an entry of the section; otherwise the refusal lists the entries."""
    known = sorted(names)
    if name not in known:
        raise InputError(f"{name!r} is not in {section} of params.yaml, which has: {', '.join(known)}")
    return name
