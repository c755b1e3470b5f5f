"""A comparison's tables, page and figures."""

import csv
from pathlib import Path
from typing import Any

import pytest

from stages import compare
from stages.reporting.comparison import Result
from stages.runtime import files
from tests.recipes import result, scored, three

BY_EVALUATE = ["recipe", "metrics", "history", "labels", "confusion", "slices", "watched"]
BY_EVALUATE += ["right", "reliability", "coverage"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compare, "ROOT", tmp_path)
    return tmp_path


def evaluated(root: Path, results: list[Result]) -> dict[str, Any]:
    """Leave what `evaluate` leaves of a comparison's recipes; params.yaml for it."""
    for r in results:
        value = {key: getattr(r, key) for key in BY_EVALUATE}
        files.write_json(root / "reports" / "compared" / "mine" / f"{r.recipe}.json", value)
    names = [r.recipe for r in results]
    comparison: dict[str, Any] = {
        "title": "Who wins?",
        "recipes": names,
        "duplicates": [r.duplicates for r in results],
    }
    comparison |= {"sources": ["mine"] * len(names), "reads": "none"}
    if any(r.chapter for r in results):
        comparison["chapters"] = [r.chapter for r in results]
        comparison["headings"] = [r.heading for r in results]
    comparison |= {"names": names, "colors": [-1] * len(names)}
    style = {"width": 9.0, "font_size": 10, "colors": "petroff10", "grid": True}
    return {"comparisons": {"mine": comparison}, "figures": style, "corpora": {"words": {}}}


def test_a_comparison_shows_its_recipes_and_forgets_the_ones_it_no_longer_has(root: Path) -> None:
    evaluated(root, [scored("a", 80), scored("old", 99)])
    params = evaluated(root, [scored("b", 90), scored("a", 80)])
    compare.main("mine", params)
    with (root / "reports" / "tables" / "mine.csv").open(encoding="utf-8", newline="") as file:
        assert [row["recipe"] for row in csv.DictReader(file)] == ["b", "a"]
    with (root / "reports" / "differences" / "mine.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["first"], row["second"]) for row in csv.DictReader(file)] == [("b", "a")]
    assert not (root / "reports" / "compared" / "mine" / "old.json").exists()
    assert "old" not in (root / "reports" / "chapters" / "mine.md").read_text(encoding="utf-8")


def test_pruning_deletes_strays_and_only_them(tmp_path: Path) -> None:
    for name in ["lstm.json", "lstm-2.json", "gru.json", "ls.json", ".gru.json.part"]:
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "old").mkdir()
    compare.prune(tmp_path, ["lstm", "lstm-2"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lstm-2.json", "lstm.json"]


def contents(root: Path) -> dict[str, bytes]:
    paths = [path for path in (root / "reports").rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_the_same_results_are_the_same_bytes_and_a_figure_that_is_gone_goes(root: Path) -> None:
    params = evaluated(root, [scored("a", 80), three("b")])
    compare.main("mine", params)
    first = contents(root)
    files.write_text(root / "reports" / "comparisons" / "mine" / "old.svg", "")
    compare.main("mine", params)
    assert contents(root) == first


def test_every_figure_that_a_chapter_links_to_is_drawn_and_no_other(root: Path) -> None:
    params = evaluated(root, [result("a", chapter="lstm"), result("b", chapter="gru")])
    compare.main("mine", params)
    text = (root / "reports" / "chapters" / "mine.md").read_text(encoding="utf-8")
    pictures = list((root / "reports" / "comparisons" / "mine").iterdir())
    assert len(pictures) == 12 == text.count("](../comparisons/mine/")
    assert all(f"](../comparisons/mine/{picture.name})" in text for picture in pictures)
