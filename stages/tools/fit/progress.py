"""`dvc repro`, and how far it is with the recipes of an experiment: a bar with the time left on a terminal,
else a line for each recipe that is through. What DVC says of its own work is left out; what stages say, and
all errors, are passed on.
"""

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from stages.runtime.config import InputError
from stages.runtime.wording import clock
from stages.tools.fit.child import running

DVC = [sys.executable, "-m", "dvc", "repro"]
# in the words of DVC 3.67, which says "Stage" of what it passes over or restores
STAGE = re.compile(r"(Running stage|Stage) '(\w+)(?:@([\w-]+))?'")
NO_NEWS = re.compile(
    r"\s*$|> exec |(Verifying|Updating|Generating) |To (track|enable) |\s+(git add|dvc config) |"
    "Use `dvc push`|Data and pipelines are up to date|"
    r"[\w-]+, seed \d+: epoch 1/1: "  # of a linear model, which there is nothing to watch of
)
EPOCH = re.compile(r"[\w-]+, seed \d+: (goes on after )?epoch \d+/\d+")
OWN = ["train", "evaluate"]  # a recipe's own stages; DVC may run others' in between
LAST = "evaluate"  # the one after which it is through
LOCKED = re.compile(r"Unable to acquire lock|is busy, it is being blocked by")
TRIES, PAUSE = 5, 10.0  # seconds before another try, where another DVC command has the lock
MOST = 0.95  # of its share, of a recipe that takes longer than it should


class Recipes:
    """Which recipes are through, and about how long the others will take; of several `repro`, one after the
    other.

    shares: the seconds that the stages of each were guessed to take, which are corrected by those that the
    first ones took. Times are in seconds since the start.
    """

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.shares = shares
        self.through: list[str] = []
        self.took: dict[str, float] = {}  # seconds, of recipes of which a stage has run
        self.stage = ("", "")  # that runs: its verb and its entry
        self._began = 0.0  # that stage

    def note(self, line: str, now: float) -> str | None:
        """Take a line of DVC's; the recipe that is through by what it says."""
        stage = STAGE.match(line)
        if not stage:
            return None
        ended = self.end(now)
        verb, entry = stage[2], stage[3] or ""
        if stage[1] == "Running stage":
            self.stage, self._began = (verb, entry), now
        elif verb == LAST and entry in self.shares and entry not in self.through:
            self.through.append(entry)
        return ended

    def end(self, now: float) -> str | None:
        """The stage that ran has ended; the recipe that is through with it."""
        verb, entry = self.stage
        self.took = self._spent(now)
        self.stage = ("", "")
        if verb != LAST or entry not in self.shares:
            return None
        self.through.append(entry)
        return entry

    def stop(self) -> None:
        """The stage that ran has failed."""
        self.stage = ("", "")

    def done(self, now: float) -> float:
        """Of the sum of the shares, the part that is through."""
        spent, pace = self._spent(now), self._pace
        return sum(
            share if recipe in self.through else min(spent.get(recipe, 0.0) / pace, MOST * share)
            for recipe, share in self.shares.items()
        )

    def left(self, now: float) -> float:
        """Seconds, roughly."""
        return (sum(self.shares.values()) - self.done(now)) * self._pace

    def _spent(self, now: float) -> dict[str, float]:
        """As `took`, with the stage that runs."""
        verb, entry = self.stage
        if verb not in OWN or entry not in self.shares:
            return self.took
        return self.took | {entry: self.took.get(entry, 0.0) + now - self._began}

    @property
    def _pace(self) -> float:
        """By how much recipes take longer than was guessed."""
        trained = [recipe for recipe in self.through if recipe in self.took]
        guessed = sum(self.shares[recipe] for recipe in trained)
        return max(sum(self.took[recipe] for recipe in trained), 1e-3) / guessed if guessed else 1.0


class Display(Protocol):
    """Where lines and the state of the recipes are shown."""

    def line(self, text: str, stream: IO[str]) -> None: ...

    def state(self, through: str | None, now: float) -> None:
        """through: the recipe that just got there."""


class Lines:
    """For files and pipes: a line for each recipe, so none for its epochs."""

    def __init__(self, recipes: Recipes) -> None:
        self.recipes = recipes

    def line(self, text: str, stream: IO[str]) -> None:
        if not EPOCH.match(text):
            print(text, file=stream, flush=True)

    def state(self, through: str | None, now: float) -> None:
        if through:
            count, all_of_them = len(self.recipes.through), len(self.recipes.shares)
            left = f"; about {clock(self.recipes.left(now))} left" if count < all_of_them else ""
            took = clock(self.recipes.took[through])
            print(f"{through}: done in {took} ({count} of {all_of_them}){left}", flush=True)


class Bar:
    """For a terminal; lines appear above it."""

    def __init__(self, recipes: Recipes) -> None:
        from tqdm import tqdm

        form = "{desc} |{bar}|{postfix}"  # tqdm puts a comma before the last
        self.recipes = recipes
        self.bar: Any = tqdm(
            total=sum(recipes.shares.values()), bar_format=form, leave=False, dynamic_ncols=True
        )

    def line(self, text: str, stream: IO[str]) -> None:
        self.bar.write(text, file=stream)

    def state(self, through: str | None, now: float) -> None:
        verb, entry = self.recipes.stage
        count = f"{len(self.recipes.through)} of {len(self.recipes.shares)} recipes"
        self.bar.n = self.recipes.done(now)
        self.bar.set_description_str(f"{count}; {verb} {entry}" if verb else count, refresh=False)
        self.bar.set_postfix_str(f"about {clock(self.recipes.left(now))} left")


def repro(targets: Sequence[str], recipes: Recipes) -> None:
    """Run what the targets need, and go on with it where another DVC command had the lock.

    recipes: of all that is to come, not of these targets alone.

    Raises InputError if a stage fails, whose own line is passed on before.
    """
    start = time.monotonic()
    with display(recipes) as shown_at:
        for left in reversed(range(TRIES)):
            failed, locked = once(targets, recipes, shown_at, start)
            if not locked:
                break
            if left:
                shown_at.line("another DVC command has the lock; trying again", sys.stderr)
                time.sleep(PAUSE)
    if locked:
        raise InputError(
            f"dvc repro {' '.join(targets)}: found DVC's lock taken {TRIES} times, allowed: one DVC command "
            "at a time; wait for the other, or end it, then run the same command again, it goes on"
        )
    if failed:
        raise InputError(f"dvc repro {' '.join(targets)} failed, see above; what was finished is kept")


def once(targets: Sequence[str], recipes: Recipes, shown_at: Display, start: float) -> tuple[bool, bool]:
    """Run it: whether it failed, and whether that was for DVC's lock, of which nothing is passed on."""
    locked = False
    with running([*DVC, *targets]) as (process, lines):
        for line in lines:
            through = None
            if line and line[1] is sys.stdout:
                through = recipes.note(line[0], time.monotonic() - start)
            if line and line[1] is sys.stderr:
                locked = locked or bool(LOCKED.search(line[0]))
            if line and news(*line) and not locked:
                shown_at.line(*line)
            shown_at.state(through, time.monotonic() - start)
        if process.wait() == 0:
            now = time.monotonic() - start
            shown_at.state(recipes.end(now), now)
    recipes.stop()
    return process.returncode != 0, locked and process.returncode != 0


def news(text: str, stream: IO[str]) -> bool:
    return stream is sys.stderr or not (STAGE.match(text) or NO_NEWS.match(text))


@contextmanager
def display(recipes: Recipes) -> Iterator[Display]:
    if not sys.stderr.isatty():
        yield Lines(recipes)
        return
    bar = Bar(recipes)
    with bar.bar:
        yield bar
