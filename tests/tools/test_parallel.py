"""Several processes train one recipe: how each learns where it stands, and that they end together."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence

import psutil  # DVC needs it
import pytest

from stages.runtime.config import InputError
from stages.sources import demo
from stages.tools import parallel
from stages.trainers.data_parallel import ADDRESS, COUNT, INDEX
from tests.project import Project, made, write

STUDY = {
    "sources/own": "kind: files\npath: own\ntext: text\nlabel: label",
    "corpora/words": "source: own\ntokenizer: {kind: word, vocabulary: 100}\n"
    "pad: {kind: bucket, boundaries: [32, 64]}",
    "models/pooled": "architecture: pooled\nembedding: 4\npooling: mean\ndense: 0\nmask: true",
    "trainings/together": "kind: data_parallel\ndevices: all\noptimizer: adam\nlearning_rate: 0.01\n"
    "epochs: 40\nbatch_size: 32\nearly_stopping: null\nvalidation: {fraction: 0.2}",
    "experiments/mine": "title: Mine\ncorpus: words\nmodel: pooled\ntraining: together\n"
    "vary: {network: {pooled: {}}}",
    "samples": "first: the plot is dull",
    "published": "sources: {}\nclaims: {}",
}
RECIPE = "mine-pooled"
SLOW = 3600  # seconds until something counts as hung


def options(
    processes: int | None = None, coordinator: str | None = None, index: int | None = None
) -> Namespace:
    return Namespace(processes=processes, coordinator=coordinator, index=index)


@pytest.mark.parametrize("variable", ["SLURM_PROCID", "OMPI_COMM_WORLD_RANK", INDEX])
def test_under_a_launcher_a_process_knows_its_number_and_jax_the_rest(variable: str) -> None:
    assert parallel.environments(options(), {variable: "2", "HOME": "/"}) == [{INDEX: "2"}]


def test_by_hand_one_process_is_started_and_without_an_index_all_on_this_machine() -> None:
    assert parallel.environments(options(3, "node0:4321", 1), {}) == [
        {ADDRESS: "node0:4321", COUNT: "3", INDEX: "1"}
    ]
    several = parallel.environments(options(3), {"SLURM_PROCID": "0"})
    assert [one[INDEX] for one in several] == ["0", "1", "2"]
    assert len({one[ADDRESS] for one in several}) == 1
    for one in several:  # nobody else in the network may join
        assert one["JAX_COORDINATOR_BIND_ADDRESS"] == one[ADDRESS] and one[ADDRESS].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (options(), "found no launcher"),
        (options(0), "found 0, None, None, allowed: --processes alone, or all three"),
        (options(2, "node0:4321"), "found 2, node0:4321, None, allowed"),
        (options(None, "node0:4321", 0), "found None, node0:4321, 0, allowed"),
        (options(2, "node0:4321", 2), "--index: found 2, allowed: 0 to 1"),
        (options(2, "node0", 1), "--coordinator: found node0, allowed: HOST:PORT"),
    ],
    ids=str,
)
def test_half_an_address_is_refused_in_one_line(given: Namespace, line: str) -> None:
    with pytest.raises(InputError, match=line) as refused:
        parallel.environments(given, {})
    assert "\n" not in str(refused.value)


def children(*codes: str) -> list["subprocess.Popen[bytes]"]:
    return [subprocess.Popen([sys.executable, "-c", code], start_new_session=True) for code in codes]


@pytest.fixture(autouse=True)
def signals() -> object:
    """The handlers that were there."""
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for name, handler in handlers.items():
        signal.signal(name, handler)


FOREVER = "import time; time.sleep(600)"


def test_when_one_process_is_killed_the_others_are_ended(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parallel, "GRACE", 0.3)
    started = children(FOREVER, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    began = time.monotonic()
    assert parallel.watched(started) == 1
    assert time.monotonic() - began < 10 and all(child.poll() is not None for child in started)
    assert capfd.readouterr().err == "process 1 of those started here was ended by SIGKILL\n"


def test_when_the_first_process_ends_well_the_others_are_ended_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parallel, "GRACE", 0.3)
    started = children("", FOREVER)
    assert parallel.watched(started) == 0
    assert all(child.poll() is not None for child in started) and capfd.readouterr().err == ""


def test_what_a_process_has_started_ends_with_it() -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FOREVER!r}])"
    [child] = children(code)
    family = psutil.Process(child.pid)
    while not family.children():
        time.sleep(0.05)
    [grandchild] = family.children()
    parallel.end(child)
    psutil.wait_procs([grandchild], timeout=5)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A study whose arrays are there, and its recipe not trained."""
    project = made(tmp_path_factory.mktemp("study") / "together", STUDY)
    texts = demo.load(demo.Source(kind="demo", splits={"train": 200, "test": 40}, cue_distance=16, seed=1))
    for name, split in texts.items():
        write(project.root / "own" / f"{name}.csv", split)
    project.dvc("repro", "--quiet", "pad@words")
    project.commit()
    return project


def start(study: Project, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "stages.tools.parallel", RECIPE, *arguments]
    return subprocess.Popen(
        line,
        cwd=study.root,
        env=study.environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: Sequence["subprocess.Popen[str]"]) -> list[tuple[int, str, str]]:
    """Exit status, and what was written to standard output and standard error."""
    written = [process.communicate(timeout=SLOW) for process in processes]
    return [(process.returncode, *texts) for process, texts in zip(processes, written, strict=True)]


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
def test_a_follower_that_is_killed_ends_all_and_the_next_run_goes_on(study: Project) -> None:
    launcher = start(study, "--processes", "2")
    history = study.root / "reports" / "history" / f"{RECIPE}.csv"
    until = time.monotonic() + SLOW
    while not (history.exists() and len(history.read_text().splitlines()) > 2):
        assert launcher.poll() is None and time.monotonic() < until, ended([launcher])
        time.sleep(0.05)
    family = psutil.Process(launcher.pid).children()
    [follower] = [one for one in family if "--follow" in one.cmdline()]
    follower.kill()
    killed = time.monotonic()
    [(status, _, errors)] = ended([launcher])
    assert status == 1 and time.monotonic() - killed < 60
    [line] = [line for line in errors.splitlines() if line.startswith("error:")]
    assert line.startswith("error: another process has ended or is out of reach")
    assert "process 1 of those started here was ended by SIGKILL\n" in errors
    assert not (study.root / "data" / "models" / RECIPE).exists()

    slurm = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_NTASKS": "2", "SLURM_STEP_NODELIST": "localhost"}
    tasks = [start(study, **slurm, SLURM_PROCID=rank, SLURM_LOCALID=rank) for rank in "01"]
    (first, output, _), (second, silence, _) = ended(tasks)
    assert (first, second) == (0, 0)
    assert "goes on after epoch" in output and "epoch" not in silence
    facts = json.loads((study.root / "data" / "models" / RECIPE / "training.json").read_text())
    assert facts["trainer"] == "data_parallel" and [*facts["seeds"].values()] == [{"epochs": 40, "kept": 40}]
    assert f"train@{RECIPE}" not in study.stale()


@pytest.mark.slow
def test_a_recipe_of_another_kind_is_refused_in_one_line(pipeline: Project) -> None:
    line = pipeline.run(
        sys.executable, "-m", "stages.tools.parallel", "small-lstm", "--processes", "2", fails=True
    )
    assert line.startswith(
        "error: recipes.small-lstm.training.kind: found gradient_descent, allowed: data_parallel"
    )
    assert line.count("\n") == 1


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.tools.parallel", "--help"], capture_output=True, text=True, check=True
    )
    assert "srun" in done.stdout and "--follow" not in done.stdout
