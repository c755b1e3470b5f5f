"""The real pipeline, run by DVC on a small demo: from nothing to compared models, and what users do next."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.lib import certificate, files
from tests.project import SMALL, Project, small_demo

pytestmark = pytest.mark.slow

RECIPES = ["demo-pooled", "demo-lstm"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pipeline has run, with everything that belongs in Git committed."""
    return small_demo(Project, tmp_path_factory.mktemp("späces and 文字"))


def test_every_recipe_has_the_same_reports(project: Project) -> None:
    reports = project.root / "reports"
    for recipe in RECIPES:
        metrics = json.loads((reports / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
        splits = ["test", "sd", "training", "validation", "running"]
        assert list(metrics) == [*splits, "parameters", "epochs", "seeds"]
        assert list(metrics["test"]) == ["accuracy", "loss", "auc", "f1", "ece"]
        assert list(metrics["validation"]) == ["accuracy", "loss"] and metrics["epochs"] == 2
        assert metrics["sd"].keys() == metrics["test"].keys() and metrics["seeds"] == 2
        with (reports / "history" / f"{recipe}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(row["seed"], row["epoch"]) for row in rows] == [
            ("42", "1"),
            ("42", "2"),
            ("43", "1"),
            ("43", "2"),
        ]
        kept = [float(row["val_loss"]) for row in rows if row["epoch"] == "2"]
        assert metrics["validation"]["loss"] == pytest.approx(sum(kept) / 2, abs=1e-6)
        assert (reports / "timings" / f"{recipe}.json").exists()


def test_metrics_are_those_of_the_predictions(project: Project) -> None:
    for recipe in RECIPES:
        path = project.root / "data" / "predictions" / f"{recipe}.csv"
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        metrics = json.loads(
            (project.root / "reports" / "metrics" / f"{recipe}.json").read_text(encoding="utf-8")
        )
        right = sum(row["label"] == row["predicted"] for row in rows)
        assert len(rows) == 200 and right / 200 == metrics["test"]["accuracy"]


def test_the_page_shows_every_figure_of_the_comparison(project: Project) -> None:
    page = (project.root / "reports" / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((.*?)\)", page)
    assert len(links) == 6 and all((project.root / "reports" / link).exists() for link in links)
    assert all(recipe in page for recipe in RECIPES)


def test_nothing_is_left_to_do_and_git_is_clean(project: Project) -> None:
    assert "up to date" in project.dvc("repro")
    assert project.run("git", "status", "--porcelain") == ""


def test_a_fresh_clone_without_the_cache_knows_that_it_is_up_to_date_and_shows_metrics(
    project: Project, tmp_path: Path
) -> None:
    project.run("git", "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = ["env", "-C", str(tmp_path / "clone"), sys.executable, "-m", "dvc"]
    assert "up to date" in project.run(*clone, "repro", "--allow-missing", "--dry")
    shown = project.run(*clone, "metrics", "show", "reports/metrics/demo-lstm.json")
    assert "test.accuracy" in shown and "failed" not in shown


def test_dvc_plots_show_makes_a_page_that_loads_nothing_from_a_network(project: Project) -> None:
    shown = project.dvc("plots", "show")
    page = (project.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "failed" not in shown
    assert not re.search(r"""(src|href)\s*=\s*["']https?:""", page)
    assert page.count("vegaEmbed('#") == 3 * 2 + 2  # history, slices, confusion per recipe; two tables
    assert "comparisons_demo_curves.svg" in page


def test_metrics_diff_shows_what_an_edit_did(project: Project) -> None:
    project.compose(*SMALL, "models.demo-pooled.embedding=8")
    project.dvc("repro", "--quiet", "evaluate@demo-pooled")
    shown = project.dvc("metrics", "diff", "--all")
    project.compose(*SMALL)
    again = project.dvc("repro", "evaluate@demo-pooled")
    assert re.search(r"reports/metrics/demo-pooled.json\s+parameters", shown)
    assert "Running stage" not in again  # the run cache has it


def test_a_model_does_not_depend_on_the_seeds_before_its_own(project: Project) -> None:
    folder = project.root / "data" / "models" / "demo-pooled" / "seeds"
    second = (folder / "43.keras").read_bytes()
    alone = [part for part in SMALL if not part.startswith("recipes.")] + ["recipes.demo-pooled.seeds=1"]
    project.compose(*alone, "seed=43", "sources.demo.seed=42")
    project.dvc("repro", "--quiet", "train@demo-pooled")
    assert [path.name for path in folder.iterdir()] == ["43.keras"]
    assert (folder / "43.keras").read_bytes() == second
    project.compose(*SMALL)
    project.dvc("repro", "--quiet")


def test_experiments_change_a_number_in_conf_or_in_params(project: Project) -> None:
    project.compose()
    for where, size in (("conf/model/demo-lstm.yaml:units=[8]", 8), ("models.demo-lstm.units=[9]", 9)):
        small = [flag for override in SMALL for flag in ("-S", override)]
        project.dvc("exp", "run", "--quiet", "-S", where, *small, "pad@demo-words")
        text = (project.root / "params.yaml").read_text(encoding="utf-8")
        assert re.search(rf"demo-lstm:\n(?:    .*\n)*?    units:\n    - {size}\n", text)
    conf = (project.root / "conf/model/demo-lstm.yaml").read_text(encoding="utf-8")
    assert conf.startswith("# @package models.demo-lstm\n") and "# one number per layer" in conf


def predict(project: Project, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "stages.predict", *arguments],
        cwd=project.root,
        env=project.environment | {"LC_ALL": "C"},
        input=given,
        capture_output=True,
        check=False,
    )


TEXTS = ["a dull plot", "", "zzz", "\0", "\u202eعربى", "e\u0301\u0301", "=1+1", "🎬" * 9, "good " * 100_000]


def test_predict_gives_a_label_and_a_probability_per_text(project: Project) -> None:
    given = b"\xef\xbb\xbf" + "\r\n".join(TEXTS).encode()
    told = predict(project, "demo-pooled", "--json", given=given)
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [row["text"] for row in found] == TEXTS
    for row in found:
        assert row["probability"] == max(row["probabilities"].values()) >= 0.5
        assert row["label"] in ("negative", "positive") and abs(sum(row["probabilities"].values()) - 1) < 1e-5
    told = predict(project, "demo-pooled", *TEXTS[:3], TEXTS[4], "tab\tand\nline")
    lines = [line.split("\t") for line in told.stdout.decode().splitlines()]
    assert [line[2] for line in lines] == ["a dull plot", "", "zzz", "\u202eعربى", "tab and line"]
    for (label, share, _), row in zip(lines[:3], found[:3], strict=True):
        assert label == row["label"] and float(share) == pytest.approx(row["probability"], abs=1e-4)
    assert told.stderr == b""


def test_predict_refuses_what_is_no_text_or_no_model_in_one_line(project: Project) -> None:
    refusals = {
        "'nowhere' is not in recipes": predict(project, "nowhere", "x"),
        "standard input, line 2: not UTF-8": predict(project, "demo-pooled", given=b"fine\n\xff\xfe\n"),
        "text 1: not UTF-8": predict(project, "demo-pooled", os.fsdecode(b"\xff")),
    }
    tokenizer = project.root / "data" / "tokens" / "demo-words" / "tokenizer.json"
    kept = tokenizer.read_text(encoding="utf-8")
    tokenizer.write_text(kept.replace('"the"', '"teh"'), encoding="utf-8")
    refusals["holds another tokenizer"] = predict(project, "demo-pooled", "x")
    tokenizer.write_text(kept, encoding="utf-8")
    (project.root / "data" / "models" / "demo-lstm" / "seeds" / "42.keras").unlink()
    refusals["42.keras is missing"] = predict(project, "demo-lstm", "x")
    shutil.rmtree(project.root / "data" / "models" / "demo-lstm")
    refusals["demo-lstm is not trained; train it with: dvc repro"] = predict(project, "demo-lstm", "x")
    for words, done in refusals.items():
        text = done.stderr.decode()
        assert done.returncode == 1 and done.stdout == b""
        assert text.startswith("error: ") and words in text and text.count("\n") == 1


def test_predict_notes_where_the_environment_is_another_one(project: Project) -> None:
    path = project.root / "data" / "models" / "demo-pooled" / "certificate.json"
    kept = path.read_text(encoding="utf-8")
    found = json.loads(kept)
    del found["key"]
    found["versions"]["keras"] = "2.9.0"
    files.write_json(path, {**found, "key": certificate.key(found)})
    done = predict(project, "demo-pooled", "x")
    path.write_text(kept, encoding="utf-8")
    assert done.returncode == 0
    assert re.fullmatch(b"note: demo-pooled was trained with keras 2.9.0, here 3.*\n", done.stderr)
