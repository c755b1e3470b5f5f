"""How a stage starts: `python -m stages.<verb> <name> [values]`.

DVC writes the values that a stage reads from params.yaml into its command: `${item}` in dvc.yaml becomes
`--model.units 32 ...`. So it parses params.yaml once, not once for each stage (60 ms a time), a changed or
reordered value is a changed command, and dvc.lock says what each out was made with. The stage reads
params.yaml itself and compares: an edit made while DVC runs is refused.
"""

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from stages.runtime import command, process
from stages.runtime.config import InputError
from stages.study.composition import outdated
from stages.study.params import one_of, params

POSSIBLE = re.compile("[a-z0-9_-]{1,200}")
VALUES = "what DVC adds: the values of params.yaml"
FORGOTTEN = "note: conf/ has changed since params.yaml was composed, which is read: python -m stages.compose"


def run(section: str, main: Callable[[str, dict[str, Any]], None], *values: str) -> None:
    """Call `main` with the name on the command line, an entry of the section, and params.yaml, while no other
    process is at it.

    values: where in params.yaml the values are that dvc.yaml puts into the command, as "recipes.{name}".
    """
    parser = command.parser()
    parser.add_argument("name", help=f"an entry of {section} in params.yaml")
    parser.add_argument("values", nargs="*", default=[], help=VALUES)
    [name], words = command_line(parser, 1)
    verb = command.name(sys.modules["__main__"]).removeprefix("stages.")

    def alone() -> None:
        # what no entry can be named is no path either: it is refused below
        with process.only(f"{verb}@{name}") if POSSIBLE.fullmatch(name) else nullcontext():
            entries = params()
            one_of(name, at(entries, section), section)
            compare(words, entries, [value.format(name=name) for value in values])
            note_forgotten(entries)
            main(name, entries)

    command.guard(alone)


def run_whole(main: Callable[[dict[str, Any]], None], *values: str) -> None:
    """The same for a stage that there is only one of."""
    parser = command.parser()
    parser.add_argument("values", nargs="*", default=[], help=VALUES)
    _, words = command_line(parser, 0)
    verb = command.name(sys.modules["__main__"]).removeprefix("stages.")

    def alone() -> None:
        with process.only(verb):
            entries = params()
            compare(words, entries, values)
            note_forgotten(entries)
            main(entries)

    command.guard(alone)


def command_line(parser: argparse.ArgumentParser, names: int) -> tuple[list[str], list[str]]:
    """As many names as a stage has, and the values after them, which argparse would take for options."""
    words = sys.argv[1:]
    if words[names:] in (["-h"], ["--help"]):
        parser.parse_args(["--help"])
    parser.parse_args(words[:names])
    return words[:names], words[names:]


def compare(words: list[str], entries: dict[str, Any], places: list[str] | tuple[str, ...]) -> None:
    """Refuse values that are not those of params.yaml (any more). None are given by hand."""
    now = [word for place in places for word in arguments(at(entries, place))]
    if words and words != now:
        pairs = zip(words, now, strict=False)
        changed = next((f"{a} is now {b}" for a, b in pairs if a != b), "their number")
        raise InputError(f"params.yaml has changed since DVC read it ({changed}); run dvc repro again")


def note_forgotten(entries: dict[str, Any]) -> None:
    """Say on standard error that conf/ is newer. In `dvc repro` the stage `compose` refuses that beforehand;
    by hand, with `-s`, or when conf/ is edited meanwhile, the stage goes on."""
    try:
        forgotten = outdated(entries)
    except InputError:  # edited, and not yet right
        forgotten = True
    if forgotten:
        print(FORGOTTEN, file=sys.stderr)


def at(entries: dict[str, Any], place: str) -> Any:
    """The part of params.yaml at a place: "recipes.demo-lstm.model"."""
    for key in place.split("."):
        entries = entries[key]
    return entries


def arguments(entry: dict[str, Any], prefix: str = "--") -> list[str]:
    """A mapping as DVC puts it into a command, cut into words as a shell does.

    {"units": [32, 16], "dropout": {"dense": 0.5}, "mask": False} -> --units 32 16 --dropout.dense 0.5
    """
    words: list[str] = []
    for key, value in entry.items():
        if isinstance(value, dict):
            words += arguments(value, f"{prefix}{key}.")
        elif isinstance(value, bool):
            words += [f"{prefix}{key}"] if value else []
        elif value != []:
            words += [f"{prefix}{key}", *map(str, value if isinstance(value, list) else [value])]
    return words
