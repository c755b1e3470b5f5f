"""The page of `dvc plots show` (.dvc/plots)."""

import re
from pathlib import Path
from runpy import run_path

import pytest

from stages.runtime.config import ROOT
from tests.browser import markup, needs_browser

FOLDER = ROOT / ".dvc" / "plots"


def test_the_page_is_what_its_script_writes_but_for_vega() -> None:
    before, after = run_path(str(FOLDER / "make_page.py"))["PAGE"].replace("%%", "%").split("%s")
    page = (FOLDER / "page.html").read_text(encoding="utf-8")
    assert page.startswith(before) and page.endswith(after)


@pytest.mark.slow
@needs_browser
def test_it_opens_with_the_accuracies_of_comparisons_and_loses_no_plot(tmp_path: Path) -> None:
    names = [
        "reports_history_a_csv",
        "reports_slices_a_csv",
        "reports_comparisons_demo_gap_svg",
        "reports_comparisons_demo_accuracy_svg",
        "mine_csv",
    ]
    plots = "".join(f'<div id="{name}"><details></details></div>' for name in names)
    page = (FOLDER / "page.html").read_text(encoding="utf-8").replace("{plot_divs}", plots)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    rendered = markup((tmp_path / "page.html").as_uri(), tmp_path / "profile")
    sections = re.findall(r"<details( open=\"\")?><summary>(.*?)</summary>", rendered)
    assert sections == [
        (' open=""', "Accuracy (1)"),
        ("", "Other figures of comparisons (1)"),
        ("", "Learning curve of each recipe (1)"),
        ("", "Accuracy by length and by unknown words (1)"),
        ("", "Others (1)"),
    ]
    assert sorted(re.findall(r'<div id="(\w+)">', rendered)) == sorted(names)
