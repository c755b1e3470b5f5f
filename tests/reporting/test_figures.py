"""Figures show what was measured, and are the same bytes for the same numbers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.reporting import canvas, figures
from stages.reporting.comparison import Baseline, Result
from stages.reporting.style import Figures
from tests.project import LABELS, MARKUP
from tests.recipes import METRICS, STYLE, many, once, result, scored, three

Draw = Callable[[list[Result], Figures, Path], None]


def curves(results: list[Result], style: Figures, path: Path) -> None:
    figures.curves(results, "A title", style, path)


DRAW: list[Draw] = [curves, figures.accuracy, figures.gap, figures.slices, figures.confusions]
DRAW += [figures.reliability]


def drawn(tmp_path: Path, draw: Draw, results: list[Result], style: Figures = STYLE) -> bytes:
    """A figure's bytes, which are a picture that can be parsed and hold no script."""
    path = tmp_path / "figure.svg"
    draw(results, style, path)
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert [p.name for p in tmp_path.iterdir()] == ["figure.svg"]
    return path.read_bytes()


@pytest.mark.parametrize("draw", DRAW)
def test_the_same_numbers_give_the_same_bytes_and_another_name_others(tmp_path: Path, draw: Draw) -> None:
    results = [result("lstm"), result("gru")]
    first = drawn(tmp_path, draw, results)
    assert drawn(tmp_path, draw, results) == first
    assert b"<dc:date>" not in first
    assert drawn(tmp_path, draw, [result("lstn"), result("gru")]) != first


@pytest.mark.parametrize("draw", DRAW)
def test_the_style_changes_every_figure(tmp_path: Path, draw: Draw) -> None:
    changed = replace(STYLE, font_size=14)
    assert drawn(tmp_path, draw, [result()], changed) != drawn(tmp_path, draw, [result()])


@pytest.mark.parametrize("change", [{"width": 6.0}, {"colors": "Dark2"}, {"grid": False}])
def test_every_option_of_the_style_changes_a_figure(tmp_path: Path, change: dict[str, Any]) -> None:
    changed = replace(STYLE, **change)
    assert drawn(tmp_path, figures.gap, [result()], changed) != drawn(tmp_path, figures.gap, [result()])


@pytest.mark.parametrize("draw", DRAW)
def test_many_recipes_several_classes_and_a_single_seed_can_be_drawn(tmp_path: Path, draw: Draw) -> None:
    drawn(tmp_path, draw, [*many(9), three(), once("gru")])


def test_curves_of_recipes_that_stopped_at_other_epochs_can_be_drawn(tmp_path: Path) -> None:
    history = {column: [values[0], values[3]] for column, values in result().history.items()}
    short = result("gru", history=history)
    assert drawn(tmp_path, curves, [result(), short]) != drawn(tmp_path, curves, [result(), result("gru")])


def test_what_is_set_against_a_number_is_drawn_by_it(tmp_path: Path) -> None:
    results = [
        scored(f"{line}-{x}", right, name=line, x=x, against="distance")
        for line, x, right in [("lstm", 200, 50), ("lstm", 5, 99), ("rnn", 5, 90)]
    ]
    lines = drawn(tmp_path, figures.accuracy, results)
    assert drawn(tmp_path, figures.accuracy, results[::-1]) != lines  # the order of the legend
    moved = [replace(results[0], x=100), *results[1:]]
    assert drawn(tmp_path, figures.accuracy, moved) != lines
    bars = [replace(r, x=None) for r in results]
    assert drawn(tmp_path, figures.accuracy, bars) != lines
    assert drawn(tmp_path, curves, bars) != drawn(tmp_path, curves, results)


@pytest.mark.parametrize("letters", [5, 35, 50])
@pytest.mark.parametrize("count", [1, 7])
def test_a_legend_is_no_wider_than_its_figure(letters: int, count: int) -> None:
    figure = Figure(figsize=(STYLE.width, 5), layout="constrained")
    handles = [figures._handle({}, (f"{i} recipe-" * letters)[:letters]) for i in range(count)]
    canvas.legend(figure, [*handles, *figures._lines(["test"])], STYLE)
    figure.draw_without_rendering()
    extent = figure.legends[0].get_window_extent()
    assert extent.x0 >= 0 and extent.x1 <= figure.bbox.x1


def test_curves_watched_on_the_test_split_say_so_and_mixed_ones_on_which_each_was(tmp_path: Path) -> None:
    assert drawn(tmp_path, curves, [result(watched="test")]) != drawn(tmp_path, curves, [result()])
    both = [result("a", watched="test"), result("b")]
    assert figures._watching(both) == {"a": "a (test)", "b": "b (held out)"}
    assert figures._watching([both[1], result("c")]) == {"b": "b", "c": "c"}


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


def test_the_spread_of_the_seeds_widens_the_interval_that_is_drawn(tmp_path: Path) -> None:
    wide = result(metrics=METRICS | {"sd": {"accuracy": 0.021}})
    assert wide.interval != result().interval
    assert drawn(tmp_path, figures.accuracy, [wide]) != drawn(tmp_path, figures.accuracy, [result()])


def test_every_recipe_has_a_confusion_matrix_of_its_own(tmp_path: Path) -> None:
    plain = drawn(tmp_path, figures.confusions, many(2))
    first, second = many(2)
    for results in (
        [replace(first, confusion=[[1, 2], [3, 94]]), second],
        [first, replace(second, confusion=[[1, 2], [3, 94]])],
    ):
        assert drawn(tmp_path, figures.confusions, results) != plain


@pytest.mark.parametrize(("right", "texts"), [(0, 1), (1, 1), (0, 2000), (2000, 2000)])
def test_an_accuracy_of_nothing_or_everything_can_be_drawn(tmp_path: Path, right: int, texts: int) -> None:
    drawn(tmp_path, figures.accuracy, [scored("lstm", right, texts)])
    drawn(tmp_path, figures.confusions, [scored("lstm", right, texts)])


@pytest.mark.filterwarnings("error")  # as of a letter that no font has: a tab
@pytest.mark.parametrize("text", ["$5 to $\\frac_{^", "a & b < c", f"{MARKUP}\n\tx"])
def test_any_title_and_label_can_be_drawn_and_is_no_markup(tmp_path: Path, text: str) -> None:
    def titled(results: list[Result], style: Figures, path: Path) -> None:
        figures.curves(results, text, style, path)

    for picture in (
        drawn(tmp_path, titled, [result()]),
        drawn(tmp_path, figures.confusions, [result(labels=[text, LABELS[1]])]),
    ):
        assert b"<script" not in picture and b"</script" not in picture


def test_the_baseline_is_drawn_beside_recipes_of_its_source_only(tmp_path: Path) -> None:
    base = Baseline("linear", "a linear model", "films", 0.9)
    lines = [scored(f"r-{x}", 80, name="r", x=x, against="distance", source="films") for x in (5, 20)]
    for results in ([result(source="films")], lines):
        plain = drawn(tmp_path, figures.accuracy, results)
        with_it = drawn(tmp_path, lambda r, style, path: figures.accuracy(r, style, path, base), results)
        assert with_it != plain and b"a linear model" in with_it
        others = [replace(r, source="news") for r in results]
        assert drawn(tmp_path, lambda r, style, path: figures.accuracy(r, style, path, base), others) == plain


def test_reliability_shows_both_states_of_calibration_and_the_coverage(tmp_path: Path) -> None:
    whole = drawn(tmp_path, figures.reliability, [result()])
    before = replace(result(), reliability=result().reliability[:1])
    assert drawn(tmp_path, figures.reliability, [before]) != whole
    other = replace(result(), coverage=[[0.5, 0.9, 0.99], [1.0, 0.5, 0.85]])
    assert drawn(tmp_path, figures.reliability, [other]) != whole


def test_curves_need_epochs_slices_texts_that_differ_and_lines_few_recipes() -> None:
    assert figures.telling([result("a"), result("b")]) == [*figures.CAPTIONS]
    flat = {column: values[:1] for column, values in result().history.items()}
    assert "curves" not in figures.telling([result(history=flat)])
    assert "curves" in figures.telling([result("a", history=flat), result("b")])
    alike = {by: [[1.0, 9.0, 100.0, 0.85]] for by in ("length", "oov_rate")}
    assert "slices" not in figures.telling([result(slices=alike)])
    assert {"accuracy", "gap"} <= {*figures.telling(many(20))}
    assert not {"curves", "slices", "confusions", "reliability"} & {*figures.telling(many(20))}
    points = [result(f"a-{x}", name="a", x=x, against="distance") for x in range(1, 30)]
    assert figures.telling(points) == ["accuracy", "curves"]


@pytest.mark.parametrize("draw", [figures.slices, figures.reliability])
def test_what_says_the_same_of_every_text_has_no_line(tmp_path: Path, draw: Draw) -> None:
    """Beside it, the others could not be told apart."""
    same = result("majority", confusion=[[50, 0], [50, 0]], metrics=METRICS | {"sd": {"accuracy": 0.0}})
    assert b"majority" not in drawn(tmp_path, draw, [same, result()])
    assert b"majority" in drawn(tmp_path, draw, [same])


def test_what_says_the_same_of_every_text_moves_no_end_of_the_axis_and_is_marked_if_it_is_beyond(
    tmp_path: Path,
) -> None:
    low, inside = (
        replace(scored("majority", right), confusion=[[right, 0], [100 - right, 0]]) for right in (50, 90)
    )
    assert not low.constant  # its seeds differ
    low, inside = (replace(one, metrics=one.metrics | {"sd": {"accuracy": 0.0}}) for one in (low, inside))
    others = [scored("a", 88), scored("b", 92)]
    assert b"further to the left" in drawn(tmp_path, figures.accuracy, [low, *others])
    assert b"further to the left" not in drawn(tmp_path, figures.accuracy, [inside, *others])
    assert (
        drawn(tmp_path, figures.accuracy, [low, replace(low, recipe="b"), *others]).count(b"further to") == 1
    )


def test_what_says_the_same_of_every_text_is_drawn_if_it_is_the_most_accurate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = replace(scored("majority", 70), confusion=[[70, 0], [30, 0]])
    best = replace(best, metrics=best.metrics | {"sd": {"accuracy": 0.0}})
    ends = []
    monkeypatch.setattr(Axes, "set", lambda axes, **options: ends.append(options.get("xlim")))
    drawn(tmp_path, figures.accuracy, [best, scored("a", 60), scored("b", 61)])
    [(left, right)] = filter(None, ends)
    assert left < 60 < 70 < right


def test_curves_are_of_what_is_trained_in_epochs(tmp_path: Path) -> None:
    at_once = result("svm", history={column: values[:1] for column, values in result().history.items()})
    assert b"svm" not in drawn(tmp_path, curves, [result(), at_once])


def test_groups_of_one_corpus_have_their_ranges_and_of_several_only_their_order(tmp_path: Path) -> None:
    other = result(
        "b", slices={**result().slices, "length": [[1.0, 90.0, 50.0, 0.9], [91.0, 200.0, 50.0, 0.8]]}
    )
    one, two = (drawn(tmp_path, figures.slices, some) for some in ([result("a")], [result("a"), other]))
    assert b"1 to" in one and b"fewest" not in one
    assert b"1 to" not in two and b"fewest" in two and b"most" in two


def test_lines_that_lie_on_each_other_are_set_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[tuple[float, ...]] = []
    plain = Axes.errorbar

    def noted(ax: Axes, x: Any, *args: Any, **options: Any) -> Any:
        places.append(tuple(x))
        return plain(ax, x, *args, **options)

    monkeypatch.setattr(Axes, "errorbar", noted)
    points = [scored(f"{n}-{x}", 100, name=n, x=x, against="distance") for n in "ab" for x in (5.0, 20.0)]
    drawn(tmp_path, figures.accuracy, points)
    assert len({*places}) == 2 and all(place == pytest.approx((5, 20), rel=0.05) for place in places)


def test_only_what_texts_differ_in_has_axes_of_its_own(tmp_path: Path) -> None:
    alike = result().slices | {"oov_rate": [[0.0, 0.0, 100.0, 0.85]]}
    assert figures._sliced([result(slices=alike)]) == ["length"]
    both = result().slices | {"oov_rate": [[0.0, 0.1, 50.0, 0.8], [0.1, 0.3, 50.0, 0.9]]}
    assert figures._sliced([result(slices=alike), result(slices=both)]) == ["length", "oov_rate"]
    one, two = (drawn(tmp_path, figures.slices, [result(slices=each)]) for each in (alike, both))
    assert one.count(b'id="axes_') == 1 and two.count(b'id="axes_') == 2


def test_no_accuracy_goes_beyond_100_percent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    highest: list[float] = []
    plain = Figure.savefig

    def looked_at(figure: Figure, *args: Any, **options: Any) -> None:
        for ax in figure.axes:
            if "%" in ax.get_xlabel():
                highest.append(ax.get_xlim()[1])
            if "%" in ax.get_ylabel():
                highest.append(ax.get_ylim()[1])
        plain(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", looked_at)
    perfect = scored("a", 100, history=result().history | {"val_accuracy": [1.0] * 6})
    for draw in (curves, figures.accuracy, figures.gap, figures.reliability):
        draw([perfect], STYLE, tmp_path / "figure.svg")
    assert len(highest) >= 6 and max(highest) <= 101
