"""Figures show what was measured, and are the same bytes for the same numbers."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from stages.lib import figures
from stages.lib.results import Result
from stages.lib.style import Figures
from tests.recipes import STYLE, TIMES, many, result, scored, three

Draw = Callable[[list[Result], Figures, Path], None]


def curves(shown: list[Result], style: Figures, path: Path) -> None:
    figures.curves(shown, "A title", style, path)


def timings(shown: list[Result], style: Figures, path: Path) -> None:
    figures.timings([r.recipe for r in shown], [TIMES] * len(shown), style, path)


DRAW: list[Draw] = [curves, figures.accuracy, figures.gap, figures.slices, figures.confusions, timings]


def drawn(tmp_path: Path, draw: Draw, shown: list[Result], style: Figures = STYLE) -> bytes:
    """A figure's bytes, which are a picture that can be parsed."""
    path = tmp_path / "figure.svg"
    draw(shown, style, path)
    assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert [p.name for p in tmp_path.iterdir()] == ["figure.svg"]
    return path.read_bytes()


@pytest.mark.parametrize("draw", DRAW)
def test_the_same_numbers_give_the_same_bytes(tmp_path: Path, draw: Draw) -> None:
    shown = [result("lstm"), result("gru")]
    first = drawn(tmp_path, draw, shown)
    assert drawn(tmp_path, draw, shown) == first
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("draw", DRAW)
def test_every_option_of_the_style_but_the_grid_of_a_matrix_changes_a_figure(
    tmp_path: Path, draw: Draw
) -> None:
    shown = [result("lstm")]
    plain = drawn(tmp_path, draw, shown)
    changes: list[dict[str, Any]] = [{"width": 6.0}, {"font_size": 14}]
    if draw is not figures.confusions:  # its colors mean shares, and a grid would hide them
        changes += [{"colors": "Dark2"}, {"grid": False}]
    for change in changes:
        assert drawn(tmp_path, draw, shown, dataclasses.replace(STYLE, **change)) != plain


@pytest.mark.parametrize("draw", DRAW)
def test_a_recipes_name_is_drawn(tmp_path: Path, draw: Draw) -> None:
    assert drawn(tmp_path, draw, [result("lstm")]) != drawn(tmp_path, draw, [result("lstn")])


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("shown", [many(1), many(12), [three()]], ids=["1 recipe", "12 recipes", "3 classes"])
def test_few_and_many_recipes_and_classes_can_be_drawn(
    tmp_path: Path, draw: Draw, shown: list[Result]
) -> None:
    drawn(tmp_path, draw, shown)


def test_curves_of_recipes_that_stopped_at_other_epochs_can_be_drawn(tmp_path: Path) -> None:
    history = {column: [values[0], values[3]] for column, values in result().history.items()}
    short = result("gru", history=history)
    assert drawn(tmp_path, curves, [result(), short]) != drawn(tmp_path, curves, [result(), result("gru")])


@pytest.mark.parametrize("draw", [figures.accuracy, curves])
def test_what_is_set_against_a_number_is_drawn_by_it(tmp_path: Path, draw: Draw) -> None:
    shown = [
        dataclasses.replace(scored(f"{line}-{x}", right), line=line, x=x, against="source.cue_distance")
        for line, x, right in [("lstm", 200, 50), ("lstm", 5, 99), ("rnn", 5, 90)]
    ]
    lines = drawn(tmp_path, draw, shown)
    assert drawn(tmp_path, draw, shown[::-1]) != lines  # the order of the legend
    assert drawn(tmp_path, draw, [dataclasses.replace(r, x=None) for r in shown]) != lines
    moved = [dataclasses.replace(shown[0], x=100), *shown[1:]]
    assert drawn(tmp_path, draw, moved) != lines


@pytest.mark.parametrize("letters", [5, 25, 35, 50])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_legend_is_no_wider_than_its_figure(tmp_path: Path, letters: int, count: int) -> None:
    figure = Figure(figsize=(STYLE.width, 5), layout="constrained")
    handles = [figures._handle(STYLE, i, (f"{i} recipe-" * letters)[:letters]) for i in range(count)]
    figures._legend(figure, [*handles, *figures._lines(["test"])], STYLE)
    figure.savefig(tmp_path / "figure.png")
    found = figure.legends[0].get_window_extent()
    assert found.x0 >= 0 and found.x1 <= figure.bbox.x1


def test_curves_watched_on_the_test_split_say_so(tmp_path: Path) -> None:
    assert drawn(tmp_path, curves, [result(watched="test")]) != drawn(tmp_path, curves, [result()])


def test_curves_that_were_not_watched_on_the_same_split_say_on_which_each_was() -> None:
    both = [result("a", watched="test"), result("b")]
    assert figures._watching(both, ["a", "b"]) == ["a (test)", "b (held out)"]
    assert figures._watching([both[1], result("c")], ["b", "c"]) == ["b", "c"]


@pytest.mark.parametrize(
    ("draw", "confusion"),
    [
        (figures.accuracy, [[450, 50], [100, 400]]),  # the same accuracy, in a narrower interval
        (figures.confusions, [[450, 50], [100, 400]]),
        (figures.confusions, [[40, 10], [5, 45]]),
    ],
)
def test_the_counts_behind_an_accuracy_are_drawn(
    tmp_path: Path, draw: Draw, confusion: list[list[int]]
) -> None:
    assert drawn(tmp_path, draw, [result(confusion=confusion)]) != drawn(tmp_path, draw, [result()])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_recipe_has_a_confusion_matrix_of_its_own(tmp_path: Path, count: int) -> None:
    plain = drawn(tmp_path, figures.confusions, many(count))
    for i in range(count):
        shown = many(count)
        shown[i] = dataclasses.replace(shown[i], confusion=[[1, 2], [3, 94]])
        assert drawn(tmp_path, figures.confusions, shown) != plain


@pytest.mark.parametrize("texts", [1, 4, 75, 2000])
@pytest.mark.parametrize("share", [0, 1])
def test_an_accuracy_of_nothing_or_everything_can_be_drawn(tmp_path: Path, share: int, texts: int) -> None:
    shown = [scored("lstm", share * texts, texts)]
    drawn(tmp_path, figures.accuracy, shown)
    drawn(tmp_path, figures.confusions, shown)


@pytest.mark.parametrize("text", ["$x_$", "$5 to $\\frac$", "a & b < c", "\\_^{"])
def test_any_title_and_label_can_be_drawn(tmp_path: Path, text: str) -> None:
    def titled(shown: list[Result], style: Figures, path: Path) -> None:
        figures.curves(shown, text, style, path)

    drawn(tmp_path, titled, [result()])
    drawn(tmp_path, figures.confusions, [result(labels=[text, f"{text} {text}"])])
