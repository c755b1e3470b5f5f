"""The lessons' claims stand beside what was measured, and everything measured is read from the reports."""

from pathlib import Path
from typing import Any

import pytest

from stages.lib import files, published
from stages.lib.config import ROOT, params, read
from stages.lib.published import Claim, Published

CLAIMS: dict[str, Any] = {
    "imdb-words-flatten": {
        "lesson": "A",
        "says": "nice",
        "differs": "No.",
        "seconds": 5,
        "parameters": 171533,
    },
    "rnn": {
        "lesson": "A",
        "says": "better",
        "differs": "Yes.",
        "seconds": 43,
        "parameters": 30129,
        "test_accuracy": 0.85,
    },
    "gone": {"lesson": "A", "says": "worse", "differs": "Yes."},
}
METRICS: dict[str, Any] = {
    "test": {"accuracy": 0.8, "loss": 0.5},
    "sd": {"accuracy": 0.004},
    "running": {"accuracy": 0.975},
    "parameters": 171533,
    "seeds": 3,
}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for recipe, seconds in (("imdb-words-flatten", 2.0), ("rnn", 9.0)):
        files.write_json(tmp_path / "metrics" / f"{recipe}.json", METRICS)
        files.write_json(tmp_path / "timings" / f"{recipe}.json", {"seconds_per_epoch": seconds})
    return tmp_path


def claims() -> Published:
    return read(Published, {"sources": {"A": "a course"}, "claims": CLAIMS}, "published")


def test_a_row_has_what_was_published_and_what_was_measured(reports: Path) -> None:
    both = {name: claim for name, claim in claims().claims.items() if name != "gone"}
    first, second = published.table(both, reports)
    assert len(first) == len(second) == len(published.HEADER)
    measured = "training 97.5 %; test 80.0 ± 0.4 %; test loss 0.500; 3 seeds"
    assert first == ["imdb-words-flatten", "A: nice", measured, "171,533", "5/5 = 1.0; here 1.0", "No."]
    assert second[1] == "A: better; test 85 %"
    assert second[3:5] == ["30,129; here 171,533", "43/5 = 8.6; here 4.5"]


def test_a_recipe_trained_once_has_no_standard_deviation(reports: Path) -> None:
    once = {**METRICS, "seeds": 1}
    del once["sd"]
    files.write_json(reports / "metrics" / "rnn.json", once)
    row = published.table({"rnn": claims().claims["rnn"]}, reports)[0]
    assert row[2] == "training 97.5 %; test 80.0 %; test loss 0.500; 1 seed"
    assert row[4] == ""  # without the network whose epoch is the unit


def test_claims_about_recipes_that_are_not_there_are_left_out(reports: Path) -> None:
    page = published.page(claims(), ["rnn", "mine"], reports)
    assert "| rnn |" in page and "gone" not in page and page.endswith("- A: a course\n")
    assert published.page(claims(), ["mine"], reports) == ""


def test_every_committed_claim_is_about_a_recipe_and_says_where_it_differs() -> None:
    found = params()
    committed = read(Published, found["published"], "published")
    assert set(committed.claims) <= set(found["recipes"])
    assert all(isinstance(c, Claim) and c.differs.endswith(".") for c in committed.claims.values())


@pytest.mark.parametrize("page", ["README.md", "reports/README.md"])
def test_the_pages_have_the_table_that_the_reports_give(page: str) -> None:
    found = params()
    committed = read(Published, found["published"], "published")
    expected = published.page(committed, found["recipes"], ROOT / "reports")
    assert expected in (ROOT / page).read_text(encoding="utf-8")
