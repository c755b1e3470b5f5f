"""What is asked of DVC that is not its public interface: where one of these fails, a release has changed
it."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.runtime import files
from stages.runtime.config import InputError
from stages.tools.spread import through_dvc
from stages.tools.spread.journal import Journal
from stages.tools.spread.through_dvc import Result
from tests.tools.spread.machines import until
from tests.tools.spread.toy import BEFORE, Toy, toy

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # DVC's

NAMES = {
    "dvc.config_schema": ["RelPath"],
    "dvc.dvcfile": ["load_file"],
    "dvc.repo.reproduce": ["collect_stages", "get_active_graph", "plan_repro"],
    "dvc.stage.exceptions": ["StageNotFound"],
    "dvc.utils.serialize": ["dump_yaml", "load_yaml", "modify_yaml"],
}
METHODS = {  # and the arguments that are given by name
    "dvc.config.Config.load_one": [],
    "dvc.dvcfile.ProjectFile.stages": [],
    "dvc.stage.Stage.changed": ["allow_missing"],
    "dvc.stage.Stage.checkout": ["kwargs"],
    "dvc.stage.Stage.commit": [],
    "dvc.stage.Stage.outs_cached": [],
    "dvc.stage.Stage.get_used_objs": [],
    "dvc.output.Output.changed_cache": [],
    "dvc.data_cloud.DataCloud.pull": ["objs"],
    "dvc.data_cloud.DataCloud.push": ["objs"],
    "dvc.data_cloud.DataCloud.status": ["objs"],
    "dvc.cachemgr.CacheManager.local_cache_dir": [],
    "dvc.repo.Repo.__init__": ["config", "_wait_for_lock"],
    "dvc.repo.Repo.reproduce": [],
}


@pytest.mark.parametrize("module", NAMES)
def test_dvc_has_the_functions_that_spread_uses(module: str) -> None:
    there = vars(__import__(module, fromlist=["x"]))
    assert not [name for name in NAMES[module] if name not in there], "see stages/tools/spread/through_dvc.py"


@pytest.mark.parametrize("path", METHODS)
def test_dvc_has_the_methods_that_spread_uses(path: str) -> None:
    module, kind, name = path.rsplit(".", 2)
    method = getattr(getattr(__import__(module, fromlist=["x"]), kind), name, None)
    assert method, f"{path} is gone; see stages/tools/spread/through_dvc.py"
    if METHODS[path]:
        assert set(METHODS[path]) <= set(inspect.signature(method).parameters), path


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return toy(tmp_path_factory.mktemp("dvc") / "toy")


def test_a_pipeline_has_a_part_for_each_target(fresh: Toy) -> None:
    with through_dvc.opened(fresh.root) as repo:
        pipe = through_dvc.pipeline(repo)
        part = through_dvc.pipeline(repo, ["judge-a"])
    assert {name: set(before) for name, before in pipe.upstream.items()} == {
        name: set(before) for name, before in BEFORE.items()
    }
    assert pipe.kept["total"] == ["reports/total.json"]
    assert pipe.reads["judge-b"] == ["step.py", "data/train-b/text.txt", "reports/train-b.json"]
    assert [*part.upstream] == ["start", "train-a", "judge-a"]
    assert pipe.after({"train-a"}) == {"train-a", "judge-a", "total"}


@pytest.mark.slow
def test_what_is_out_of_date_is_what_dvc_would_run(fresh: Toy) -> None:
    with through_dvc.opened(fresh.root) as repo:
        pipe = through_dvc.pipeline(repo)
        assert through_dvc.outdated(repo, pipe, remote=False) == set(BEFORE)
    ran = re.findall("Running stage '(.*)'", fresh.dvc("repro"))
    assert [*pipe.upstream] == ran, "in the order in which DVC runs them"
    with through_dvc.opened(fresh.root) as repo:
        assert through_dvc.outdated(repo, pipe, remote=False) == set()
    files.remove(fresh.root / "data" / "train-a")  # DVC has it in its cache
    with through_dvc.opened(fresh.root) as repo:
        assert through_dvc.outdated(repo, pipe, remote=False) == set()
        through_dvc.bring(repo, ["train-a"], remote=False)
    assert (fresh.root / "data" / "train-a" / "text.txt").exists()
    with (
        fresh.edited("reports/train-a.json", lambda text: text + "x"),
        through_dvc.opened(fresh.root) as repo,
    ):
        assert through_dvc.outdated(repo, pipe, remote=False) == {"train-a", "judge-a", "total"}
        assert through_dvc.outdated(repo, pipe, remote=False, among={"start", "train-b"}) == set()


@pytest.mark.slow
def test_what_lies_in_the_remote_is_not_out_of_date(fresh: Toy, tmp_path: Path) -> None:
    fresh.dvc("repro", "--quiet")
    fresh.dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    with through_dvc.opened(fresh.root) as repo:
        pipe = through_dvc.pipeline(repo)
        assert through_dvc.store(repo) == through_dvc.Store([], tmp_path / "remote", None)
        through_dvc.push(repo, ["start", "train-a", "judge-a"])
    for folder in ("data", ".dvc/cache"):
        files.remove(fresh.root / folder)
    with through_dvc.opened(fresh.root) as repo:
        assert through_dvc.outdated(repo, pipe, remote=False) == set(BEFORE)
        assert through_dvc.outdated(repo, pipe, remote=True) == {"train-b", "judge-b", "total"}
        through_dvc.bring(repo, ["train-a"], remote=True)
        assert (fresh.root / "data" / "train-a" / "text.txt").exists()
        with pytest.raises(InputError, match=r"data/judge-b\.txt: not in the cache and not in the remote"):
            through_dvc.bring(repo, ["judge-b"], remote=True)


def test_a_target_that_there_is_not_is_refused_with_those_that_there_are(fresh: Toy) -> None:
    nearest = "^there is no stage 'jugde-a'; there are judge-a, judge-b, start, total, train-a, train-b$"
    with pytest.raises(InputError, match=nearest), through_dvc.opened(fresh.root) as repo:
        through_dvc.pipeline(repo, ["train-a", "jugde-a"])


def bare(root: Path, *settings: str) -> Path:
    """A folder in which DVC works, without Git and without stages."""
    (root / ".dvc").mkdir(parents=True)
    lines = ["[core]", "no_scm = true", "analytics = false", *settings]
    (root / ".dvc" / "config").write_text("\n".join(lines), encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("url", "packages"),
    [("ssh://one/srv", ["dvc-ssh"]), ("s3://bucket/x", ["dvc-s3"]), ("https://x", []), ("/mnt/store", [])],
)
def test_a_remote_says_which_package_dvc_needs_for_it(tmp_path: Path, url: str, packages: list[str]) -> None:
    folder = Path(url) if url.startswith("/") else None
    with through_dvc.opened(bare(tmp_path / "repo", *default(url))) as repo:
        assert through_dvc.store(repo) == through_dvc.Store(packages, folder, None)
    with through_dvc.opened(bare(tmp_path / "none")) as repo:
        assert through_dvc.store(repo) is None


def default(url: str) -> list[str]:
    """Settings of DVC's core, and after it, by which this is the default remote."""
    return ["remote = store", "['remote \"store\"']", f"url = {url}"]


@pytest.mark.parametrize(
    ("committed", "local", "reason"),
    [
        (["/srv/a"], None, None),
        ([], "/srv/a", "is not the one of .dvc/config, .*: dvc remote add --force --default store /srv/a$"),
        (["/srv/b"], "/srv/a", "store at /srv/a, is not the one of .dvc/config"),
        (["../a"], None, r"is a path from this checkout .*: dvc remote modify store url /.*/repo/a$"),
        (["../a"], "../a", r"is a path from this checkout"),
    ],
)
def test_a_remote_that_workers_elsewhere_cannot_find_is_unfit_for_them(
    tmp_path: Path, committed: list[str], local: str | None, reason: str | None
) -> None:
    """They have what is committed, in clones of their own."""
    root = bare(tmp_path / "repo", *(line for url in committed for line in default(url)))
    if local:
        lines = ["[core]", *default(local)]
        (root / ".dvc" / "config.local").write_text("\n".join(lines), encoding="utf-8")
    with through_dvc.opened(root) as repo:
        store = through_dvc.store(repo)
    assert store
    if reason is None:
        assert store.unfit is None
    else:
        assert re.search(reason, str(store.unfit)), store.unfit


def test_a_remote_that_takes_no_file_is_refused_with_the_reason_and_one_that_does_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for url in (f"{tmp_path}/file/x", f"{tmp_path}/store", "https://x.invalid"):
        with through_dvc.opened(bare(tmp_path / url.replace("/", "_"), *default(url))) as repo:
            if "file" in url:
                with pytest.raises(InputError, match=r"file/x.*, can't be written to \(.*Not a directory"):
                    through_dvc.try_writing(repo)
            else:
                through_dvc.try_writing(repo)  # of the web nothing is tried
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    with through_dvc.opened(tmp_path / f"{tmp_path}/store".replace("/", "_")) as repo:
        odb = repo.cloud.get_remote_odb()
        monkeypatch.setattr(type(odb.fs), "pipe_file", without_credentials)
        with pytest.raises(InputError, match=r"can't be written to \(Unable to locate credentials\); let it"):
            through_dvc.try_writing(repo)
    with pytest.raises(InputError, match="Unable to locate credentials"):  # a worker, before the stage runs
        through_dvc.produce(Path(repo.root_dir), "no stage", [], repo.cache.local_cache_dir, remote=True)


def without_credentials(*_: object) -> None:
    raise RuntimeError("Unable to locate\ncredentials")  # a library's own kind of error


COMMIT = "0" * 40
ENTRIES = {name: {"cmd": name, "outs": [{"path": f"{name}.txt", "md5": "0" * 32}]} for name in "abcd"}


def test_results_are_put_into_the_lock_in_the_order_of_one_machine(tmp_path: Path) -> None:
    bare(tmp_path)
    through_dvc.merge(tmp_path, {"c": Result(ENTRIES["c"], {})}, [])
    journal = Journal(tmp_path, COMMIT)
    journal.begin()
    pipe = through_dvc.Pipeline({name: [] for name in "abcd"}, {name: [] for name in "abcd"}, {})
    for name in "db":  # as they came back
        journal.add(name, Result(ENTRIES[name], {f"{name}.json": name.encode()}))
    Journal(tmp_path, COMMIT).put(pipe)  # another process
    assert [*through_dvc.locked(tmp_path)] == ["c", "b", "d"]
    journal.add("a", Result(ENTRIES["a"], {}))
    journal.put(pipe)
    assert [*through_dvc.locked(tmp_path)] == ["c", "a", "b", "d"]
    assert through_dvc.locked(tmp_path) == ENTRIES
    assert (tmp_path / "b.json").read_bytes() == b"b"
    journal.end()
    assert journal.results() == {}


def test_a_run_of_the_last_stages_alone_leaves_the_lock_as_it_is(tmp_path: Path) -> None:
    """Before the first run there is no journal, and no result to put anywhere."""
    bare(tmp_path)
    through_dvc.merge(tmp_path, {name: Result(ENTRIES[name], {}) for name in "abcd"}, [])
    before = (tmp_path / "dvc.lock").read_bytes()
    Journal(tmp_path, COMMIT).put(through_dvc.Pipeline({"c": [], "d": ["c"]}, {"c": [], "d": []}, {}))
    assert (tmp_path / "dvc.lock").read_bytes() == before


ANOTHER = """
import time
from pathlib import Path
from dvc.repo import Repo
from dvc.utils.serialize import modify_yaml
with Repo() as repo, repo.lock, modify_yaml("dvc.lock") as lock:
    Path("has read").touch()
    time.sleep(4)
    lock["stages"]["d"] = {"cmd": "d"}
"""


@pytest.mark.slow
def test_what_another_dvc_writes_into_the_lock_meanwhile_is_kept(tmp_path: Path) -> None:
    """However long it takes: DVC itself would give up after three seconds."""
    through_dvc.merge(bare(tmp_path), {"a": Result(ENTRIES["a"], {})}, [])
    journal = Journal(tmp_path, COMMIT)
    journal.begin()
    journal.add("b", Result(ENTRIES["b"], {}))
    pipe = through_dvc.Pipeline({"b": []}, {"b": []}, {})
    with subprocess.Popen([sys.executable, "-c", ANOTHER], cwd=tmp_path) as other:
        until(lambda: (tmp_path / "has read").exists() or other.poll() is not None)
        journal.put(pipe)
    assert other.returncode == 0
    assert set(through_dvc.locked(tmp_path)) == {"a", "b", "d"}


def test_a_result_of_an_interrupted_run_does_not_replace_what_was_made_since(tmp_path: Path) -> None:
    journal = Journal(tmp_path, COMMIT)
    journal.begin()
    journal.add("a", Result(ENTRIES["a"], {}))
    newer = {**ENTRIES["a"], "cmd": "newer"}
    through_dvc.merge(tmp_path, {"a": Result(newer, {})}, [])
    assert journal.results() == {}


def test_a_result_of_another_commit_is_taken_up_by_runs_of_that_commit_only(tmp_path: Path) -> None:
    """It may have other code, and by dvc.lock DVC would take it for what this one's stages made."""
    bare(tmp_path)
    through_dvc.merge(tmp_path, {"a": Result(ENTRIES["a"], {})}, [])
    before = (tmp_path / "dvc.lock").read_bytes()
    pipe = through_dvc.Pipeline({"a": [], "b": []}, {"a": ["a.json"], "b": []}, {})
    killed, other = Journal(tmp_path, COMMIT), Journal(tmp_path, "1" * 40)
    assert other.left_aside() is None
    killed.begin()
    killed.add("a", Result({**ENTRIES["a"], "cmd": "older"}, {"a.json": b"older"}))
    line = f"note: results of a run of {COMMIT[:12]} that was killed are left aside, as this is 1111"
    assert str(other.left_aside()).startswith(line) and killed.left_aside() is None
    other.put(pipe)
    other.begin()
    other.end()
    assert (tmp_path / "dvc.lock").read_bytes() == before and not (tmp_path / "a.json").exists()
    killed.put(pipe)
    assert through_dvc.locked(tmp_path)["a"]["cmd"] == "older"
    assert (tmp_path / "a.json").read_bytes() == b"older"
    assert other.left_aside() is None


def test_a_run_after_one_that_failed_keeps_its_order_unless_others_have_gone_on(tmp_path: Path) -> None:
    pipe = through_dvc.Pipeline({name: [] for name in "abcd"}, {name: [] for name in "abcd"}, {})
    for name, others, expected in (("kept", [], "abc"), ("new", ["d"], "cdab")):
        root = bare(tmp_path / name)
        journal = Journal(root, COMMIT)
        journal.begin()
        journal.add("c", Result(ENTRIES["c"], {}))
        journal.put(pipe)  # and then a stage failed
        for other in others:
            through_dvc.merge(root, {other: Result(ENTRIES[other], {})}, [])
        journal.begin()
        for later in "ba":
            journal.add(later, Result(ENTRIES[later], {}))
        journal.put(pipe)
        assert "".join(through_dvc.locked(root)) == expected
