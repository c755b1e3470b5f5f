"""The real pipeline, run by DVC on a small study: from nothing to compared models, and what users do next."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import provenance
from stages.evaluation import classify
from stages.runtime import files
from stages.runtime.config import InputError
from tests.project import LABELS, MARKUP, Project

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")]  # DVC's

RECIPES = ["small-pooled", "small-lstm"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metrics(pipeline: Project, recipe: str) -> dict[str, Any]:
    path = pipeline.root / "reports" / "metrics" / f"{recipe}.json"
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


def kept(pipeline: Project, recipe: str) -> list[dict[str, str]]:
    """The rows of history of the epochs whose weights were kept, a row per seed."""
    folder = pipeline.root / "data" / "models" / recipe
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    history = {(row["seed"], int(row["epoch"])): row for row in rows(folder / "history.csv")}
    return [history[seed, fitted["kept"]] for seed, fitted in facts["seeds"].items()]


def test_every_recipe_has_the_same_measures_and_a_spread_if_it_has_seeds(pipeline: Project) -> None:
    pooled, lstm = (metrics(pipeline, recipe) for recipe in RECIPES)
    assert set(lstm) - set(pooled) == {"sd", "calibrated"}  # which held texts out
    assert set(pooled) < set(lstm)
    for part in ("test", "training", "validation", "running"):
        assert list(pooled[part]) == list(lstm[part])
    assert (pooled["seeds"], lstm["seeds"]) == (1, 2) and list(lstm["sd"]) == list(lstm["test"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_running_and_validation_metrics_are_those_of_the_epochs_that_were_kept(
    pipeline: Project, recipe: str
) -> None:
    made, history = metrics(pipeline, recipe), kept(pipeline, recipe)
    for part, prefix in (("running", ""), ("validation", "val_")):
        for measure in ("accuracy", "loss"):
            mean = sum(float(row[prefix + measure]) for row in history) / len(history)
            assert made[part][measure] == pytest.approx(mean, abs=1e-6)


def test_the_recipe_that_stops_early_keeps_another_epoch_than_its_last(pipeline: Project) -> None:
    last = {row["seed"]: row for row in rows(pipeline.root / "reports" / "history" / "small-lstm.csv")}
    assert any(row["epoch"] != last[row["seed"]]["epoch"] for row in kept(pipeline, "small-lstm"))
    assert metrics(pipeline, "small-lstm")["epochs"] < 8


@pytest.mark.parametrize("recipe", RECIPES)
def test_metrics_are_those_of_the_predictions(pipeline: Project, recipe: str) -> None:
    made = metrics(pipeline, recipe)
    predicted = rows(pipeline.root / "data" / "predictions" / f"{recipe}.csv")
    right = sum(row["label"] == row["predicted"] for row in predicted)
    assert len(predicted) == 100 * made["seeds"]
    assert made["test"]["accuracy"] == pytest.approx(right / len(predicted))
    first = [row for row in predicted if row["seed"] == predicted[0]["seed"]]
    confusion = rows(pipeline.root / "reports" / "confusion" / f"{recipe}.csv")
    for cell in confusion:
        pair = {"label": cell["actual"], "predicted": cell["predicted"]}
        assert sum(pair.items() <= row.items() for row in first) == int(cell["texts"])


def test_the_pages_show_every_recipe_and_every_figure(pipeline: Project) -> None:
    chapters = pipeline.root / "reports" / "chapters"
    page = (chapters / "small.md").read_text(encoding="utf-8")
    figures = re.findall(r"!\[.*?\]\((.*?)\)", page)
    assert len(figures) == 6 and all((chapters / figure).exists() for figure in figures)
    sentences = (pipeline.root / "reports" / "samples.md").read_text(encoding="utf-8")
    assert all(page.count(f"| {recipe} |") >= 2 and f"| {recipe} |" in sentences for recipe in RECIPES)


def test_labels_titles_and_sentences_are_no_markup_anywhere_in_the_reports(pipeline: Project) -> None:
    pages = [pipeline.root / "reports" / name for name in ("chapters/small.md", "samples.md", "corpora.md")]
    page = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert "alert\\(1" not in page and "alert(1)" in page  # it is shown
    assert "<" not in page and " *x*" not in page and " |x|" not in page
    for path in (pipeline.root / "reports").rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".csv", ".svg", ".md"):
            assert "</script" not in text, path
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "@", "\t"))], path
    confusion = rows(pipeline.root / "reports" / "confusion" / "small-lstm.csv")
    assert {row["actual"] for row in confusion} == {LABELS[0].replace("</", "<\\/"), f"'{LABELS[1]}"}


def test_nothing_is_left_to_do_and_git_is_clean(pipeline: Project) -> None:
    """Though the stages left __pycache__ in the folders that they depend on."""
    assert list((pipeline.root / "stages").rglob("__pycache__"))
    assert pipeline.stale() == set()
    assert pipeline.run("git", "status", "--porcelain") == ""


def test_dvc_plots_show_makes_a_page_that_loads_nothing_from_a_network_and_runs_no_label(
    project: Project,
) -> None:
    output = project.dvc("plots", "show")
    page = (project.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "failed" not in output
    assert not re.search(r"""(src|href)\s*=\s*["']https?:""", page)
    assert page.count("vegaEmbed('#") == 3 * 2 + 1  # history, slices, confusion per recipe; a table
    assert "comparisons_small_curves.svg" in page
    assert "alert(1)" in page and "</script><script>alert" not in page


def test_a_fresh_clone_without_the_cache_knows_that_it_is_up_to_date(
    pipeline: Project, tmp_path: Path
) -> None:
    pipeline.run("git", "clone", "--quiet", str(pipeline.root), str(tmp_path / "clone"))
    with Project(tmp_path / "clone").repo() as repo:
        assert repo.reproduce(dry=True, allow_missing=True) == []
        assert repo.metrics.show()[""]["data"]["reports/metrics/small-lstm.json"]["data"]["test"]


def test_a_fresh_clone_without_the_cache_draws_figures_anew(pipeline: Project, tmp_path: Path) -> None:
    pipeline.run("git", "clone", "--quiet", str(pipeline.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    figure = clone.root / "reports" / "comparisons" / "small" / "gap.svg"
    before = figure.read_bytes()
    clone.edit("stages/reporting/figures.py", lambda text: text.replace("linewidth=3", "linewidth=4"))
    clone.dvc("repro", "--quiet", "--single-item", "compare@small")
    assert figure.read_bytes() != before


def test_a_colleague_pulls_a_model_from_a_remote_and_trains_nothing(project: Project, tmp_path: Path) -> None:
    target = ["--quiet", "--with-deps", "evaluate@small-lstm"]
    project.dvc("remote", "add", "--quiet", "--default", "team", str(tmp_path / "remote"))
    project.commit()
    project.dvc("push", *target)
    project.run("git", "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    colleague = Project(tmp_path / "clone")
    colleague.dvc("pull", *target)
    answers = [
        each.run(sys.executable, "-m", "stages.tools.predict", "small-lstm", "a dull plot")
        for each in (project, colleague)
    ]
    assert answers[0] == answers[1] != ""


@pytest.fixture
def trained(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(classify, "ROOT", project.root)
    return project.root / "data"


TRAINED = {name: {"corpus": "words"} for name in RECIPES}
TEXTS = ["a dull plot", "", "zzz", "\0", "\u202eعربى", "e\u0301\u0301", "=1+1", MARKUP, "good " * 10_000]


def test_a_trained_recipe_gives_probabilities_of_any_text_and_those_of_its_reports(trained: Path) -> None:
    classifier = classify.Classifier("small-lstm", TRAINED, "all")
    assert sorted(classifier.labels) == sorted(LABELS)
    shares = classifier.probabilities(TEXTS)
    assert shares.shape == (2, len(TEXTS), 2) and np.allclose(shares.sum(axis=-1), 1)
    assert np.allclose(classifier.probabilities(TEXTS[:1]), shares[:, :1], atol=1e-6)
    own = rows(trained.parent / "own" / "test.csv")[:5]
    expected = [
        float(row["" or list(row)[3]]) for row in rows(trained / "predictions" / "small-lstm.csv")[:5]
    ]
    calibration = json.loads((trained / "calibrations" / "small-lstm.json").read_text(encoding="utf-8"))
    odds = np.log(np.array(expected) / (1 - np.array(expected))) / calibration["temperatures"]["42"]
    probable = classifier.probabilities([row["text"] for row in own])[0, :, 0]
    assert np.allclose(probable, 1 / (1 + np.exp(-odds)), atol=1e-4)


def test_what_is_not_trained_or_damaged_is_refused_by_name(trained: Path) -> None:
    def refused() -> str:
        with pytest.raises(InputError) as refusal:
            classify.Classifier("small-lstm", TRAINED)
        return str(refusal.value)

    tokenizer = trained / "tokens" / "words" / "tokenizer.json"
    before = tokenizer.read_bytes()
    tokenizer.write_bytes(before.replace(b'"the"', b'"teh"'))
    assert "holds another tokenizer" in refused()
    tokenizer.write_bytes(before)
    certificate = trained / "models" / "small-lstm" / "certificate.json"
    before = certificate.read_bytes()
    certificate.write_bytes(before[: len(before) // 2])
    assert "certificate.json is missing or damaged" in refused()
    certificate.write_bytes(before)
    model = trained / "models" / "small-lstm" / "seeds" / "42.keras"
    model.write_bytes(model.read_bytes()[:-1])
    assert "42.keras is missing or not the file that was trained" in refused()
    certificate.unlink()
    assert "dvc repro train@small-lstm" in refused()


def test_another_environment_is_noted(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = trained / "models" / "small-pooled" / "certificate.json"
    certificate = json.loads(path.read_text(encoding="utf-8"))
    del certificate["key"]
    certificate["versions"]["keras"] = "2.9.0"
    files.write_json(path, {**certificate, "key": provenance.key(certificate)})
    classify.Classifier("small-pooled", TRAINED)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("note: small-pooled was trained with keras 2.9.0, here 3.")
    assert second.startswith("note: small-pooled is not evaluated")  # its certificate is another now
