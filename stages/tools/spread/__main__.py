"""`dvc repro` over many cores and machines: each stage that would run is a task of Dask, and starts as soon
as what it depends on is done.

On one machine, as many stages run at once as there are cores (--jobs). With --scheduler they run on the
workers of a Dask scheduler, with --slurm on jobs that dask-jobqueue submits, with --kubernetes on pods of
dask-kubernetes, as their own configuration says. Workers run what is committed, and, but with --jobs, pushed,
each in a clone of its own; they need Git, the packages of requirements.lock, and the folder of DVC's cache or
DVC's default remote. dvc.lock and reports/ come out as from `dvc repro`. If this is interrupted, or killed,
start it again, in the same clone: what was finished is kept there.

--simulate says how long the stages would take on so many workers, by the seconds that they took before
(reports/timings.csv, reports/preparation.csv), and which chain of them takes longest.

Examples: python -m stages.tools.spread compare@demo
          python -m stages.tools.spread --jobs 4
          python -m stages.tools.spread --scheduler tcp://10.0.0.1:8786 compare@imdb-words
          python -m stages.tools.spread --simulate 16
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stages.runtime import command, crew, process
from stages.runtime.config import ROOT, InputError, parse
from stages.runtime.wording import clock, counted
from stages.tools.answering.options import count
from stages.tools.spread import clusters, driver, estimates, through_dvc
from stages.tools.spread.journal import Journal
from stages.tools.spread.through_dvc import Pipeline, Store

# here, before all others: they may read files that only this machine has (data/manual, tables of your own)
FIRST = {"compose", "download"}
LAST = {"samples", "summary"}  # here, after all others: an ensemble is asked with its members' models
TRAININGS = ("pretrain", "train")  # what may take hours
CONFIG = ".dvc/config"
DVC = [sys.executable, "-m", "dvc"]


def main() -> None:
    options = _options()
    if options.simulate:
        print("\n".join(simulation(options.targets, options.simulate)))
        return
    _needs_dask()
    clusters.refuse_unreachable(options.slurm, options.kubernetes)
    with process.only("spread"):
        sys.exit(spread(options))


def _options() -> argparse.Namespace:
    parser = command.parser()
    parser.add_argument(
        "targets", nargs="*", help="stages (compare@demo, train@demo-lstm, ...); default: all"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=count, metavar="N", help="stages at once, on this machine (default: its cores)"
    )
    where.add_argument("--scheduler", type=address, metavar="ADDRESS", help="of Dask, as tcp://10.0.0.1:8786")
    where.add_argument("--slurm", action="store_true", help="on SLURM; ~/.config/dask/jobqueue.yaml says how")
    where.add_argument(
        "--kubernetes", action="store_true", help="on Kubernetes (pip install dask-kubernetes)"
    )
    where.add_argument("--simulate", type=count, metavar="N", help="run nothing: how long on N workers?")
    return parser.parse_args()


def address(text: str) -> str:
    """A scheduler's. Without any, stages would run on this machine."""
    if not text.strip():
        raise InputError(
            "--scheduler: found no address; say one, as tcp://10.0.0.1:8786; is a variable unset?"
        )
    return text


def _needs_dask() -> None:
    handler = signal.getsignal(signal.SIGINT)
    try:
        for package in ("distributed", "dask_jobqueue"):
            import_module(package)
        signal.signal(signal.SIGINT, handler)  # dask_jobqueue sets one by which Ctrl-C ends with status 0
    except ModuleNotFoundError as error:
        raise InputError(
            f"spread needs {error.name}, which is not installed; requirements.lock has it: make .venv/ready, "
            "or: pip install distributed dask-jobqueue"
        ) from None


def simulation(targets: list[str], workers: int) -> list[str]:
    """What is to be said of the stages on so many workers."""
    entries = parse(ROOT / "params.yaml", "params.yaml")
    with through_dvc.opened(ROOT) as repo:
        upstream = through_dvc.pipeline(repo, targets).upstream
    known = estimates.measured(entries)
    seconds = {name: known.get(name, 0.0) + estimates.OVERHEAD for name in upstream}
    many, one = (estimates.simulated(upstream, seconds, count) for count in (workers, 1))
    unknown = [name.partition("@")[0] for name in upstream if name not in known]
    counts = [f"{unknown.count(verb)} {verb}" for verb in dict.fromkeys(unknown)]
    untimed = sum(unknown.count(verb) for verb in TRAININGS)
    least, why = ("at least ", f" (never timed: {counted(untimed, 'training')})") if untimed else ("", "")
    return [
        f"{len(upstream)} stages: {least}{clock(one.seconds)} on one worker, {least}{clock(many.seconds)} on "
        f"{workers}{why}",
        f"the longest chain takes {least}{clock(many.chain_seconds)}: {' > '.join(many.chain)}",
        f"counted are {estimates.OVERHEAD:g} s for each stage and what it took before; not measured were "
        f"{', '.join(counts) or 'none'}",
    ]


def spread(options: argparse.Namespace) -> int:
    """Run the targets; the exit code."""
    journal = Journal(ROOT, driver.git(ROOT, "rev-parse", "HEAD"))
    if line := journal.left_aside():
        print(line, file=sys.stderr, flush=True)
    with through_dvc.opened(ROOT) as repo:
        pipe = through_dvc.pipeline(repo, options.targets)
        cache, store = Path(repo.cache.local_cache_dir), through_dvc.store(repo)
        written = through_dvc.left_to_git(repo)
        refuse_uncommitted(pipe, written)
    remote = store is not None
    refuse_missing(store.packages if store else [])
    journal.put(pipe)
    journal.begin()
    todo = outdated(pipe, remote)
    if first := [name for name in pipe.upstream if name in todo and verb(name) in FIRST]:
        if code := dvc("repro", *pull(remote), *first):
            return code
        todo = outdated(pipe, remote, todo.difference(first))
    todo -= pipe.after({name for name in pipe.upstream if verb(name) in LAST})
    outcome = driver.Outcome([], {}, set())
    if todo:
        try:
            outcome = on_cluster(options, pipe, todo, cache, store, journal)
        finally:
            journal.put(pipe)
    return finish(options.targets, pipe, outcome, journal, remote)


def on_cluster(
    options: argparse.Namespace,
    pipe: Pipeline,
    todo: set[str],
    cache: Path,
    store: Store | None,
    journal: Journal,
) -> driver.Outcome:
    """Run the stages of `todo`."""
    from cloudpickle import register_pickle_by_value

    from stages.tools.spread import worker

    register_pickle_by_value(worker)  # workers need no checkout to start with
    local = not (options.scheduler or options.slurm or options.kubernetes)
    sources = git_sources(local)
    known = through_dvc.results(ROOT, pipe.kept)
    seconds, threads = measures()
    jobs = options.jobs or crew.cores()
    folder = ROOT / ".dvc" / "tmp" / "spread"
    with (
        driver.token(ROOT, cache, store) as name,
        clusters.connected(options.scheduler, options.slurm, options.kubernetes, jobs, folder) as client,
    ):
        print(
            f"{len(todo)} stages to run; what Dask does: {clusters.dashboard(client)}",
            file=sys.stderr,
            flush=True,
        )
        absence = clusters.absence(client, options.scheduler, options.slurm, options.kubernetes)
        absence.await_worker(client)
        place = driver.place(client, ROOT, cache, name, sources, store, local)
        if not place.shared:
            needed = {up for stage in todo for up in pipe.upstream[stage]} - todo
            with through_dvc.opened(ROOT) as repo:
                through_dvc.push(repo, needed)
        return driver.Driver(client, place, pipe, todo, known, journal, seconds, threads, absence).run()


def measures() -> tuple[dict[str, float], dict[str, int]]:
    """Seconds that stages took before, and the threads of those that use more than one."""
    path = ROOT / "params.yaml"
    entries: dict[str, Any] = parse(path, path.name) if path.exists() else {}
    if "recipes" not in entries:
        return {}, {}
    return estimates.measured(entries), estimates.threads(entries)


def finish(
    targets: list[str], pipe: Pipeline, outcome: driver.Outcome, journal: Journal, remote: bool
) -> int:
    """Bring everything here that was made elsewhere, and run what is left to this machine."""
    with through_dvc.opened(ROOT) as repo:
        through_dvc.bring(repo, outcome.done, remote)
    if outcome.failed:
        print(
            f"{len(outcome.failed)} of the stages failed, {len(outcome.skipped)} that need them did not run; "
            "what was finished is kept",
            file=sys.stderr,
        )
        return 1
    code = dvc("repro", "--quiet", *pull(remote), *targets)
    with through_dvc.writing(ROOT):
        through_dvc.merge(ROOT, {}, journal.order(pipe.upstream))
    journal.end()
    return code


def outdated(pipe: Pipeline, remote: bool, among: Collection[str] | None = None) -> set[str]:
    with through_dvc.opened(ROOT) as repo:
        return through_dvc.outdated(repo, pipe, remote, among)


def pull(remote: bool) -> list[str]:
    return ["--pull"] if remote else []


def dvc(*arguments: str) -> int:
    """The exit code of DVC's command line."""
    return subprocess.run([*DVC, *arguments], cwd=ROOT, check=False).returncode


def verb(name: str) -> str:
    return name.partition("@")[0]


def refuse_uncommitted(pipe: Pipeline, written: Iterable[str]) -> None:
    """Workers run what is committed: any other file of Git's that has been edited is refused, but for what
    stages write; and a new one that a stage may read. written: paths, also of stages that are no targets,
    since an earlier run has left theirs."""
    excluded = [f":(top,exclude){path}" for path in (through_dvc.LOCK, *written)]
    edited = driver.git(ROOT, "status", "--porcelain", "--untracked-files=no", "--", ".", *excluded)
    reads = {path for name, paths in pipe.reads.items() if verb(name) not in FIRST for path in paths}
    inside = sorted(
        path for path in {*reads, CONFIG} if not Path(path).is_absolute() and (ROOT / path).exists()
    )
    new = (
        driver.git(ROOT, "ls-files", "--others", "--exclude-standard", "--", *inside, *excluded)
        if inside
        else ""
    )
    lines = [line[2:].strip() for line in edited.splitlines()] + new.splitlines()
    if lines:
        more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
        raise InputError(
            f"workers run what is committed, and {', '.join(lines[:3])}{more} is not: commit first"
        )


def refuse_missing(packages: list[str]) -> None:
    """packages: that DVC needs for its remote."""
    for package in packages:
        if not find_spec(package.replace("-", "_")):
            raise InputError(
                f"DVC's default remote needs {package}, which is not installed; requirements.lock does not "
                f'have it: pip install "dvc[{package.removeprefix("dvc-")}]", here and on all workers'
            )


def git_sources(local: bool) -> list[str]:
    """Where workers may fetch the last commit from: this folder, if they see it, and the repository it
    came from."""
    if local:
        return [str(ROOT)]
    if "origin" not in driver.git(ROOT, "remote").splitlines():
        raise InputError(
            "found no Git remote called origin, from which workers clone; name it, and push: git remote add "
            "origin ... && git push --set-upstream origin HEAD"
        )
    url = driver.git(ROOT, "remote", "get-url", "origin")
    if not driver.git(ROOT, "branch", "--remotes", "--contains", "HEAD", "--list", "origin/*"):
        raise InputError(f"the last commit is not in {url}, from which workers clone: git push")
    return [str(ROOT), url]


if __name__ == "__main__":
    command.guard(main)
