"""How far the stages are: a bar on a terminal, else a line for each that begins and for each that is done."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from stages.runtime.wording import clock

Left = Callable[[], float]  # seconds, roughly


class State:
    """What runs where, and what is done. count: stages in all; done: those that are through; running: where
    each of the others that have begun runs; `left` is asked when it is shown."""

    def __init__(self, count: int, left: Left) -> None:
        self.count, self.left = count, left
        self.done = 0
        self.running: dict[str, str] = {}


class Display(Protocol):
    def line(self, text: str) -> None: ...

    def update(self) -> None:
        """Show the state as it is now."""

    def began(self, name: str, on: str) -> None: ...

    def finished(self, name: str, on: str, seconds: float) -> None: ...


class Lines:
    def __init__(self, state: State) -> None:
        self.state = state

    def line(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def update(self) -> None:
        pass

    def began(self, name: str, on: str) -> None:
        self.line(f"{name} on {on}: begins")

    def finished(self, name: str, on: str, seconds: float) -> None:
        rest = f", about {clock(self.state.left())} left" if self.state.done < self.state.count else ""
        self.line(f"{name} on {on}: {clock(seconds)}; {self.state.done} of {self.state.count}{rest}")


class Bar:
    def __init__(self, state: State) -> None:
        from tqdm import tqdm

        self.state = state
        form = "{desc} |{bar}| {n_fmt} of {total_fmt}{postfix}"
        self.bar: Any = tqdm(total=state.count, bar_format=form, leave=False, dynamic_ncols=True)

    def line(self, text: str) -> None:
        self.bar.write(text, file=sys.stderr)

    def update(self) -> None:
        running = [f"{name} on {on}" for name, on in self.state.running.items()]
        more = f" and {len(running) - 2} more" if len(running) > 2 else ""
        self.bar.n, self.bar.total = self.state.done, self.state.count
        self.bar.set_description_str(", ".join(running[:2]) + more or "waiting", refresh=False)
        self.bar.set_postfix_str(f"about {clock(self.state.left())} left")

    def began(self, name: str, on: str) -> None:
        self.update()

    def finished(self, name: str, on: str, seconds: float) -> None:
        self.update()


@contextmanager
def display(state: State) -> Iterator[Display]:
    if not sys.stderr.isatty():
        yield Lines(state)
        return
    bar = Bar(state)
    with bar.bar:
        yield bar


class Pace:
    """How long stages will take, from what others took. seconds: measured before; of the others the mean
    counts."""

    def __init__(self, seconds: dict[str, float], guess: float) -> None:
        self.seconds, self.guess = seconds, guess
        self.took: dict[str, float] = {}
        self.began: dict[str, float] = {}  # of what runs, on this machine's clock

    def of(self, name: str) -> float:
        """Seconds that a stage takes, or, if it runs, has still to go."""
        total = self._total(name)
        if name not in self.began:
            return total
        return max(total - (time.monotonic() - self.began[name]), 0.0)

    def _total(self, name: str) -> float:
        if name in self.seconds:
            return self.seconds[name]
        others = [took for other, took in self.took.items() if other not in self.seconds]
        return sum(others) / len(others) if others else self.guess
