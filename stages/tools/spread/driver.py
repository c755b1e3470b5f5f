"""The stages as tasks of Dask: each is submitted once what it depends on is done, and its result kept."""

import hashlib
import os
import pickle
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from stages.artifacts.provenance import LIBRARIES
from stages.runtime.config import InputError
from stages.runtime.crew import Absence
from stages.runtime.machine import processor
from stages.tools.spread.display import Display, Pace, State, display
from stages.tools.spread.estimates import OVERHEAD, simulated, urgency
from stages.tools.spread.journal import Journal
from stages.tools.spread.through_dvc import Pipeline, Result, Store, opened, try_writing

TICK = 1.0  # seconds
ATTEMPTS = 10  # of a stage, each after one that failed while no driver was there
TOKEN = "spread-of-"  # how the names of tokens begin
PUBLISHED = "seqstudy "  # how the names begin by which a scheduler, which others may use, knows our tasks
# environment variables that numbers depend on: of Keras and its backends, of libraries' threads, of hashes
PREFIXES = (
    *("KERAS_", "TF_", "XLA_", "JAX_", "CUDA_", "OMP_", "MKL_", "OPENBLAS_", "KMP_", "PYTHONHASHSEED"),
    "MALLOC_TRIM_THRESHOLD_",  # which Dask sets
)


@dataclass
class Outcome:
    """What became of the stages. failed: the line of each that did; skipped: those that depend on them."""

    done: list[str]
    failed: dict[str, str]
    skipped: set[str]


def versions(lock: Path, others: Iterable[str]) -> dict[str, str | None]:
    """Python's, and of the packages that requirements.lock names, as far as they are installed here; of
    libraries that models' certificates name if they are; and of others."""
    from stages.tools.spread import worker

    pins = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
    names = {
        line.partition("==")[0].partition("[")[0] for line in pins if "==" in line and line[:1].isalnum()
    }
    return worker.versions(dict.fromkeys(["Python", *sorted(names | {*LIBRARIES, *others})]))


@contextmanager
def token(root: Path, cache: Path, store: Store | None) -> Iterator[str]:
    """A file in the cache and in .dvc/tmp, for as long as the block takes, by which workers know them. It is
    taken away, too, from where `probe` puts it."""
    name = f"{TOKEN}{secrets.token_hex(8)}"
    places = [cache, root / ".dvc" / "tmp"]
    everywhere = [*([store.folder] if store and store.folder else []), *places]
    for old in [*places[-1].glob(f"{TOKEN}*")]:  # of a driver that was killed
        _take_away(old.name, everywhere)
    try:
        for folder in places:
            _leave(name, folder)
        yield name
    finally:
        _take_away(name, everywhere)


def _leave(name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


def _take_away(name: str, folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it is not there, or nothing can be written there
            (folder / name).unlink()


def probe(store: Store, name: str) -> None:
    """Refuse a remote that workers can't use, or that this machine can't write to. name: a token's, which is
    left there, if it is a folder, so that workers know it."""
    if store.unfit:
        raise InputError(store.unfit)
    try:
        if store.folder:
            _leave(name, store.folder)
    except OSError as error:
        raise InputError(
            f"DVC's default remote, {store.folder}, can't be written to ({error.strerror}), and "
            "workers, which do not see DVC's cache, are to leave there what they make; let them, or name "
            "another remote"
        ) from None


def place(
    client: Any,
    root: Path,
    cache: Path,
    name: str,
    sources: list[str],
    store: Store | None,
    local: bool,
) -> Any:
    """What workers are told (`worker.Place`), of whom one is there, by which it sees whether the cache is
    shared. name: the token's."""
    from stages.tools.spread import worker

    seen = client.run(worker.sees, str(cache), name).values()
    shared = all(seen) if seen else not store
    if not shared and not store:
        raise InputError(
            f"workers do not see DVC's cache, {cache}, and DVC has no default remote; give it one that all "
            "of them reach, and commit .dvc/config: dvc remote add --default ..."
        )
    if store and not shared:
        probe(store, name)
        if not store.folder:
            with opened(root) as repo:
                try_writing(repo)
    commit = git(root, "rev-parse", "HEAD")
    return worker.Place(
        study=hashlib.sha256(sources[-1].encode()).hexdigest()[:12],
        commit=commit,
        sources=sources,
        root=str(root),
        cache=str(cache),
        token=name,
        shared=shared,
        remote=store is not None,
        store=str(store.folder) if store and store.folder and not shared else "",
        environment={
            key: value
            for key, value in os.environ.items()
            if key.startswith(PREFIXES) and key != worker.DEVICES
        },
        prefixes=PREFIXES,
        versions=versions(root / "requirements.lock", store.packages if store and not shared else ()),
        local=local,
        resource=f"threads at {commit[:12]} {checkout(root)}",
        checkout=checkout(root),
        topic=f"seqstudy {secrets.token_hex(4)}",
    )


def checkout(root: Path) -> str:
    """A name that no other checkout has whose driver is at the same scheduler. A driver that takes the place
    of one that was killed has its."""
    return hashlib.sha256(f"{socket.gethostname()} {root}".encode()).hexdigest()[:8]


def git(root: Path, *arguments: str) -> str:
    """What Git says."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"git {arguments[0]}: {' '.join(done.stderr.split())[:200]}")
    return done.stdout.strip()


class Shipped:
    """A function that is sent to workers with the module that it is from, which they do not have."""

    def __init__(self, function: Callable[[], object]) -> None:
        from cloudpickle import dumps

        self.pickled = dumps(function)

    def __reduce__(self) -> tuple[object, ...]:
        return pickle.loads, (self.pickled,)

    def __call__(self) -> object:
        return pickle.loads(self.pickled)()


class Driver:
    """Submits stages to a cluster and takes their results.

    todo: the stages of `pipe` to run. threads: how many a stage uses, if more than one. known: results of
    stages that have been run. absence: what is said while there is no worker.
    """

    def __init__(
        self,
        client: Any,
        place: Any,
        pipe: Pipeline,
        todo: set[str],
        known: dict[str, Result],
        journal: Journal,
        seconds: dict[str, float],
        threads: Mapping[str, int],
        absence: Absence,
    ) -> None:
        self.client, self.place, self.pipe, self.journal = client, place, pipe, journal
        self.known, self.threads, self.absence = known, threads, absence
        self.upstream = {
            name: [up for up in pipe.upstream[name] if up in todo] for name in pipe.upstream if name in todo
        }
        self.pace = Pace(seconds, OVERHEAD)
        self.state = State(len(self.upstream), self.left)
        self.outcome = Outcome([], {}, set())
        self.workers: dict[str, int] = {}  # threads that a stage on each may use, by its address; 0: refused
        self.news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.warned: set[str] = set()
        self.urgency = urgency(self.upstream, {name: self.pace.of(name) for name in self.upstream})
        self.asked: dict[str, int] = {}  # threads that each stage waits for, or runs on
        self.again: set[str] = set()  # stages that run again, as they had failed before
        self.left_over: set[object] = set()  # names of what drivers that were killed have left, and others

    def left(self) -> float:
        """Seconds until all is done, roughly."""
        waiting = {name: before for name, before in self.upstream.items() if name not in self.ended}
        seconds = {name: self.pace.of(name) for name in waiting}
        if not waiting:
            return 0.0
        slots = sum(threads for threads, _ in self.live().values())
        return simulated(waiting, seconds, max(slots, 1)).seconds

    def live(self) -> dict[str, tuple[int, int]]:
        """How many stages each worker runs at once, and how many threads one of them may use: of those that
        may work, and that Dask has not lost. By address."""
        there = self.client.scheduler_info(n_workers=-1)["workers"]
        return {
            address: (there[address]["nthreads"], wide)
            for address, wide in self.workers.items()
            if wide and address in there
        }

    @property
    def ended(self) -> set[str]:
        return {*self.outcome.done, *self.outcome.failed, *self.outcome.skipped}

    def run(self) -> Outcome:
        """Run everything. What a stage that fails is needed for is left out."""
        from stages.tools.spread import worker

        self.client.subscribe_topic(self.place.topic, lambda event: self.news.put(("event", event[1])))
        self.client.register_plugin(worker.Admission(self.place))
        for _, event in self.client.get_events(self.place.topic) or ():  # before the scheduler heard of us
            self.news.put(("event", event))
        with display(self.state) as screen, self.submitted() as running:
            sorter = TopologicalSorter(self.upstream)
            sorter.prepare()
            self.await_worker(screen)
            while sorter.is_active():
                for name in sorter.get_ready():
                    if any(
                        up in self.outcome.failed or up in self.outcome.skipped for up in self.upstream[name]
                    ):
                        self.outcome.skipped.add(name)
                        self.state.count -= 1
                        sorter.done(name)
                    else:
                        running[name] = self.submit(name)
                self.narrow(running)
                if not (ended := self.next(running, screen)):
                    continue
                if self.failed_before(ended, running[ended]):
                    screen.line(f"{ended}: had failed before this command saw it begin; runs again")
                    self.again.add(ended)
                    self.give_up(running.pop(ended))
                    running[ended] = self.submit(ended)
                else:
                    self.take(ended, running.pop(ended), screen)
                    sorter.done(ended)
        return self.outcome

    def await_worker(self, screen: Display) -> None:
        """Wait for one that may work; InputError if all have been refused."""
        while not any(self.workers.values()):
            self.next({}, screen)
            if self.workers and len(self.workers) >= len(self.client.scheduler_info(n_workers=-1)["workers"]):
                if any(self.workers.values()):
                    return
                raise InputError("no worker can be used, see above")

    @contextmanager
    def submitted(self) -> Iterator[dict[str, Any]]:
        """Futures by stage; they are given up at the end, but if this process is killed, Dask goes on with
        them."""
        running: dict[str, Any] = {}
        self.left_over = {*self.client.list_datasets()}
        try:
            yield running
        finally:
            for future in running.values():
                self.give_up(future)
            self.client.unregister_worker_plugin(self.place.resource)

    def key(self, name: str, facts: str) -> str:
        """Of a stage's task. It names the attempt, too: the last one that a driver that was killed has left,
        or the one after that, if that has failed. facts: all that the result depends on."""

        def of(attempt: int) -> str:
            stamp = facts if attempt == 0 else f"{facts} {attempt}"
            return f"{name}-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"

        left = [attempt for attempt in range(ATTEMPTS) if f"{PUBLISHED}{of(attempt)}" in self.left_over]
        return of(max(left, default=0) + (name in self.again))

    def give_up(self, future: Any) -> None:
        self.client.unpublish_dataset(f"{PUBLISHED}{future.key}")
        future.cancel()

    def width(self) -> int:
        """The most threads that a stage may use on any worker; 0: there is none."""
        return max((wide for _, wide in self.live().values()), default=0)

    def narrow(self, running: dict[str, Any]) -> None:
        """Ask anew for what asks for more threads than any worker has left, since it would wait for ever."""
        width = self.width()
        for name in [name for name in running if self.asked[name] > width > 0]:
            self.give_up(running[name])
            running[name] = self.submit(name)

    def failed_before(self, name: str, future: Any) -> bool:
        """Whether a stage has failed for a driver that was killed, and not for this one, which never saw it
        begin. What it failed for may be mended, so it runs again, once."""
        return future.status == "error" and name not in self.pace.began and name not in self.again

    def submit(self, name: str) -> Any:
        """A task whose key names all that its result depends on, and which Dask keeps if this process is
        killed: the next driver of this checkout gets the same task."""
        from stages.tools.spread import worker

        upstream = self.pipe.upstream[name]
        known = {other: self.known[other] for other in (*upstream, name) if other in self.known}
        kept = {other: self.pipe.kept[other] for other in (*upstream, name)}
        job = worker.Job(name, upstream, kept, pickle.dumps(known))
        self.asked[name] = asked = min(self.threads.get(name, 1), max(self.width(), 1))
        place = self.place
        facts = place.resource, place.cache, place.shared, place.environment, sorted(known.items()), asked
        future = self.client.submit(
            Shipped(partial(worker.run, job, self.place)),
            key=self.key(name, repr(facts)),
            resources={self.place.resource: asked},
            priority=self.urgency[name],
        )
        self.client.publish_dataset(future, name=f"{PUBLISHED}{future.key}", override=True)
        future.add_done_callback(lambda ended: self.news.put(("done", (name, ended.key))))
        return future

    def next(self, running: Mapping[str, Any], screen: Display) -> str | None:
        """The next stage that has ended, if one does within a second."""
        screen.update()
        if line := self.absence.due_line(len(self.live())):
            screen.line(line)
        try:
            kind, news = self.news.get(timeout=TICK)
        except Empty:
            return None
        if kind == "done":
            name, key = news
            return name if name in running and running[name].key == key else None
        if "stage" in news:
            if news["stage"] in running:
                self.started(news["stage"], news["on"], screen)
            return None
        if news["refused"] and self.workers.get(news["address"]) != 0:
            screen.line(f"worker {news['on']} is not used: {news['refused']}")
        self.workers[news["address"]] = news["threads"]
        return None

    def started(self, name: str, on: str, screen: Display) -> None:
        self.state.running[name] = on
        self.pace.began[name] = time.monotonic()
        screen.began(name, on)

    def take(self, name: str, future: Any, screen: Display) -> None:
        """A stage that ended: its result, or why it failed."""
        self.state.running.pop(name, None)
        self.pace.began.pop(name, None)
        if error := future.exception():
            self.outcome.failed[name] = line = failure(name, error)
            self.state.count -= 1
            screen.line(f"error: {line}")
        else:
            answer = future.result()
            self.known[name] = result = pickle.loads(answer["result"])
            self.journal.add(name, result)
            self.outcome.done.append(name)
            self.pace.took[name] = answer["seconds"]
            self.state.done += 1
            screen.finished(name, answer["on"], answer["seconds"])
            self.compare(answer["processor"], answer["on"], screen)
        self.give_up(future)

    def compare(self, there: str, on: str, screen: Display) -> None:
        """Say once of each other kind of processor that what it computes may differ."""
        if there != processor() and there not in self.warned:
            self.warned.add(there)
            screen.line(
                f"note: {on} is {there}, this is {processor()}; their trainings may differ in the last digits"
            )


def failure(name: str, error: BaseException) -> str:
    """One line that says why a stage failed."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return (
            f"{name}: {error.allowed_failures + 1} workers were lost at it; do they have too little memory?"
        )
    text = " ".join(str(error).split())
    return text if text.startswith(name) else f"{name}: {text or type(error).__name__}"
