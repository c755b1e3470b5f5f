"""Work on a corpus block by block, shared among processes: of this machine, or of a Dask cluster.

What comes out may not depend on where one block ends and the next begins, nor on who worked on it.
"""

import hashlib
import os
import platform
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from math import inf
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from stages.runtime.config import ROOT, InputError

SCHEDULER = "SEQSTUDY_SCHEDULER"  # a Dask scheduler's address; its workers must see the repository's folder
PATIENCE = 30.0  # seconds for a scheduler to answer, and for a first worker to come
AGAIN = 300.0  # seconds until it is said again that there is no worker
TICK = 1.0  # seconds
BLOCK = 1 << 22  # characters
FEW = 2  # blocks: a process that gets fewer takes longer to start than it saves
AHEAD = 2  # blocks that wait for each process, so that none is idle
CODE = ("runtime", "tokenization", "tokenizers")  # folders of the code that works on blocks
LIBRARIES = ("numpy", "tokenizers")  # and what else their results depend on
UNREAD = "deserialization of the task graph"  # how Dask's scheduler says that it can't import something

Item = TypeVar("Item")
Result = TypeVar("Result")
Block = tuple[int, list[str]]  # the row of the first text, from 0; the texts


@dataclass(frozen=True)
class Crew:
    """Who works on blocks, and how large they are.

    executor: runs functions of modules in other processes; None: the work is done in this one.
    workers: how many processes, or threads of a cluster, there are.
    block: how many characters a block has, at least; only the last one has fewer.
    place: the folder in which `folder` makes others; None: where the system keeps temporary files.
    """

    executor: Executor | None = None
    workers: int = 1
    block: int = field(default_factory=lambda: BLOCK)
    place: Path | None = None

    def blocks(self, texts: Iterable[str]) -> Iterator[Block]:
        """The texts, in their order."""
        first, gathered, characters = 0, list[str](), 0
        for text in texts:
            gathered.append(text)
            characters += len(text) + 1  # a million empty texts are a block, too
            if characters >= self.block:
                yield first, gathered
                first, gathered, characters = first + len(gathered), [], 0
        if gathered:
            yield first, gathered

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What `work` makes of each, in their order; few of them are in memory at once."""
        if self.executor is None:
            yield from map(work, items)
            return
        waiting = deque[Future[Result]]()
        try:
            for item in items:
                waiting.append(self.executor.submit(work, item))
                if len(waiting) > AHEAD * self.workers:
                    yield self.outcome(waiting.popleft())
            while waiting:
                yield self.outcome(waiting.popleft())
        except BrokenExecutor:
            raise InputError(
                "a process that shared the work was ended from outside, often for lack of memory; make room "
                "and run it again"
            ) from None
        finally:
            for future in waiting:
                future.cancel()

    def outcome(self, future: Future[Result]) -> Result:
        """What comes of work that has been given away."""
        return future.result()

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder for files that the processes leave each other; it is gone afterwards."""
        with TemporaryDirectory(dir=self.place) as name:
            yield Path(name)


ALONE = Crew()


class Absence:
    """Says, while work waits for workers of Dask and there are none, that it does. line: what is said."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.due = time.monotonic() + PATIENCE

    def due_line(self, workers: int) -> str | None:
        """The line, if it is time for it. workers: how many there are now."""
        now = time.monotonic()
        if workers:
            self.due = now + PATIENCE
        if now < self.due:
            return None
        self.due = now + AGAIN
        return self.line

    def say(self, workers: int) -> None:
        if line := self.due_line(workers):
            print(line, file=sys.stderr, flush=True)

    def await_worker(self, client: Any, patience: float = inf) -> None:
        """Wait until there is one, or for so many seconds."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=TICK)
                return
            self.say(0)


@dataclass(frozen=True)
class State:
    """Of a process that works on blocks. code: `_code` of what it runs; versions: of what blocks depend on
    beside it; sees: whether it sees a folder of the process that hands out the blocks."""

    code: str
    versions: dict[str, str]
    sees: bool


def state(folder: str) -> State:
    """Of this process."""
    versions = {name: version(name) for name in LIBRARIES}
    return State(LOADED or _code(), {"Python": platform.python_version(), **versions}, _sees(Path(folder)))


def _sees(folder: Path) -> bool:
    try:
        return folder.exists()
    except OSError:  # in one of somebody else's, say, before Python 3.12
        return False


def _code() -> str:
    """A hash of the code that works on blocks, as it is on disk."""
    package = Path(__file__).parents[1]
    files = sorted(file for folder in CODE for file in (package / folder).rglob("*.py"))
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()


# a worker of Dask goes on with the code that it has imported, whatever is written since
LOADED = _code() if "distributed" in sys.modules else None


@dataclass(frozen=True)
class Cluster(Crew):
    """The workers of a Dask cluster. What goes wrong there, and not in the work, is an InputError.

    address: the scheduler's; client: of it.
    """

    address: str = ""
    client: Any = None

    @cached_property
    def absence(self) -> Absence:
        return Absence(
            f"{SCHEDULER}: found no worker at {self.address}, waiting for one; start it in {ROOT}: "
            f"python -m distributed.cli.dask_worker {self.address}"
        )

    @cached_property
    def known(self) -> set[str]:
        """Addresses of workers that may work."""
        return set()

    def refuse_strangers(self) -> None:
        """Refuse workers that can't import this project, for which Dask would wait without end, and those of
        which something else would come: of other code or packages, or in another folder. Those that come
        later are looked at when the next block is through."""
        new = [address for address in self.client.nthreads() if address not in self.known]
        if not new:
            return
        with self.folder() as token:
            here = state(str(token))
            try:
                self.client.run(import_module, __name__, workers=new)
                every = self.client.run(state, str(token), workers=new).values()
            except ModuleNotFoundError as error:
                raise self._strange(error.name) from None
            except Exception as error:
                if AttributeError.__name__ not in str(error):  # as Dask tells of code that has no `state` yet
                    raise
                raise self._stale() from None
        for there in every:
            if there.code != here.code:
                raise self._stale()
            if there.versions != here.versions:
                theirs, ours = (
                    ", ".join(f"{name} {of}" for name, of in each.versions.items()) for each in (there, here)
                )
                raise self._refused(
                    f"whose workers have {theirs} (here {ours}); start them with what is here"
                )
            if not there.sees:
                raise self._refused(f"whose workers do not see {self.place}; start them where they do")
        self.known.update(new)

    def outcome(self, future: Future[Result]) -> Result:
        while not wait([future], timeout=TICK).done:
            with suppress(OSError):  # of a scheduler that is lost, which the future tells, too
                self.absence.say(len(self.client.nthreads()))
        result = future.result()
        self.refuse_strangers()
        return result

    def _refused(self, what: str) -> InputError:
        return InputError(f"{SCHEDULER}: found {self.address}, {what}")

    def _stale(self) -> InputError:
        return self._refused(f"whose workers run other code than {ROOT}; start them anew")

    def _strange(self, name: str | None) -> InputError:
        lacks = f" (no {name})" if name else ""
        return self._refused(
            f"where this project, or a package that it needs, is not found{lacks}; start scheduler and "
            f"workers in {ROOT}, or with PYTHONPATH={ROOT}, with the packages of requirements.lock"
        )

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        from distributed import KilledWorker
        from distributed.client import ClosedClientError

        try:
            yield from super().map(work, items)
        except KilledWorker as error:
            raise self._refused(
                f"which lost {error.allowed_failures + 1} of its workers at one block, often for lack of "
                "memory; make room and run it again"
            ) from None
        except (CancelledError, ClosedClientError):
            raise self._refused("which is lost; start it anew, with workers, and run it again") from None
        except (ModuleNotFoundError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and UNREAD not in str(error):
                raise
            raise self._strange(getattr(error, "name", None)) from None


@contextmanager
def crew(place: Path, characters: int) -> Iterator[Crew]:
    """A process for each core of this machine that pays for so many characters, or the workers of the Dask
    cluster that the environment names.

    place: the folder in which its folders are made, whose cleaning is another's business if this is killed.
    """
    workers = min(cores(), characters // (FEW * BLOCK))
    if address := os.environ.get(SCHEDULER):
        with _client(address) as client:
            threads = sum(client.nthreads().values())
            executor = client.get_executor(pure=False)
            working = Cluster(executor, max(1, threads), place=place, address=address, client=client)
            # some clusters start workers once there is work
            working.absence.await_worker(client, PATIENCE)
            working.refuse_strangers()
            yield working
    elif workers < 2:
        yield Crew(place=place)
    else:
        # no fork: threads of the libraries run already
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start)
        try:
            yield Crew(pool, workers, place=place)
        finally:
            pool.shutdown(cancel_futures=True)


def _client(address: str) -> Any:
    """Of the Dask scheduler at an address; InputError if none answers there."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError(
            f"{SCHEDULER}: found {address}, which needs {error.name}, and no such package; requirements.lock "
            f"has it: make .venv/ready, or: unset {SCHEDULER}"
        ) from None
    try:
        return Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{SCHEDULER}: found {address}, where no scheduler answers ({type(error).__name__}); start one "
            f"with: dask scheduler, or work without it: unset {SCHEDULER}"
        ) from None


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start() -> None:
    """What each process does first."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a core has one process already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; who started them says so, once
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = parent_process()
    assert parent
    connection.wait([parent.sentinel])
    os._exit(1)
