"""The committed reports are those of the committed study: all of it, and of nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from stages.runtime.config import ROOT, parse
from stages.study.params import params
from stages.tools.pages.__main__ import TEMPLATES

REPORTS = ROOT / "reports"
PAGES = [path.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.md")]
SECTIONS = ["sources", "corpora", "recipes", "comparisons", "samples"]
BY_HAND = {
    *(REPORTS / name for name in ("bench.json", "timings.md")),
    *(REPORTS / f"{name}.csv" for name in ("timings", "preparation", "processors")),
    *REPORTS.glob("pareto-*.svg"),
    REPORTS / "walkthrough.ipynb",
    *REPORTS.glob("experiments/*/*"),
    *(ROOT / page for page in PAGES),
}  # stages/tools write them, no stage


@pytest.fixture(scope="module")
def outs() -> Iterator[set[Path]]:
    """What stages write in reports/."""
    with Repo(str(ROOT)) as repo:
        paths = {Path(out.fs_path) for stage in repo.index.stages for out in stage.outs}
        yield {path for path in paths if REPORTS in path.parents}


def test_there_is_nothing_that_no_stage_makes(outs: set[Path]) -> None:
    files = {path for path in REPORTS.rglob("*") if path.is_file()} - BY_HAND
    left = [path for path in files if not outs & {path, *path.parents}]
    assert not left, "left over from entries that are gone: delete them"


def test_every_report_is_of_an_experiment_that_is_there() -> None:
    assert {path.name for path in (REPORTS / "experiments").glob("*")} <= set(params()["comparisons"])


def test_a_report_of_an_experiment_has_the_numbers_of_the_metrics() -> None:
    """No stage writes it, so a training that came later could leave it behind."""
    for page in REPORTS.glob("experiments/*/README.md"):
        text = page.read_text(encoding="utf-8").partition("| role |")[2]
        rows = dict(re.findall(r"^\| \**([a-z0-9-]+)\** \| (.*\d \| [a-z ,]+ \|)$", text, re.MULTILINE)[::-1])
        for recipe in params()["comparisons"][page.parent.name]["recipes"]:
            metrics = json.loads((REPORTS / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
            accuracy, loss = (metrics["test"][name] for name in ("accuracy", "loss"))
            assert f"| {100 * accuracy:.1f} " in rows[recipe] and f"| {loss:.3f} " in rows[recipe]


def test_what_is_compared_is_what_was_measured() -> None:
    """Figures and tests of differences are made from the one, pages from the other."""
    compared = {path.stem: path for path in REPORTS.glob("compared/*/*.json")}
    assert {*compared} == {path.stem for path in REPORTS.glob("metrics/*.json")}
    for recipe, path in compared.items():
        metrics = json.loads((REPORTS / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
        assert json.loads(path.read_text(encoding="utf-8"))["metrics"] == metrics, recipe


def missing(lock: Mapping[str, Any], outs: set[Path]) -> list[str]:
    """The reports that dvc.lock says were made and that are not there. What DVC leaves in it of entries that
    are gone has no report. outs: what stages write.

    lock: its stages; entries of a user's own that have not run yet are not in it.
    """
    made = [out["path"] for stage in lock.values() for out in stage["outs"]]
    return [path for path in made if ROOT / path in outs and not (ROOT / path).exists()]


def test_whatever_ran_left_its_reports(outs: set[Path]) -> None:
    assert not missing(parse(ROOT / "dvc.lock", "dvc.lock")["stages"], outs)


def test_a_report_is_missing_unless_its_entry_is_gone(outs: set[Path]) -> None:
    """An experiment is undone by deleting its file and its reports; DVC keeps its stages in dvc.lock."""
    path = "reports/metrics/mine-logistic.json"
    lock = {"evaluate@mine-logistic": {"outs": [{"path": path}, {"path": "data/calibrations/mine.json"}]}}
    assert missing(lock, outs) == []
    assert missing(lock, outs | {ROOT / path}) == [path]


def test_no_row_of_a_page_is_about_an_entry_that_is_gone() -> None:
    study = params()
    known = {"recipe", "corpus", "source"}.union(*(study[s] for s in SECTIONS))
    for path in (*REPORTS.glob("chapters/*.md"), REPORTS / "samples.md", REPORTS / "corpora.md"):
        page = path.read_text(encoding="utf-8")
        names = {name for name in re.findall(r"^\| ([a-z0-9-]+) \|", page, re.MULTILINE) if name.strip("-")}
        assert names and names <= known, path


def test_every_picture_of_a_comparison_is_on_its_page() -> None:
    for path in REPORTS.glob("chapters/*.md"):
        page = path.read_text(encoding="utf-8")
        pictures = [picture.name for picture in (REPORTS / "comparisons" / path.stem).glob("*.svg")]
        assert pictures and all(f"](../comparisons/{path.stem}/{name})" in page for name in pictures), path
