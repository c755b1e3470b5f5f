"""params.yaml: read, and checked as a whole before any work."""

from pathlib import Path
from typing import Any

from stages.runtime.config import ROOT, InputError, nearest, parse
from stages.study.schema import check

PARAMS = ROOT / "params.yaml"


def params(path: Path = PARAMS) -> dict[str, Any]:
    """All of params.yaml, checked."""
    try:
        entries = parse(path, path.name)
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing; write it with: python -m stages.compose") from None
    check(entries)
    return entries


def one_of(name: str, entries: dict[str, Any], section: str) -> str:
    """`name`, if the section has such an entry; otherwise the refusal names the nearest ones."""
    if name not in entries:
        raise InputError(f"{section} of params.yaml has no {name!r}; {nearest(name, entries)}")
    return name
