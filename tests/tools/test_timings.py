"""Timings are collected from what was trained here; what was not keeps its row, and what is gone has none."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from stages.runtime import files
from stages.runtime.config import InputError
from stages.tools import timings
from stages.tools.pages.claims import Claim

MEASURED = {
    "seconds_per_epoch": 1.25,
    "total_seconds": 5.0,
    "tokens_per_second": 40_000,
    "peak_memory_mib": 700,
    "processor": "a processor | of some kind",
    "backend": "none",
}
ENTRIES: dict[str, Any] = {
    "recipes": {"new": {}, "old": {}, "never": {}},
    "corpora": {"words": {}, "never": {}},
    "pretrainings": {},
    "comparisons": {"x": {"title": "A *title*", "recipes": ["old", "new", "never"]}},
}


def row(recipe: str, seconds: float = 2.0, commit: str = "") -> timings.Row:
    texts = {name: str(value) for name, value in MEASURED.items()}
    return {"recipe": recipe, **texts, "seconds_per_epoch": str(seconds), "commit": commit}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Places for the table and the measurements, with `new` just measured."""
    monkeypatch.setattr("sys.argv", ["timings"])
    monkeypatch.setattr(timings, "CSV", tmp_path / "timings.csv")
    monkeypatch.setattr(timings, "PREPARATION", tmp_path / "preparation.csv")
    monkeypatch.setattr(timings, "MEASURED", tmp_path / "measured")
    monkeypatch.setattr(timings, "PROCESSORS", tmp_path / "processors.csv")
    monkeypatch.setattr(timings, "MODELS", tmp_path / "models")
    monkeypatch.setattr(timings, "params", lambda: ENTRIES)
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured" / "new.json").write_text(json.dumps(MEASURED), encoding="utf-8")
    return tmp_path


def write(path: Path, *rows: timings.Row) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, timings.COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def test_what_was_measured_here_replaces_its_row_and_the_others_stay(folder: Path) -> None:
    write(folder / "timings.csv", row("new", 9, "abc"), row("old", 3, "abc"), row("gone", 4, "abc"))
    timings.main()
    rows = timings.committed(folder / "timings.csv")
    assert list(rows) == ["new", "old"]  # in the order of params.yaml, without what it no longer has
    assert rows["new"] == row("new", 1.25) and rows["old"] == row("old", 3, "abc")


def test_what_a_model_was_trained_on_is_what_its_certificate_says_wherever_it_was_timed(folder: Path) -> None:
    rows = [["old", "an old one"], ["new", "an old one"], ["gone", "an old one"]]
    files.write_csv(folder / "processors.csv", timings.PROCESSOR_COLUMNS, rows)
    (folder / "models" / "new").mkdir(parents=True)
    files.write_json(folder / "models" / "new" / "certificate.json", {"processor": "a new one"})
    timings.main()
    table = timings.table(folder / "processors.csv", timings.PROCESSOR_COLUMNS)
    assert [[*row.values()] for row in table] == [["new", "a new one"], ["old", "an old one"]]


def test_no_time_is_shown_as_none_and_a_model_that_reads_no_tokens_has_no_rate() -> None:
    """As an ensemble, which reads what its members said."""
    blend = row("new", 0.013) | {"total_seconds": "0.013", "tokens_per_second": "0"}
    page = timings.experiment("x", ["new", "old"], {"new": blend, "old": row("old")})
    assert "| new | 0.01 | 0.01 |  | 700 |" in page and "| old | 2.00 | 5.00 | 40,000 | 700 |" in page


def test_a_second_time_the_bytes_are_the_same(folder: Path) -> None:
    paths = [folder / "timings.csv", folder / "timings.md"]
    timings.main()
    once = [path.read_bytes() for path in paths]
    timings.main()
    assert [path.read_bytes() for path in paths] == once


def test_the_page_names_what_was_not_timed_and_what_was_timed_before(folder: Path) -> None:
    write(folder / "timings.csv", row("old", 3, "abc"))
    timings.main()
    page = (folder / "timings.md").read_text(encoding="utf-8")
    assert "Of 2 rows, 1 at commit abc" in page and "Not timed: never." in page
    assert r"## A \*title\*" in page and r"a processor \| of some kind" in page
    assert "| old | 3.00 | 5.00 | 40,000 | 700 |" in page and page.index("| old |") < page.index("| new |")


def test_a_page_of_rows_that_were_all_measured_here_names_no_commit(folder: Path) -> None:
    timings.main()
    assert "commit" not in (folder / "timings.md").read_text(encoding="utf-8")


def test_the_lessons_seconds_stand_beside_ours_as_ratios() -> None:
    seconds_by_recipe = {timings.BASE: 5, "slow": 43, "silent": None, "untimed": 1}
    claims = {name: Claim(lesson="A", place="", says="", seconds=s) for name, s in seconds_by_recipe.items()}
    rows = {name: row(name, seconds) for name, seconds in ((timings.BASE, 2.0), ("slow", 9.0), ("silent", 1))}
    text = timings.lesson(claims, rows)
    assert "| slow | 43 | 8.6 | 4.5 |" in text and f"| {timings.BASE} | 5 | 1.0 | 1.0 |" in text
    assert "silent" not in text and "untimed" not in text
    assert not timings.lesson(claims, {"slow": rows["slow"]}) and not timings.lesson({}, rows)


@pytest.mark.parametrize("text", ["{", "[]", '{"seconds_per_epoch": 1}'])
def test_a_damaged_measurement_is_one_line(text: str, folder: Path) -> None:
    (folder / "measured" / "new.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"new\.json is damaged .* delete it"):
        timings.main()


@pytest.mark.parametrize("text", ["recipe,seconds\na,1\n", ",".join(timings.COLUMNS) + "\na,1\n"])
def test_a_damaged_table_is_one_line_and_stays(text: str, folder: Path) -> None:
    (folder / "timings.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"other columns than recipe.*git checkout"):
        timings.main()
    assert (folder / "timings.csv").read_text(encoding="utf-8") == text


def test_what_comes_before_trainings_is_collected_and_stays(folder: Path) -> None:
    files.write_csv(
        folder / "preparation.csv",
        timings.STEP_COLUMNS,
        [["tokenize", "words", 9, "old"], ["tokenize", "gone", 1, "old"], ["pad", "words", 2, "old"]],
    )
    files.write_json(folder / "measured" / "tokenize" / "words.json", {"seconds": 3.5, "processor": "new"})
    timings.main()
    rows = timings.table(folder / "preparation.csv", timings.STEP_COLUMNS)
    assert [[*row.values()] for row in rows] == [
        ["tokenize", "words", "3.5", "new"],
        ["pad", "words", "2", "old"],
    ]
