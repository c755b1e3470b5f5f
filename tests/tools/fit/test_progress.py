"""`fit` while DVC works: what it counts, what it passes on, and that both hold for the DVC there is."""

import fcntl
import io
import re
import sys
from pathlib import Path

import pytest

from stages.runtime.config import InputError
from stages.tools.fit import progress
from stages.tools.fit.progress import Recipes, repro
from tests.project import SMALL, Project, made, write
from tests.sources.splits import split

SHARES = {"mine-majority": 4.0, "mine-svm": 4.0, "mine-bilstm": 40.0}

# as DVC 3.67 writes them
RUN = """Stage 'compose' didn't change, skipping
Running stage 'train@mine-majority':
> exec python -m stages.train mine-majority
a stage speaks
Updating lock file 'dvc.lock'

Running stage 'evaluate@mine-majority':
> exec python -m stages.evaluate mine-majority
Stage 'train@mine-svm' is cached - skipping run, checking out outputs
Stage 'evaluate@mine-svm' didn't change, skipping
Running stage 'train@mine-bilstm':
Running stage 'evaluate@mine-bilstm':

To track the changes with git, run:

\tgit add dvc.lock

To enable auto staging, run:

\tdvc config core.autostage true
Use `dvc push` to send your updates to remote storage.
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def writes(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have a program of this code take DVC's place."""
    monkeypatch.setattr(progress, "DVC", [sys.executable, "-c", f"import sys, time\n{code}\n#"])


def test_a_recipe_is_through_when_the_stage_after_its_evaluation_begins() -> None:
    recipes = Recipes(SHARES)
    ended = [recipes.note(line, now) for now, line in enumerate(RUN.splitlines())]
    assert [name for name in ended if name] == ["mine-majority"]
    assert recipes.through == ["mine-majority", "mine-svm"] and recipes.stage == ("evaluate", "mine-bilstm")
    assert recipes.end(100.0) == "mine-bilstm" and recipes.left(100.0) == 0


def test_the_time_left_follows_from_what_the_first_recipes_took() -> None:
    recipes = Recipes(SHARES)
    assert recipes.left(0.0) == pytest.approx(48)
    recipes.note("Running stage 'download@mine':", 1.0)
    recipes.note("Running stage 'train@mine-majority':", 50.0)
    recipes.note("Running stage 'evaluate@mine-majority':", 51.0)
    recipes.note("Running stage 'train@mine-svm':", 58.0)  # twice as long as was guessed
    assert recipes.took == {"mine-majority": 8} and recipes.left(58.0) == pytest.approx(88)
    assert recipes.left(60.0) == pytest.approx(86)
    assert recipes.left(10_000.0) > 80  # a recipe that takes forever does not make the others short
    other = Recipes(SHARES)
    for recipe in ("mine-majority", "mine-svm"):  # of what is there already nothing follows
        other.note(f"Stage 'evaluate@{recipe}' didn't change, skipping", 3.0)
    assert other.left(3.0) == pytest.approx(40)


def test_a_recipe_takes_what_its_own_stages_take_whatever_runs_in_between() -> None:
    recipes = Recipes(SHARES)
    recipes.note("Running stage 'train@mine-svm':", 0.0)
    recipes.note("Running stage 'train@mine-majority':", 3.0)
    recipes.note("Running stage 'evaluate@mine-majority':", 10.0)
    assert recipes.note("Running stage 'evaluate@mine-svm':", 11.0) == "mine-majority"
    assert recipes.note("Running stage 'compare@mine':", 15.0) == "mine-svm"
    assert recipes.took == {"mine-majority": 8, "mine-svm": 7}


def test_stages_and_errors_are_passed_on_and_dvc_is_not(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    writes(monkeypatch, f"print({RUN!r}, end=''); print('error: a reason', file=sys.stderr)")
    repro([], Recipes(SHARES))
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert lines[0] == "a stage speaks" and err == "error: a reason\n"
    assert [line.split()[0] for line in lines[1:]] == ["mine-majority:", "mine-bilstm:"]
    assert re.fullmatch(r"mine-majority: done in \d+ s \(1 of 3\); about .* left", lines[1])
    assert lines[2].endswith("(3 of 3)")


def test_a_second_run_goes_on_with_the_count_of_the_first(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    recipes = Recipes(SHARES)
    for recipe in ("mine-majority", "mine-bilstm"):  # DVC may pass over the others' stages later
        stages = f"Running stage 'train@{recipe}':\nRunning stage 'evaluate@{recipe}':\n"
        writes(monkeypatch, f"print({stages!r}, end='')")
        repro([], recipes)
    first, second = capfd.readouterr().out.splitlines()
    assert re.fullmatch(r"mine-majority: done in \d+ s \(1 of 3\); about .* left", first)
    assert re.fullmatch(r"mine-bilstm: done in \d+ s \(2 of 3\); about .* left", second)


EPOCHS = """mine-svm, seed 42: epoch 1/1: accuracy 0.9000, 0.0 s, at most 0 s left
mine-bilstm, seed 42: goes on after epoch 1/3
mine-bilstm, seed 42: epoch 2/3: accuracy 0.9000, 0.0 s, at most 1 s left
"""


def test_a_log_has_no_line_of_an_epoch(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    writes(monkeypatch, f"print({EPOCHS + RUN!r}, end='')")
    repro([], Recipes(SHARES))
    assert "epoch" not in capfd.readouterr().out


def test_above_a_bar_are_the_epochs_of_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdout", out)
    writes(monkeypatch, f"print({EPOCHS!r}, end='', flush=True)")
    repro([], Recipes(SHARES))
    assert out.getvalue().splitlines() == EPOCHS.splitlines()[1:]


def test_a_failure_is_told_after_the_line_of_the_stage(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    began = "Running stage 'evaluate@mine-svm':"
    writes(monkeypatch, f"print({began!r}, flush=True); sys.exit('error: no room')")
    with pytest.raises(InputError, match="dvc repro compare@mine failed, see above"):
        repro(["compare@mine"], Recipes(SHARES))
    out, err = capfd.readouterr()
    assert err == "error: no room\n" and "done in" not in out


# a DVC command as it fails where another one has the lock; the file counts how often it ran
LOCKED = """
from pathlib import Path
tries = Path(sys.argv[-1].removeprefix("#").strip())
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
if len(tries.read_text()) < {until}:
    print("Running stage 'evaluate@mine-svm':", flush=True)
    sys.exit("ERROR: failed to reproduce 'evaluate@mine-svm': Unable to acquire lock. Most likely")
print({run!r}, end="")
"""


def locked(monkeypatch: pytest.MonkeyPatch, until: int) -> None:
    """Have DVC fail for its lock until it runs so many times."""
    writes(monkeypatch, LOCKED.format(until=until, run=RUN))
    monkeypatch.setattr(progress, "PAUSE", 0.0)


def test_where_another_command_has_the_lock_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    locked(monkeypatch, until=3)
    repro([str(tmp_path / "tries")], Recipes(SHARES))
    out, err = capfd.readouterr()
    assert err.splitlines() == ["another DVC command has the lock; trying again"] * 2
    assert out.splitlines()[-1] == "mine-bilstm: done in 0 s (3 of 3)" and "mine-svm: done" not in out


def test_where_the_lock_stays_taken_it_says_that_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    locked(monkeypatch, until=99)
    tries = tmp_path / "tries"
    with pytest.raises(
        InputError, match=r"found DVC's lock taken 5 times.*run the same command again, it goes"
    ):
        repro([str(tries)], Recipes(SHARES))
    assert len(tries.read_text(encoding="utf-8")) == progress.TRIES
    assert len(capfd.readouterr().err.splitlines()) == progress.TRIES - 1


def test_a_terminal_has_a_bar_and_lines_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, out = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", out)
    writes(monkeypatch, f"print({RUN!r}, end='', flush=True); time.sleep(0.5)")
    repro([], Recipes(SHARES))
    drawn = terminal.getvalue()
    assert "0 of 3 recipes; train mine-majority" in drawn and "2 of 3 recipes; train mine-bilstm" in drawn
    assert re.search(r"\|.*\|, about \d+ s left", drawn)
    assert out.getvalue().splitlines() == ["a stage speaks"]


LINEAR = {
    "sources/own": SMALL["sources/own"],
    "corpora/words": "source: own\ntokenizer: {kind: ngrams, words: 1, min_texts: 1, binary: false}\n"
    "pad: {kind: bucket, boundaries: [32]}",
    "models/majority": "architecture: majority",
    "models/logistic": "architecture: linear_classifier\nloss: log_loss\nweighting: tfidf\nC: 1.0",
    "trainings/linear": "kind: linear\nvalidation: {fraction: 0.2}",
    "experiments/mine": "title: t\ncorpus: words\ntraining: linear\nvary:\n  model:\n"
    "    majority: {model: majority}\n    logistic: {model: logistic}",
    "samples": SMALL["samples"],
    "published": "sources: {A: a lesson}\nclaims: {}",
}
RECIPES = ["mine-majority", "mine-logistic"]


def repro_in(project: Project, fails: bool = False, pause: float = progress.PAUSE) -> list[str]:
    """The lines that the command writes there."""
    targets = [f"evaluate@{recipe}" for recipe in RECIPES]
    code = (
        "from stages.runtime.command import guard; from stages.tools.fit import progress\n"
        f"progress.PAUSE = {pause}\n"
        f"guard(lambda: progress.repro({targets}, progress.Recipes({dict.fromkeys(RECIPES, 4.0)})))"
    )
    return project.run(sys.executable, "-c", code, fails=fails).splitlines()


@pytest.mark.slow
def test_it_reads_the_dvc_that_is_installed(tmp_path: Path) -> None:
    project = made(tmp_path / "a", LINEAR)
    texts = [(f"text {i} {'good' if i % 2 else 'bad'}", i % 2) for i in range(60)]
    for name, some in (("train", texts[:40]), ("test", texts[40:])):
        write(project.root / "own" / f"{name}.csv", split(*some))
    lines = repro_in(project)
    first, second = lines
    assert re.fullmatch(r"mine-majority: done in .* \(1 of 2\); about .* left", first)
    assert re.fullmatch(r"mine-logistic: done in .* \(2 of 2\)", second)
    assert repro_in(project) == []
    with (project.root / ".dvc" / "tmp" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as DVC does
        refused = repro_in(project, fails=True, pause=0)
    assert refused[:-1] == ["another DVC command has the lock; trying again"] * (progress.TRIES - 1)
    assert refused[-1].startswith("error: ") and refused[-1].endswith("the same command again, it goes on")
    (project.root / "own" / "test.csv").write_text("text,label\nno label here\n", encoding="utf-8")
    failure = repro_in(project, fails=True)
    assert len([line for line in failure if line.startswith("error: ")]) == 2
    assert "test.csv:2: " in "\n".join(failure) and "done in" not in "\n".join(failure)
