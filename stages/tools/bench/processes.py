"""What is measured in a process of its own: what it prints, or why it failed."""

import subprocess
from pathlib import Path

from stages.runtime.config import ROOT, InputError


def printed(what: str, command: list[str], folder: Path = ROOT, stdin: str | None = None) -> str:
    """What a command prints; `stdin` is its standard input. InputError if it fails; `what` names it there."""
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise failed(what, done.stderr)
    return done.stdout


def failed(what: str, errors: str) -> InputError:
    """errors: all that the process wrote to standard error, nothing if it was killed."""
    return InputError(f"bench {what} failed: {(errors.strip().splitlines() or ['killed'])[-1]}")
