"""Stages on many workers make what `dvc repro` makes on one machine, whatever ends in between."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import psutil
import pytest

from stages.runtime.config import InputError
from stages.tools.spread import __main__ as spread
from stages.tools.spread import through_dvc
from tests.tools.spread.machines import machines, share, until, worker_of
from tests.tools.spread.toy import BEFORE, Toy, again, toy

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # DVC's

KILLS = 30
ME = ["-c", "user.name=t", "-c", "user.email=t@example.org"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The toy pipeline, run by `dvc repro`."""
    made = toy(tmp_path_factory.mktemp("whole") / "toy")
    made.dvc("repro", "--quiet")
    return made


@pytest.fixture
def fresh(whole: Toy, tmp_path: Path) -> Toy:
    """The same, of which nothing has run."""
    return again(whole, tmp_path / "fresh")


def slow(project: Toy, stage: str) -> Path:
    """Have a stage's first run take a minute; a file that is there as soon as it has begun."""
    (project.control / f"{stage}.slow").touch()
    return project.control / f"{stage}.started"


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_the_stage_that_it_ran_and_no_byte(fresh: Toy, whole: Toy) -> None:
    began = slow(fresh, "train-a")
    running = fresh.start("--jobs", "2")
    until(lambda: began.exists() or running.poll() is not None)
    os.kill(worker_of("train-a", fresh.root), signal.SIGKILL)
    _, errors = running.communicate()
    assert running.returncode == 0, errors
    assert fresh.made == whole.made
    assert fresh.ran == dict.fromkeys(BEFORE, 1) | {"train-a": 2}


@pytest.mark.slow
def test_a_driver_that_is_killed_goes_on_where_it_was(fresh: Toy, whole: Toy) -> None:
    began = slow(fresh, "train-a")
    running = fresh.start("--jobs", "2")
    until(began.exists)
    until(lambda: [*fresh.root.glob(".dvc/tmp/spread/results/*/train-b.result")])
    stage = worker_of("train-a", fresh.root)
    running.kill()
    running.communicate()
    until(lambda: not Path(f"/proc/{stage}").exists() and not worker_of("train-a", fresh.root))
    done = fresh.ran
    again = fresh.spread("--jobs", "2")
    assert again.returncode == 0, again.stderr
    assert fresh.made == whole.made
    assert fresh.ran["start"] == fresh.ran["train-b"] == 1
    assert fresh.ran - done == {name: 1 for name in BEFORE if name not in done} | {"train-a": 1}


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_ends_everything_with_one_word_and_the_status_of_an_interrupt(fresh: Toy, times: int) -> None:
    """A terminal sends it to the driver, its workers and their stages alike. One worker has taken the
    place of one that was killed, since it is another thread that starts such."""
    begun = [slow(fresh, stage) for stage in ("train-a", "train-b")]
    running = fresh.start("--jobs", "2")
    until(lambda: begun[0].exists() or running.poll() is not None)
    begun[0].unlink()
    slow(fresh, "train-a")
    os.kill(worker_of("train-a", fresh.root), signal.SIGKILL)
    until(lambda: all(each.exists() for each in begun) or running.poll() is not None)
    for _ in range(times):
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(0.3)
    _, errors = running.communicate()
    assert running.returncode == 128 + signal.SIGINT, errors
    assert errors.count("interrupted") == 1 and errors.endswith("interrupted\n"), errors
    assert "Traceback" not in errors and "distributed" not in errors, errors
    until(partial(idle, fresh), patience=10)


def works(process: psutil.Process) -> bool:
    """Whether a child of the driver is one of Dask's workers, and has not ended."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def idle(project: Toy) -> bool:
    """Whether no worker runs a stage."""
    return not any(worker_of(stage, project.root) for stage in BEFORE)


@pytest.mark.slow
@pytest.mark.faults
def test_kills_of_workers_and_driver_at_any_moment_lose_no_stage_and_no_byte(
    whole: Toy, tmp_path: Path
) -> None:
    draw = random.Random(0)
    undisturbed = again(whole, tmp_path / "undisturbed")
    begun = time.monotonic()
    assert undisturbed.spread("--jobs", "2").returncode == 0
    takes, killed = time.monotonic() - begun, Counter[str]()
    for number in range(KILLS):
        fresh = again(whole, tmp_path / str(number))
        running = fresh.start("--jobs", "2")
        driver = psutil.Process(running.pid)
        time.sleep(draw.uniform(0, takes))
        choices = [("driver", driver), *(("worker", each) for each in driver.children() if works(each))]
        name, victim = draw.choice(choices)
        if running.poll() is None:
            victim.kill()
            killed[name] += 1
        _, errors = running.communicate()
        if name == "driver":
            until(partial(idle, fresh))
            errors = fresh.spread("--jobs", "2").stderr
        assert fresh.made == whole.made, (number, name, errors)
        assert max(fresh.ran.values()) <= 2
    print(f"killed: {dict(killed)}")
    assert min(killed["driver"], killed["worker"]) > KILLS / 5


@pytest.mark.slow
def test_a_stage_that_fails_is_named_once_and_what_does_not_need_it_is_finished(
    fresh: Toy, whole: Toy
) -> None:
    failing = fresh.control / "train-a.fails"
    failing.touch()
    done = fresh.spread("--jobs", "2")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and "train-a can't read its input; mend it" in errors[0]
    assert done.stderr.count("mend it") == 1 and "Traceback" not in done.stderr, done.stderr
    assert "1 of the stages failed, 2 that need them did not run" in done.stderr
    assert set(through_dvc.locked(fresh.root)) == {"start", "train-b", "judge-b"}
    assert (fresh.root / "data" / "judge-b.txt").exists() and "judge-a" not in fresh.ran
    failing.unlink()
    before = fresh.ran
    assert fresh.spread("--jobs", "2").returncode == 0
    assert fresh.made == whole.made
    assert fresh.ran - before == {"train-a": 1, "judge-a": 1, "total": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "line"),
    [
        ("dies", "killed by SIGKILL, often for lack of memory"),
        ("breaks", "ZeroDivisionError: division by zero"),
    ],
)
def test_why_a_stage_ended_without_a_line_of_its_own_is_told(fresh: Toy, end: str, line: str) -> None:
    (fresh.control / f"start.{end}").touch()
    done = fresh.spread("--jobs", "1", "start")
    assert done.returncode == 1
    [told] = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert told.startswith("error: start on 0 on ") and f": {line}" in told and "all it said: " in told


@pytest.mark.parametrize(
    ("code", "text", "line"),
    [
        (
            1,
            "epoch 3\nerror: DVC: failed to run: python x, exited with -9",
            "killed by SIGKILL, often for lack",
        ),
        (1, "error: DVC: failed to run: python x, exited with 137", "killed by SIGKILL, often for lack"),
        (1, "error: DVC: failed to run: python x, exited with -11", "killed by SIGSEGV"),
        (-9, "epoch 3", "killed by SIGKILL, often for lack"),
        (
            1,
            "error: data/x: no such file\nerror: DVC: failed to run: x, exited with 1",
            "data/x: no such file",
        ),
        (1, "KeyError: 'x'\nerror: DVC: failed to run: python x, exited with 255", "KeyError: 'x'"),
        (3, "", "ended with code 3"),
    ],
)
def test_why_a_stage_ended_is_told_by_its_last_word_or_the_signal(code: int, text: str, line: str) -> None:
    from stages.tools.spread import worker

    assert worker.complaint(text, code).startswith(line)


@pytest.mark.slow
@pytest.mark.parametrize(
    "locked", [False, True], ids=["nothing has run", "dvc.lock is committed, outs are nowhere"]
)
def test_workers_that_see_nothing_of_the_driver_share_outs_through_the_remote(
    whole: Toy, tmp_path: Path, locked: bool
) -> None:
    """Each has a clone and a cache of its own; the remote is a folder."""
    fresh = again(whole, tmp_path / "driver")
    if locked:
        shutil.copy(whole.root / "dvc.lock", fresh.root)
        shutil.copytree(whole.root / "reports", fresh.root / "reports")
    share(fresh, tmp_path)
    began = slow(fresh, "train-a")
    with machines(fresh, tmp_path / "machines") as address:
        running = fresh.start("--scheduler", address)
        until(lambda: began.exists() or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        os.kill(worker_of("train-a", tmp_path / "machines"), signal.SIGKILL)
        _, errors = running.communicate()
    assert running.returncode == 0, errors
    assert fresh.made == whole.made
    assert fresh.ran == dict.fromkeys(BEFORE, 1) | {"train-a": 2}
    caches = list((tmp_path / "machines").rglob("seqstudy-*/cache/files"))
    assert len(caches) == 2, "each machine has a cache of its own"


@pytest.mark.slow
def test_a_stage_that_fails_while_no_driver_is_there_runs_again_for_the_next_one(
    whole: Toy, tmp_path: Path
) -> None:
    """What it failed for may be mended by then."""
    fresh = again(whole, tmp_path / "driver")
    share(fresh, tmp_path)
    began = slow(fresh, "train-a")
    with machines(fresh, tmp_path / "machines", count=1) as address:
        running = fresh.start("--scheduler", address)
        until(lambda: began.exists() or running.poll() is not None)
        running.kill()
        running.communicate()
        [stage] = [each for each in psutil.process_iter(["cmdline"]) if is_stage(each, "train-a", tmp_path)]
        stage.terminate()
        until(lambda: not worker_of("train-a", tmp_path / "machines"))
        done = fresh.spread("--scheduler", address)
    assert done.returncode == 0, done.stderr
    assert fresh.made == whole.made and fresh.ran["train-a"] == 2


def is_stage(process: psutil.Process, name: str, folder: Path) -> bool:
    """Whether a process is a stage's own, in a clone below a folder."""
    try:
        words = process.info["cmdline"] or []
        return words[1:3] == ["step.py", name] and Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


@pytest.mark.slow
def test_a_worker_of_two_threads_runs_two_stages_at_once_each_in_a_clone(whole: Toy, tmp_path: Path) -> None:
    fresh = again(whole, tmp_path / "driver")
    share(fresh, tmp_path)
    began = slow(fresh, "train-a")
    with machines(fresh, tmp_path / "machines", count=1, threads=2) as address:
        running = fresh.start("--scheduler", address)
        until(lambda: (began.exists() and fresh.ran["judge-b"]) or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        worker = worker_of("train-a", tmp_path / "machines")
        os.kill(worker, signal.SIGKILL)  # which does not take a minute
        _, errors = running.communicate()
    assert running.returncode == 0, errors
    assert fresh.made == whole.made
    assert "train-a on m0 on" in errors and ": begins" in errors
    assert len(list((tmp_path / "machines").rglob("seqstudy-*/clone-*"))) == 2


@pytest.mark.slow
def test_what_is_not_committed_is_refused_in_one_line(fresh: Toy) -> None:
    fresh.edit("step.py", lambda text: text + "# edited\n")
    done = fresh.spread()
    assert done.returncode == 1
    assert done.stderr == "error: workers run what is committed, and step.py is not: commit first\n"


def test_settings_of_dvc_that_are_not_committed_are_refused(
    fresh: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `dvc init`, before the first commit: clones have none."""
    nothing = through_dvc.Pipeline({}, {}, {})
    monkeypatch.setattr(spread, "ROOT", fresh.root)
    spread.refuse_uncommitted(nothing, [])
    fresh.run("git", "rm", "--quiet", "--cached", ".dvc/config")
    fresh.run("git", *ME, "commit", "--quiet", "--message", "x")
    with pytest.raises(InputError, match=r"^workers run what is committed, and \.dvc/config is not"):
        spread.refuse_uncommitted(nothing, [])


@pytest.mark.slow
def test_what_an_earlier_run_left_blocks_no_run_of_other_stages(fresh: Toy) -> None:
    """As reports of stages that the targets do not need."""
    fresh.dvc("repro", "--quiet", "train-b")
    fresh.commit()
    fresh.edit("reports/train-b.json", lambda text: text + "x")
    done = fresh.spread("--jobs", "1", "train-a")
    assert done.returncode == 0, done.stderr
    assert fresh.ran["train-a"] == 1


@pytest.mark.parametrize("empty", ["", " "])
def test_no_address_of_a_scheduler_is_refused_instead_of_running_here(
    monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["spread", "--scheduler", empty])
    with pytest.raises(InputError, match=r"^--scheduler: found no address; .*\?$"):
        spread.main()


def test_ctrl_c_is_what_it_was_after_dask_is_there() -> None:
    program = "import signal; from stages.tools.spread import __main__ as spread; spread._needs_dask(); "
    program += "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_commit_that_workers_cannot_fetch_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (
        ["git", "init", "--quiet", str(tmp_path / "origin")],
        ["git", "clone", "--quiet", str(tmp_path / "origin"), str(tmp_path / "clone")],
    ):
        subprocess.run(command, check=True, capture_output=True)
    subprocess.run(
        ["git", *ME, "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=tmp_path / "clone", check=True
    )
    monkeypatch.setattr(spread, "ROOT", tmp_path / "clone")
    assert spread.git_sources(local=True) == [str(tmp_path / "clone")]
    # a fork has it, but workers clone from the origin
    subprocess.run(
        ["git", "update-ref", "refs/remotes/fork/main", "HEAD"], cwd=tmp_path / "clone", check=True
    )
    with pytest.raises(
        InputError, match=r"last commit is not in .*origin, from which workers clone: git push"
    ):
        spread.git_sources(local=False)
    subprocess.run(["git", "update-ref", "refs/remotes/origin/x", "HEAD"], cwd=tmp_path / "clone", check=True)
    assert spread.git_sources(local=False) == [str(tmp_path / "clone"), str(tmp_path / "origin")]
    subprocess.run(["git", "remote", "remove", "origin"], cwd=tmp_path / "clone", check=True)
    with pytest.raises(InputError, match=r"^found no Git remote called origin"):
        spread.git_sources(local=False)


def test_without_dask_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"needs distributed, .*pip install distributed dask-jobqueue"):
        spread._needs_dask()


def test_without_the_package_of_a_remote_one_line_says_what_to_install() -> None:
    spread.refuse_missing(["dvc-http"])
    with pytest.raises(
        InputError, match=r'needs dvc-nowhere, .*pip install "dvc\[nowhere\]", here and on all'
    ):
        spread.refuse_missing(["dvc-http", "dvc-nowhere"])
