"""What `dvc repro` would run, and why.

First the stages that changed themselves and what changed, then those that follow from them. What ran before
with the same inputs, DVC takes from its cache instead of running it; this does not look there.

Examples: python -m stages.tools.plan
          python -m stages.tools.plan train@demo-lstm compare@demo
"""

import re
import shlex
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

from stages.runtime import command
from stages.runtime.config import ROOT, InputError, nearest, parse
from stages.study.composition import outdated
from stages.study.params import params

FEW = 5  # stages that a line names; of more it names three
LONG = 60  # letters of a value; of a longer list only what differs is shown
LOCK = "dvc.lock"
READINGS, PAUSE = 5, 0.3  # of dvc.lock, which a run writes anew where it stands; seconds between them
REPEATING = ("compose",)  # stages that make what they made before: this one says only that params.yaml fits
T = TypeVar("T")
Upstream = Mapping[str, Collection[str]]  # the stages that a stage depends on, by its name


@dataclass(frozen=True)
class Planned:
    """A stage that would run: for reasons of its own, or only because it comes after others."""

    name: str
    reasons: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def verb(self) -> str:
        return self.name.partition("@")[0]

    def general(self, reason: str) -> str:
        """A reason as it is told of several stages: "data/models/<name> deleted"."""
        _, _, key = self.name.partition("@")
        return re.sub(rf"(?<![\w-]){re.escape(key)}(?![\w-])", "<name>", reason) if key else reason


def main() -> None:
    parser = command.parser()
    parser.add_argument("targets", nargs="*", help="stages (train@demo-lstm, train, ...); default: all")
    parser.add_argument("--all", action="store_true", help="a line for each stage, those that follow too")
    options = parser.parse_args()
    if outdated(params()):
        print(
            "note: params.yaml was composed from another conf/ or requirements.lock; dvc repro would stop, "
            "so first run: python -m stages.compose",
            file=sys.stderr,
        )
    planned = plan(ROOT, options.targets)
    print("\n".join(every(planned) if options.all else summary(planned)))


def plan(root: Path, targets: Collection[str] = ()) -> list[Planned]:
    """The stages that would run for the targets (all, if there are none), in an order in which they could."""
    for left in reversed(range(READINGS)):
        try:
            return read_once(root, targets)
        except BrokenLockError:
            time.sleep(PAUSE if left else 0)
    raise InputError(
        f"{LOCK}: found none that is whole in {READINGS} readings, so a run is writing it, or it is damaged; "
        f"wait for the run, or bring it back with: git checkout {LOCK}"
    )


class BrokenLockError(Exception):
    """dvc.lock can't be read, or was written meanwhile."""


def read_once(root: Path, targets: Iterable[str]) -> list[Planned]:
    """`plan`, from one reading of dvc.lock."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo  # takes 0.2 s

    try:
        with Repo(str(root)) as repo:  # whose lock is not taken: a dvc repro may be running
            lock = root / LOCK
            stages = unwritten(lock, lambda: {stage.addressing: stage for stage in repo.index.stages})
            return changed(stages, targets, lock)
    except DvcException as error:
        if LOCK in str(error):
            raise BrokenLockError from None
        raise InputError(f"DVC: {error}") from None


def unwritten(lock: Path, read: Callable[[], T]) -> T:
    """What is read while nobody writes to the lock, a half of which may look like a whole."""
    before = _state(lock)
    content = read()
    if _state(lock) != before:
        raise BrokenLockError
    return content


def _state(lock: Path) -> tuple[int, int] | None:
    """What differs once a file has been written to."""
    try:
        about = lock.stat()
    except FileNotFoundError:
        return None
    return about.st_mtime_ns, about.st_size


def changed(stages: Mapping[str, Any], targets: Iterable[str], lock: Path) -> list[Planned]:
    """`plan` for DVC's stages by their names."""
    before = upstream(stages)
    state = State(lock)
    planned: dict[str, Planned] = {}
    for name in needed(targets, before):
        after = tuple(other for other in before[name] if other in planned and other not in REPEATING)
        outs = [out.fs_path for other in before[name] if other in planned for out in stages[other].outs]
        if (reasons := tuple(state.reasons(stages[name], outs))) or after:
            planned[name] = Planned(name, reasons, after)
    return list(planned.values())


def upstream(stages: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each stage those whose outs it depends on. (DVC's own graph takes 0.3 s longer.)"""
    makers = {out.fs_path: name for name, stage in stages.items() for out in stage.outs}
    inside: dict[str, list[str]] = {}  # a folder -> who makes it, or something in it
    for path, name in makers.items():
        for place in (path, *map(str, Path(path).parents)):
            inside.setdefault(place, []).append(name)
    before = {}
    for name, stage in stages.items():
        above = [str(place) for dep in stage.deps for place in Path(dep.fs_path).parents]
        names = [makers[place] for place in above if place in makers]
        names += [maker for dep in stage.deps for maker in inside.get(dep.fs_path, [])]
        before[name] = list(dict.fromkeys(names))
    return before


def needed(targets: Iterable[str], upstream: Upstream) -> list[str]:
    """The names of the targets' stages and of all that they depend on, these first."""
    names = {name for target in targets for name in _named(target, upstream)} or set(upstream)
    waiting = list(names)
    while waiting:
        new = set(upstream[waiting.pop()]) - names
        names |= new
        waiting += new
    return [name for name in TopologicalSorter(upstream).static_order() if name in names]


def _named(target: str, names: Collection[str]) -> list[str]:
    """The stages that a target means: one, or all of a verb."""
    if meant := [name for name in names if target in (name, name.partition("@")[0])]:
        return meant
    known = {*names, *(name.partition("@")[0] for name in names)}
    raise InputError(f"dvc.yaml has no stage {target!r}; {nearest(target, known)}")


class State:
    """How stages differ from what dvc.lock holds. What many depend on is hashed once."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock
        self._known: dict[tuple[type, str, str], dict[str, Any]] = {}

    def reasons(self, stage: Any, outs: Collection[str]) -> Iterator[str]:
        """Why DVC would run a stage, were it not for what planned stages make (`outs`, their paths)."""
        if stage.cmd and not any(entry.hash_info for entry in [*stage.deps, *stage.outs]):
            yield "never ran"
            return
        if stage.cmd and stage.cmd_changed:
            if stage.addressing not in self._commands:
                raise BrokenLockError
            yield from values(self._commands[stage.addressing], stage.cmd)
        words: dict[str, list[str]] = {}
        for entry in stage.deps:
            if not any(_overlap(entry.fs_path, out) for out in outs):
                self._look(entry, words)
        for entry in stage.outs:
            self._look(entry, words)
        in_cache = [str(out) for out in stage.outs if out.use_cache]
        yield from (f"{', '.join(together(paths, in_cache))} {word}" for word, paths in words.items())

    def _look(self, entry: Any, words: dict[str, list[str]]) -> None:
        """Put a dep or out that differs to DVC's word for how: {"modified": ["a.py", "b.py"]}."""
        key = (type(entry), entry.fs_path, str(entry.hash_info))
        if key not in self._known:
            self._known[key] = entry.status()
        for path, state in self._known[key].items():
            # of params.yaml each section that a stage reads
            for name, word in state.items() if isinstance(state, dict) else [(path, state)]:
                words.setdefault(word, []).append(name)

    @cached_property
    def _commands(self) -> dict[str, str]:
        """The command that each stage was last run with, by its name."""
        try:
            stages = unwritten(self._lock, lambda: parse(self._lock, self._lock.name)["stages"])
            return {name: str(entry.get("cmd")) for name, entry in stages.items()}
        except (InputError, KeyError, AttributeError):  # it was whole when DVC read it
            raise BrokenLockError from None


def together(paths: list[str], outs: list[str]) -> list[str]:
    """Paths, several outs as one if none of them is left out: in a fresh clone evaluations miss five each."""
    if len(outs) < 2 or not set(outs) <= set(paths):
        return paths
    return [*(path for path in paths if path not in outs), "all outs"]


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies in the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def values(before: str, now: str) -> Iterator[str]:
    """How the values in a stage's command differ: "model.units 32, now 64"."""
    (program, old), (program_now, new) = parsed(before), parsed(now)
    if program != program_now:
        yield f"command {program}, now {program_now}"
    pairs = [(key, old.get(key), new.get(key)) for key in {**old, **new}]
    yield from (value(*pair) for pair in pairs if pair[1] != pair[2])
    if program == program_now and old == new:
        yield "values in another order"


def parsed(line: str) -> tuple[str, dict[str, list[str]]]:
    """A command's words before its values, and its values by their names."""
    program: list[str] = []
    entries: dict[str, list[str]] = {}
    words = program
    for word in shlex.split(line):
        if word.startswith("--"):
            words = entries.setdefault(word[2:], [])
        else:
            words.append(word)
    return " ".join(program), entries


def value(key: str, old: list[str] | None, new: list[str] | None) -> str:
    """How the words of one value differ; they are None where the command does not name it."""
    if not old and not new:  # what is true has no words, what is false is not named
        return f"{key} {'true, now false' if new is None else 'false, now true'}"
    if old is None or new is None:
        return f"{key} {_short(new or old or [])} is {'gone' if new is None else 'new'}"
    if sorted(old) == sorted(new):
        return f"{key} in another order"
    if len(old) == len(new) == 1 or len(" ".join([*old, *new])) <= LONG:
        return f"{key} {_short(old)}, now {_short(new)}"
    gone = [word for word in old if word not in new]
    come = [word for word in new if word not in old]
    parts = [f"{how} {_short(words)}" for how, words in (("without", gone), ("with", come)) if words]
    return f"{key} {' and '.join(parts)}"


def _short(words: list[str]) -> str:
    text = shlex.join(words)
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."


def every(planned: Iterable[Planned]) -> list[str]:
    """A line for each stage: why, or after which others."""
    lines = [f"{stage.name}: {'; '.join(stage.reasons) or f'after {_few(stage.after)}'}" for stage in planned]
    return lines or ["nothing to do"]


def summary(planned: Collection[Planned]) -> list[str]:
    """A line for the stages of a verb that changed for the same reasons, one for all that follow."""
    groups: dict[tuple[str, ...], list[Planned]] = {}
    for stage in planned:
        if stage.reasons:
            groups.setdefault((stage.verb, *map(stage.general, stage.reasons)), []).append(stage)
    lines = []
    for (_, *reasons), group in groups.items():
        same = reasons if len(group) > 1 else group[0].reasons
        lines.append(f"{_few([stage.name for stage in group])}: {'; '.join(same)}")
    following = [stage for stage in planned if not stage.reasons]
    if len(following) <= FEW:
        follow = [stage.name for stage in following]
    else:
        verbs = [stage.verb for stage in following]
        follow = [f"{verbs.count(verb)} {verb}" for verb in dict.fromkeys(verbs)]
    return [*lines, *([f"then {', '.join(follow)}"] if follow else [])] or ["nothing to do"]


def _few(names: Collection[str]) -> str:
    """Names, the first three if there are many."""
    first = [*names][: len(names) if len(names) <= FEW else 3]
    return ", ".join(first) + (f" and {len(names) - len(first)} more" if len(first) < len(names) else "")


if __name__ == "__main__":
    command.guard(main)
