"""What reports/using.md says to type for one experiment shows that experiment and no other."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stages.runtime import files
from stages.runtime.config import ROOT
from tests.project import SMALL, Project, made

pytestmark = pytest.mark.slow

# two experiments, and a name that begins as the first one's
OTHER = "title: other\ncorpus: words\ntraining: stopped\nvary:\n  network: {pooled: {model: pooled}}"
STUDY = SMALL | {"experiments/smaller": OTHER, "experiments/other": OTHER}
OWN = ["small-pooled", "small-lstm"]


def readme(command: str) -> str:
    """The line of that page that begins so, for the experiment `small`."""
    lines = re.findall(
        f"^{command} .*my-tickets.*$", (ROOT / "reports" / "using.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(lines) == 1, lines
    line: str = lines[0].replace("my-tickets", "small")
    return line


def leave(project: Project, accuracy: float) -> None:
    """What evaluations of all recipes would leave in Git."""
    for recipe in project.params["recipes"]:
        measures = {part: {"accuracy": accuracy, "loss": 1 - accuracy} for part in ("test", "training")}
        reports = project.root / "reports"
        files.write_json(reports / "metrics" / f"{recipe}.json", measures)
        row = f"1,1,{accuracy},0.5,{accuracy},0.5"
        header = "seed,epoch,accuracy,loss,val_accuracy,val_loss"
        files.write_text(reports / "history" / f"{recipe}.csv", f"{header}\n{row}\n")
        counts = f"predicted,actual,texts,share\nno,no,{int(100 * accuracy)},{accuracy}\n"
        files.write_text(reports / "confusion" / f"{recipe}.csv", counts)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An experiment of DVC's that changed a model of all recipes, and all their numbers."""
    project = made(tmp_path_factory.mktemp("one") / "a copy", STUDY)
    files.write_text(project.root / "own" / "train.csv", "text,label\n")
    project.make_up()
    leave(project, 0.5)
    project.commit()
    project.compose("models.pooled.embedding=4")
    leave(project, 0.75)
    project.dvc("exp", "save", "--name", "narrow")
    return project


def columns(project: Project, command: str) -> list[str]:
    return next(csv.reader(project.run("sh", "-c", f"{command} --csv").splitlines()))


def test_exp_show_has_the_accuracies_of_the_experiment_and_the_values_that_changed(project: Project) -> None:
    accuracies = [f"reports/metrics/{recipe}.json:test.accuracy" for recipe in OWN]
    assert len(columns(project, "dvc exp show")) > 100
    assert set(columns(project, readme("dvc exp show"))) - {"rev", "typ", "parent"} == {
        "Experiment",
        *accuracies,
        "models.pooled.embedding",
    }


def test_metrics_diff_has_the_experiment_s_recipes(project: Project) -> None:
    differences: dict[str, Any] = json.loads(project.run("sh", "-c", f"{readme('dvc metrics diff')} --json"))
    assert {Path(path).stem for path in differences} == set(OWN)


def test_plots_diff_draws_the_experiment_s_recipes(project: Project) -> None:
    project.run("sh", "-c", f"{readme('dvc plots diff')} --out drawn")
    page = (project.root / "drawn" / "index.html").read_text(encoding="utf-8")
    drawn = {Path(name).stem for name in re.findall(r"reports/(?:history|confusion)/[\w-]+\.csv", page)}
    assert drawn == set(OWN)
