"""A recipe's seconds are those of everything that its models come from, each once."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.transforms import Bbox

from stages.reporting.style import Figures
from stages.runtime import files
from stages.runtime.config import read
from stages.tools.costs import __main__ as costs
from stages.tools.costs import totals
from stages.tools.costs.figure import Point, annotate, draw, front, near

POINTS = st.lists(st.builds(Point, st.just("x"), st.sampled_from([1.0, 2.0, 5.0, 9.0]), st.floats(0.5, 1.0)))
TRAINING: dict[str, Any] = {"kind": "x"}
ENTRIES: dict[str, Any] = {
    "recipes": {
        "teacher": {"corpus": "sets", "model": {}, "training": TRAINING},
        "plain": {"corpus": "words", "model": {}, "training": TRAINING},
        "student": {
            "corpus": "words",
            "model": {},
            "training": TRAINING | {"teacher": "teacher", "start": "vectors"},
        },
        "both": {"corpus": "sets", "model": {"members": "x"}, "training": TRAINING},
    },
    "comparisons": {
        "x": {"recipes": ["plain", "student"], "names": ["mean of words", "pupil"]},
        "y": {"recipes": ["teacher", "both"], "names": ["n-grams", "ensemble"]},
    },
    "corpora": {"sets": {"source": "imdb"}, "words": {"source": "imdb"}},
    "figures": {"width": 6.0, "font_size": 9, "colors": "tab10", "grid": True},
}


def test_the_steps_of_a_recipe_are_all_that_it_comes_from() -> None:
    plain = {("train", "plain"), ("tokenize", "words"), ("pad", "words")}
    assert set(totals.steps("plain", ENTRIES)) == plain
    teacher = {("train", "teacher"), ("tokenize", "sets"), ("pad", "sets")}
    student = {("train", "student"), ("pretrain", "vectors"), *teacher} | plain - {("train", "plain")}
    assert set(totals.steps("student", ENTRIES)) == student
    assert set(totals.steps("both", ENTRIES)) == {("train", "both")} | plain | student


def test_what_was_timed_elsewhere_or_not_at_all_is_no_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(costs, "REPORTS", tmp_path)
    monkeypatch.setattr(totals, "REPORTS", tmp_path)
    monkeypatch.setattr(costs, "FEW", 0)
    monkeypatch.setattr(costs, "params", lambda: ENTRIES)
    monkeypatch.setattr("sys.argv", ["costs"])
    trained = [["teacher", 3, "here"], ["plain", 20, "here"], ["student", 50, "elsewhere"]]
    trained += [[f"other {i}", 1, "elsewhere"] for i in range(9)]  # without what comes before
    files.write_csv(tmp_path / "timings.csv", ["recipe", "total_seconds", "processor"], trained)
    before = [[step, corpus, 1.5, "here"] for step in ("tokenize", "pad") for corpus in ("words", "sets")]
    files.write_csv(tmp_path / "preparation.csv", ["step", "name", "seconds", "processor"], before)
    for name in ENTRIES["recipes"]:
        files.write_json(tmp_path / "metrics" / f"{name}.json", {"test": {"accuracy": 0.9}})
    drawn: list[Any] = []
    monkeypatch.setattr(costs, "draw", lambda points, *_: drawn.extend(points))
    peer = {"seconds": 40.0, "accuracy": 0.907, "source": "imdb"}
    files.write_json(tmp_path / "bench.json", {"peers": {"rows": {"a peer": peer}}, "speeds": {"rows": {}}})
    costs.main()
    points = {point.name: (point.seconds, point.accuracy, point.peer) for point in drawn}
    assert points == {
        "n-grams": (6, 0.9, False),
        "mean of words": (23, 0.9, False),
        "a peer": (40, 0.907, True),
    }
    assert "2 recipes" in capsys.readouterr().out


def test_the_figure_has_numbers_at_its_ticks_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    points = [Point("fast", 9, 0.81), Point("slow", 60, 0.9), Point("peer", 400, 0.95, peer=True)]
    for name in ("one", "two"):
        draw(points, read(Figures, ENTRIES["figures"], "figures"), tmp_path / f"{name}.svg")
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert "mathdefault" not in text and "<!-- 20 -->" in text and "<!-- slow -->" in text


def named(points: list[Point], first: int, width: float) -> dict[str, Bbox]:
    """The names that points have in a figure so many inches wide, and where they stand; the first one's, too:
    where the last step of the front is."""
    figure, ax = pyplot.subplots(figsize=(width, 3))
    ax.set_xscale("log")
    ax.plot([point.seconds for point in points], [100 * point.accuracy for point in points], "o")
    figure.draw_without_rendering()
    annotate(ax, figure.dpi, [points[first], *points], points)
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    before, last = front([point for point in points if not point.peer])[-2:]
    step = [(last.seconds, 100 * before.accuracy), (last.seconds, 100 * last.accuracy)]
    pyplot.close(figure)
    return boxes | {"the step": Bbox(ax.transData.transform(step)).padded(1)}


def test_names_cover_no_other_name_nor_the_front_and_the_first_one_has_a_place() -> None:
    points = [Point(f"a rather long name {i}", 10 + i, 0.9 + i / 1000) for i in range(9)]
    points += [Point("the best", 31, 0.94), Point("right of its step, at the edge", 33, 0.92)]
    points.append(Point("a peer", 25, 0.9, peer=True))
    names = named(points, first=-1, width=6)
    boxes = [*names.values()]
    assert next(iter(names)) == "a peer" and len(boxes) > 2
    assert not any(box.count_overlaps(boxes[:i]) for i, box in enumerate(boxes))


def test_a_name_that_has_no_room_in_one_line_is_broken_near_its_middle() -> None:
    points = [Point("a", 9, 0.5), Point("it is too long for a line of a figure so narrow", 10, 0.6)]
    assert "it is too long for a line\nof a figure so narrow" in named([*points, Point("b", 11, 0.7)], 1, 4)


def test_what_is_far_behind_is_not_drawn_and_what_is_there_twice_once() -> None:
    far, best = Point("far", 1, 0.5), Point("best", 2, 0.9)
    assert near([far, best]) == [best]
    recipe = {"corpus": "a", "model": {"b": 1}, "training": {}, "seeds": [1]}
    recipes = {"one": recipe, "again": recipe | {"seeds": [1, 2]}, "other": recipe | {"corpus": "c"}}
    assert costs.different(recipes, recipes) == ["one", "other"]


def test_no_two_recipes_of_a_figure_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks may be trained with one remedy each in a chapter of its own."""
    figures: list[list[str]] = []
    monkeypatch.setattr(costs, "draw", lambda points, *_: figures.append([point.name for point in points]))
    monkeypatch.setattr(sys, "argv", ["costs"])
    costs.main()
    assert figures and all(len({*names}) == len(names) for names in figures)
    names = {"cells-lstm": "LSTM", "mine-lstm": "LSTM", "mine-gru": "GRU"}  # of two comparisons
    assert [*costs.told_apart([*names], names).values()] == ["cells-lstm", "mine-lstm", "GRU"]
    assert [*costs.told_apart(["mine-lstm", "mine-gru"], names).values()] == ["LSTM", "GRU"]


@given(POINTS)
def test_a_point_is_on_the_front_if_none_that_is_as_fast_is_better(points: list[Point]) -> None:
    edge = front(points)
    for point in points:
        beaten = any(
            other.seconds <= point.seconds and other.accuracy >= point.accuracy and other != point
            for other in points
        )
        assert point in edge or beaten
    for point in edge:
        assert not any(o.seconds <= point.seconds and o.accuracy > point.accuracy for o in points)


@pytest.mark.skipif(sys.platform != "linux", reason="fonts are measured a little differently elsewhere")
def test_the_committed_figures_are_those_of_the_committed_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = {path.name: path.read_bytes() for path in costs.REPORTS.glob("pareto-*.svg")}
    monkeypatch.setattr(costs, "picture", lambda source: tmp_path / f"pareto-{source}.svg")
    monkeypatch.setattr(sys, "argv", ["costs"])
    costs.main()
    stale = [name for name, content in committed.items() if (tmp_path / name).read_bytes() != content]
    assert committed and not stale, "draw them again: python -m stages.tools.costs"
