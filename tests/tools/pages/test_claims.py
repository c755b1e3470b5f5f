"""The lessons' claims stand beside what was measured, and everything measured is read from the reports."""

from pathlib import Path
from typing import Any

import pytest

from stages.runtime import files
from stages.runtime.config import read
from stages.tools.pages import claims
from stages.tools.pages.claims import Published
from tests.project import MARKUP
from tests.recipes import METRICS

CLAIMS: dict[str, Any] = {
    "flatten": {"lesson": "A", "place": "week 3", "says": "nice", "seconds": 5, "parameters": 171149},
    "rnn": {"lesson": "A", "place": "2d", "says": MARKUP, "parameters": 30129, "test_accuracy": 0.85},
}
DIFFERS = {"flatten": "No.", "rnn": "Yes."}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for recipe in ("flatten", "rnn"):
        files.write_json(tmp_path / "metrics" / f"{recipe}.json", METRICS)
    return tmp_path


def published(sources: str = "a course") -> Published:
    return read(Published, {"sources": {"A": sources}, "claims": CLAIMS}, "published")


def test_a_row_has_what_was_published_and_what_was_measured(reports: Path) -> None:
    first, second = claims.table(published().claims, DIFFERS, reports)
    assert len(first) == len(second) == len(claims.HEADER)
    assert first == [
        "`flatten`",
        "A, week 3: nice",
        "training 92.5 %; test 85.0 ± 2.0 %; test loss 0.400; 2 seeds",  # `running`
        "171,149",
        "No.",
    ]
    assert second[1].endswith("; test 85 %") and second[3] == "30,129; here 171,149"


def test_a_recipe_trained_once_has_no_standard_deviation(reports: Path) -> None:
    once = {key: value for key, value in METRICS.items() if key != "sd"} | {"seeds": 1}
    files.write_json(reports / "metrics" / "rnn.json", once)
    row = claims.table({"rnn": published().claims["rnn"]}, DIFFERS, reports)[0]
    assert row[2] == "training 92.5 %; test 85.0 %; test loss 0.400; 1 seed"


def test_the_page_says_of_which_epoch_the_training_accuracy_is(reports: Path) -> None:
    assert "the epoch whose weights were kept" in claims.page(published(), DIFFERS, reports)


def test_what_a_lesson_says_is_no_markup(reports: Path) -> None:
    page = claims.page(published(), DIFFERS, reports)
    assert "<" not in page and " *x*" not in page and " |x|" not in page


def test_a_source_has_a_link(reports: Path) -> None:
    link = "[a course](https://example.org/a_course)"
    assert f"\n- A: {link}, in two lines\n" in claims.page(
        published(f"{link},\n  in two lines"), DIFFERS, reports
    )
