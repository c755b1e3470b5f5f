"""All that is asked of DVC beside its command line: what a pipeline looks like, what of it is out of date,
one stage run in a clone.

`get_active_graph`, `plan_repro`, `collect_stages`, `StageNotFound`, `load_file`, `DataCloud` and the methods
of stages are not DVC's public interface: tests/tools/spread/test_through_dvc.py says which of them a release
of DVC has changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stages.runtime import files
from stages.runtime.config import InputError
from stages.study.params import one_of

LOCK, PIPELINE = "dvc.lock", "dvc.yaml"
# kinds of remotes for which DVC needs a package that it does not bring along, and requirements.lock has not
EXTRAS = {"azure", "gdrive", "gs", "hdfs", "oss", "s3", "ssh", "webdav", "webhdfs"}
WEB = {"http", "https"}
TRIAL = "seqstudy-trial"  # a file in the remote, beside the folders that DVC makes there
Hashes = set[Any]


@dataclass(frozen=True)
class Result:
    """What DVC leaves to Git of a stage that ran.

    entry: the stage's in dvc.lock. kept: the bytes of its files that are outs with `cache: false`, by their
    paths from the root.
    """

    entry: dict[str, Any]
    kept: dict[str, bytes]


@dataclass(frozen=True)
class Store:
    """DVC's default remote.

    packages: that DVC needs for it, beside those that it brings along. folder: where it is, if it is one.
    unfit: why machines that know of the commit only can't use it.
    """

    packages: list[str]
    folder: Path | None
    unfit: str | None


@dataclass(frozen=True)
class Pipeline:
    """Stages in the order in which `dvc repro` goes through them.

    upstream: for each stage, those that it depends on; kept: its outs that are left to Git (`cache: false`),
    paths from the root; reads: the paths that it depends on, from the root.
    """

    upstream: dict[str, list[str]]
    kept: dict[str, list[str]]
    reads: dict[str, list[str]]

    def after(self, names: Collection[str]) -> set[str]:
        """Stages, and all that depend on them."""
        reached = set(names)
        for name, before in self.upstream.items():
            if reached.intersection(before):
                reached.add(name)
        return reached


@contextmanager
def opened(root: Path, cache: str | None = None, wait: bool = False) -> Iterator[Any]:
    """DVC's repository at `root`, which is the working folder meanwhile, since DVC looks for names of
    stages there. Its complaints are InputErrors. cache: a folder that it takes for its cache; wait: for its
    lock as long as another DVC has it, not for three seconds only."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo  # takes 0.9 s

    try:
        config = {"cache": {"dir": cache}} if cache else None
        with chdir(root), Repo(config=config, _wait_for_lock=wait) as repo:
            yield repo
    except DvcException as error:
        cause = f": {error.__cause__}" if isinstance(error.__cause__, DvcException) else ""
        raise InputError(f"DVC: {' '.join(f'{error}{cause}'.split())}") from None


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """While this process alone may write dvc.lock: `dvc repro` beside it locks its repository, too, when it
    writes the file. Not to be nested, nor used where `repo.lock` is held: a process waits for its own lock as
    for another's, for ever."""
    with opened(root, wait=True) as repo, repo.lock:
        yield


def pipeline(repo: Any, targets: Sequence[str] = ()) -> Pipeline:
    """The targets' stages (all, if there are none) and what they depend on."""
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
    from dvc.stage.exceptions import StageNotFound

    active = get_active_graph(repo.index.graph)
    try:
        stages = plan_repro(active, collect_stages(repo, targets or [PIPELINE]))
    except StageNotFound as error:
        one_of(error.name, {stage.addressing: stage for stage in repo.index.stages}, "stages")
        raise
    return Pipeline(
        {stage.addressing: [other.addressing for other in active.successors(stage)] for stage in stages},
        {
            stage.addressing: [from_root(repo, out) for out in stage.outs if not out.use_cache]
            for stage in stages
        },
        {stage.addressing: [from_root(repo, dep) for dep in stage.deps] for stage in stages},
    )


def left_to_git(repo: Any) -> list[str]:
    """The outs of all stages that DVC leaves to Git (`cache: false`), paths from the root."""
    return [from_root(repo, out) for out in repo.index.outs if not out.use_cache]


def from_root(repo: Any, entry: Any) -> str:
    """The path of a dep or an out, in the repository or outside of it."""
    path = Path(entry.fs_path)
    return path.relative_to(repo.root_dir).as_posix() if path.is_relative_to(repo.root_dir) else str(path)


def outdated(repo: Any, pipe: Pipeline, remote: bool, among: Collection[str] | None = None) -> set[str]:
    """The stages that differ from dvc.lock, or whose outs are nowhere, and all that depend on these.

    remote: whether outs may also lie in DVC's remote. among: the stages that are looked at; default: all.
    """
    stages = named(repo, pipe.upstream if among is None else among)
    with repo.lock:
        changed = {name for name, stage in stages.items() if stage.changed(allow_missing=True)}
        elsewhere = {name: stages[name] for name in set(stages) - changed if not at_hand(stages[name])}
        absent = missing(repo, elsewhere) if remote else set(elsewhere)
    return pipe.after(changed | absent)


def at_hand(stage: Any) -> bool:
    """Whether all outs of an unchanged stage are in the cache, where they are put if the workspace has
    them."""
    if not stage.outs_cached() and all(out.exists for out in stage.outs):
        stage.commit()
    return bool(stage.outs_cached())


def missing(repo: Any, stages: Mapping[str, Any]) -> set[str]:
    """Those of which something is neither in the cache nor in the remote."""
    used = {name: _listed(stage) for name, stage in stages.items()}
    status = repo.cloud.status(set().union(*used.values())) if used else None
    nowhere = status.missing if status else set()
    return {
        name
        for name, stage in stages.items()
        if used[name] & nowhere
        or not used[name]
        or any(not out.use_cache and not out.exists for out in stage.outs)
    }


def _listed(stage: Any) -> Hashes:
    """`objects`; none if what a folder consists of can't be found out, as nothing has its list."""
    from dvc.exceptions import DvcException

    try:
        return objects(stage)
    except DvcException:
        return set()


def named(repo: Any, names: Iterable[str]) -> dict[str, Any]:
    """The stages of these names, from one reading of dvc.yaml and dvc.lock. DVC makes a stage when it is
    looked up: all of hundreds would take seconds."""
    from dvc.dvcfile import load_file

    stages = load_file(repo, PIPELINE).stages
    return {name: stages[name] for name in names}


def objects(stage: Any) -> Hashes:
    """The hashes of all that a stage's outs consist of."""
    return set().union(*stage.get_used_objs().values())


def store(repo: Any) -> Store | None:
    """DVC's default remote, if there is one."""
    name = repo.config["core"].get("remote")
    if not name:
        return None
    url = str(repo.config["remote"].get(name, {}).get("url", ""))
    kind = urlsplit(url).scheme
    packages = [f"dvc-{kind}"] if kind in EXTRAS else []
    return Store(packages, None if kind or not url else Path(url), _unfit(repo, name, url))


def _unfit(repo: Any, name: str, url: str) -> str | None:
    from dvc.config_schema import RelPath

    committed = repo.config.load_one("repo")
    there = committed["remote"].get(name, {}).get("url")
    if committed["core"].get("remote") != name or there != url:
        return (
            f"DVC's default remote, {name} at {url}, is not the one of .dvc/config, and of settings outside "
            f"of it workers know nothing; put it there, commit and push: dvc remote add --force --default "
            f"{name} {url}"
        )
    if isinstance(there, RelPath):
        return (
            f"DVC's default remote, {name}, is a path from this checkout in .dvc/config, and leads "
            f"elsewhere from clones of workers; name all of it, commit and push: dvc remote modify {name} "
            f"url {url}"
        )
    return None


def try_writing(repo: Any) -> None:
    """Refuse a default remote that takes no file, by one without content, which is deleted again if that is
    allowed. Of the web nothing is tried."""
    odb = repo.cloud.get_remote_odb()
    if odb.fs.protocol in WEB:
        return
    trial = odb.fs.join(odb.path, TRIAL)
    try:
        odb.fs.makedirs(odb.path, exist_ok=True)
        odb.fs.pipe_file(trial, b"")
    except Exception as error:  # each kind of remote raises its library's own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"DVC's default remote, {odb.fs.unstrip_protocol(odb.path)}, can't be written to ({reason}); let "
            "it, or name another one: dvc remote add --force --default ..."
        ) from None
    with suppress(Exception):  # another worker has deleted it, or nobody may
        odb.fs.rm_file(trial)


def bring(repo: Any, names: Iterable[str], remote: bool) -> None:
    """Put the outs of stages, as dvc.lock has them, into the workspace."""
    stages = named(repo, names).values()
    with repo.lock:
        if remote:
            _fetch(repo, set().union(*map(objects, stages)))
        outs = [out for stage in stages for out in stage.outs if out.use_cache]
        if lost := [from_root(repo, out) for out in outs if out.changed_cache()]:
            raise InputError(f"DVC: {', '.join(lost)}: not in the cache{' and not in the remote' * remote}")
        for stage in stages:
            stage.checkout(force=True)


def _fetch(repo: Any, hashes: Hashes) -> None:
    if hashes and (failed := repo.cloud.pull(hashes).failed):
        raise InputError(
            f"DVC: {len(failed)} files can't be fetched from the remote, as {min(map(str, failed))}"
        )


def push(repo: Any, names: Iterable[str]) -> None:
    """Copy the outs of stages to the remote."""
    if (hashes := set().union(*map(objects, named(repo, names).values()))) and (
        failed := repo.cloud.push(hashes).failed
    ):
        raise InputError(
            f"DVC: {len(failed)} files can't be copied to the remote, as {min(map(str, failed))}"
        )


def produce(root: Path, name: str, upstream: Iterable[str], cache: str, remote: bool) -> None:
    """Run a stage as `dvc repro --single-item` does, from outs of other stages that are brought first.

    cache: the folder of DVC's cache. remote: whether outs come from DVC's remote, and go there. That is tried
    first, as they would go there after hours.
    """
    with opened(root, cache) as repo:
        if remote:
            try_writing(repo)
        bring(repo, upstream, remote)
        if remote:
            _bring_unchanged(repo, name)
        repo.reproduce([name], single_item=True)
        if remote:
            push(repo, [name])


def _bring_unchanged(repo: Any, name: str) -> None:
    """What the stage made of the same inputs before, from the remote, if it is there."""
    [stage] = named(repo, [name]).values()
    with repo.lock:
        if not stage.changed(allow_missing=True) and (hashes := _listed(stage)):
            repo.cloud.pull(hashes)


def results(root: Path, kept: Mapping[str, list[str]]) -> dict[str, Result]:
    """Of the stages that a checkout has results of, those. kept: the outs of each that are left to Git."""
    entries = locked(root)
    return {
        name: Result(entries[name], {file: (root / file).read_bytes() for file in _files(root, paths)})
        for name, paths in kept.items()
        if name in entries and all((root / path).exists() for path in paths)
    }


def _files(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """The paths from the root of files, and of those in folders."""
    for path in paths:
        inside = sorted((root / path).rglob("*")) if (root / path).is_dir() else [root / path]
        yield from (file.relative_to(root).as_posix() for file in inside if file.is_file())


def locked(root: Path) -> dict[str, Any]:
    """The entries of stages in dvc.lock."""
    from dvc.utils.serialize import load_yaml

    stages: dict[str, Any] = load_yaml(root / LOCK).get("stages", {}) if (root / LOCK).exists() else {}
    return stages


def write_new(root: Path, known: Mapping[str, Result], kept: Mapping[str, list[str]]) -> None:
    """Have a checkout know of these results, and of no others. kept: the outs of each that are left to
    Git."""
    from dvc.utils.serialize import dump_yaml

    dump_yaml(
        root / LOCK, {"schema": "2.0", "stages": {name: result.entry for name, result in known.items()}}
    )
    for name, result in known.items():
        write_kept(root, result, kept[name])


def write_kept(root: Path, result: Result, kept: Iterable[str]) -> None:
    """Write a result's files. kept: where they lie; what else is in such a folder is deleted."""
    for path in kept:
        for stale in set(_files(root, [path])) - set(result.kept):
            files.remove(root / stale)
    for path, content in result.kept.items():
        if (root / path).exists() and (root / path).read_bytes() == content:
            continue
        with files.replacing(root / path) as draft:
            draft.write_bytes(content)


def merge(root: Path, new: Mapping[str, Result], order: Sequence[str]) -> None:
    """Put entries into dvc.lock, where `writing` keeps others from it. order: of its entries, as one machine
    would have written them."""
    from dvc.utils.serialize import load_yaml, modify_yaml

    before = load_yaml(root / LOCK).get("stages", {}) if (root / LOCK).exists() else {}
    after = {**before, **{name: result.entry for name, result in new.items()}}
    names = [name for name in dict.fromkeys([*order, *after]) if name in after]
    if names == list(before) and after == before:
        return
    with modify_yaml(root / LOCK) as lock:  # by DVC's own writer, so that the bytes are its
        lock.setdefault("schema", "2.0")
        entries = lock.get("stages", {})
        for name in [name for name in new if entries.get(name) != new[name].entry]:
            entries[name] = new[name].entry
        lock["stages"] = {name: entries[name] for name in names}
