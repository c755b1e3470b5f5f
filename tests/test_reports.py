"""Numbers, tables, figures and pages say what was measured, and are the same bytes for the same numbers."""

import csv
import dataclasses
import importlib
import io
import itertools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from stages import compare, gather, summary
from stages.lib import figures, files, metrics, results
from stages.lib.results import Result
from stages.lib.style import Figures
from stages.lib.tables import csv_text, escape, markdown

STYLE = Figures(width=9.0, font_size=10, colors="tab10", grid=True)
TIMES: dict[str, Any] = {
    "seconds_per_epoch": 1.25,
    "total_seconds": 5.0,
    "tokens_per_second": 40_000,
    "peak_memory_mib": 700,
    "processor": "a processor & more",
    "backend": "none",
}


def result(recipe: str = "lstm", **changes: Any) -> Result:
    """A recipe's reports: 100 test texts, 85 of them right."""
    made = Result(
        recipe=recipe,
        metrics={
            "test.accuracy": 0.85,
            "test.loss": 0.4,
            "test.auc": 0.9,
            "test.f1": 0.8421,
            "test.ece": 0.05,
            "sd.accuracy": 0.02,
            "training.accuracy": 0.95,
            "training.loss": 0.25,
            "validation.accuracy": 0.875,
            "validation.loss": 0.3,
            "parameters": 171149,
            "epochs": 3,
            "seeds": 2,
        },
        history={
            "seed": [42.0, 42.0, 42.0, 43.0, 43.0, 43.0],
            "epoch": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
            "accuracy": [0.5, 0.8, 0.9, 0.6, 0.7, 0.9],
            "loss": [0.7, 0.5, 0.3, 0.8, 0.6, 0.5],
            "val_accuracy": [0.5, 0.7, 0.8, 0.6, 0.5, 0.9],
            "val_loss": [0.7, 0.6, 0.5, 0.7, 0.4, 0.7],
        },
        labels=["no", "yes"],
        confusion=[[45, 5], [10, 40]],
        slices={
            "length": [[1.0, 20.0, 50.0, 0.9], [21.0, 60.0, 50.0, 0.8]],
            "oov_rate": [[0.0, 0.1, 100.0, 0.85]],
        },
        watched="held out",
        duplicates="kept",
    )
    return dataclasses.replace(made, **changes)


def scored(recipe: str, right: int, texts: int = 100) -> Result:
    """A recipe that got `right` of `texts` right."""
    confusion = [[right, texts - right], [0, 0]]
    return result(recipe, metrics=result().metrics | {"test.accuracy": right / texts}, confusion=confusion)


def three(recipe: str = "lstm") -> Result:
    return result(recipe, labels=["arts", "sport", "world"], confusion=[[30, 2, 1], [0, 33, 0], [5, 5, 24]])


def many(count: int) -> list[Result]:
    return [scored(f"recipe-{i}", 40 + i) for i in range(count)]


# --- metrics


def random_case(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probable = rng.dirichlet(np.ones(classes), size=300)
    return probable, np.array([rng.choice(classes, p=row) for row in probable])


def area(ranked: np.ndarray, positive: np.ndarray) -> float:
    """The share of pairs of a positive and a negative text that are in the right order."""
    ahead = ranked[positive][:, None] - ranked[~positive][None, :]
    return float(((ahead > 0) + 0.5 * (ahead == 0)).mean())


def f1(predicted: np.ndarray, labels: np.ndarray, of: int) -> float:
    hits = int(((predicted == of) & (labels == of)).sum())
    return 2 * hits / int((predicted == of).sum() + (labels == of).sum())


def calibration(probable: np.ndarray, labels: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = [
            (row.max(), float(row.argmax() == label))
            for row, label in zip(probable, labels, strict=True)
            if b / bins <= row.max() < (b + 1) / bins or (b == bins - 1 and row.max() == 1)
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            total += len(inside) / len(labels) * abs(confidence - right)
    return total


def test_scores_of_a_case_worked_by_hand() -> None:
    probable = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    found = metrics.scores(probable, np.array([0, 1, 0, 1]))
    loss = -(math.log(0.9) + math.log(0.6) + math.log(0.2) + math.log(0.3)) / 4
    assert found == pytest.approx(
        {"accuracy": 0.5, "loss": loss, "auc": 0.5, "f1": 0.5, "ece": 0.5}, abs=1e-6
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_an_independent_computation(seed: int, classes: int) -> None:
    probable, labels = random_case(seed, classes)
    predicted = probable.argmax(axis=1)
    each = range(classes)
    expected = {
        "accuracy": float(np.mean(predicted == labels)),
        "loss": -float(np.mean(np.log(probable[np.arange(len(labels)), labels]))),
        "auc": float(np.mean([area(probable[:, c], labels == c) for c in each])),
        "f1": f1(predicted, labels, 1)
        if classes == 2
        else sum(f1(predicted, labels, c) for c in each) / classes,
        "ece": calibration(probable, labels, metrics.BINS),
    }
    assert metrics.scores(probable, labels) == pytest.approx(expected, abs=2e-6)


def test_two_and_three_classes_have_the_same_scores() -> None:
    two, more = (set(metrics.scores(*random_case(1, classes))) for classes in (2, 3))
    assert two == more == {"accuracy", "loss", "auc", "f1", "ece"}


@pytest.mark.parametrize("classes", [2, 4])
def test_a_calibrated_model_has_no_calibration_error_and_a_sure_wrong_one_has_all(classes: int) -> None:
    rng = np.random.default_rng(0)
    probable = rng.dirichlet(np.ones(classes), size=100_000)
    labels = (rng.random(len(probable))[:, None] > probable.cumsum(axis=1)).sum(axis=1)
    assert metrics.calibration_error(probable, labels) < 0.01
    sure = np.eye(classes)[rng.integers(classes, size=50)]
    assert metrics.calibration_error(sure, (sure.argmax(axis=1) + 1) % classes) == pytest.approx(1)
    assert metrics.calibration_error(sure, sure.argmax(axis=1)) == 0


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    probable = np.array([[1.0, 0.0], [0.95, 0.05]])  # wrong, right: 1 of 2 where 1.95 of 2 was expected
    assert metrics.calibration_error(probable, np.array([1, 0])) == pytest.approx(0.95 / 2)


def test_one_logit_is_the_log_odds_of_the_second_class() -> None:
    found = metrics.probabilities(np.array([[0.0], [math.log(3)], [-math.log(3)]], dtype=np.float32))
    assert found == pytest.approx(np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]))


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_add_up_to_one_and_scores_stay_finite_for_extreme_logits(outputs: int) -> None:
    logits = np.random.default_rng(0).normal(size=(60, outputs)).astype(np.float32) * 1e4
    probable = metrics.probabilities(logits)
    assert probable.sum(axis=1) == pytest.approx(np.ones(60))
    labels = np.arange(60) % max(outputs, 2)
    assert all(map(math.isfinite, metrics.scores(probable, labels).values()))


def test_confusion_counts_actual_in_rows_and_predicted_in_columns() -> None:
    probable = np.eye(3)[[0, 1, 1, 0]]
    found = metrics.confusion(probable, np.array([0, 0, 0, 1]))
    assert found.tolist() == [[1, 2, 0], [1, 0, 0], [0, 0, 0]]  # a class that nobody has still has its place


# --- results


@pytest.mark.parametrize("texts", [1, 2, 10, 75, 1000, 6709, 25_000])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.857, 1])
def test_the_interval_is_wilsons(texts: int, share: float) -> None:
    stats = importlib.import_module("scipy.stats")
    right = round(share * texts)
    expected = stats.binomtest(right, texts).proportion_ci(confidence_level=0.95, method="wilson")
    assert results.wilson(right, texts) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_the_interval_holds_the_share_and_stays_between_0_and_1() -> None:
    for texts in range(1, 3000):
        for right in (0, 1, texts // 2, texts):
            low, high = results.wilson(right, texts)
            assert 0 <= low <= right / texts <= high <= 1, (right, texts)


def test_means_and_standard_deviations_are_over_the_trainings() -> None:
    found = [{"accuracy": 0.8, "loss": 0.5}, {"accuracy": 0.9, "loss": 0.5}, {"accuracy": 0.85, "loss": 0.5}]
    means, spread = metrics.averaged(found)
    assert means == pytest.approx({"accuracy": 0.85, "loss": 0.5})
    assert spread == pytest.approx({"accuracy": 0.05, "loss": 0})
    assert metrics.averaged(found[:1]) == (found[0], {})


@pytest.mark.parametrize("seed", range(3))
def test_groups_of_texts_are_of_about_equal_size_and_hold_every_text_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, right = rng.permutation(1000) / 7, rng.random(1000)
    found = metrics.slices(values, right)
    assert [texts for _, _, texts, _ in found] == [200] * metrics.GROUPS
    assert all(low <= high for low, high, _, _ in found)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    assert sum(texts * share for _, _, texts, share in found) == pytest.approx(right.sum())
    first = right[np.argsort(values)[:200]].mean()
    assert found[0][3] == pytest.approx(first)


@pytest.mark.parametrize(("values", "groups"), [([0.0] * 9, 1), ([0.0] * 90 + [1.0] * 10, 2), ([3.0], 1)])
def test_texts_with_the_same_number_are_in_one_group(values: list[float], groups: int) -> None:
    found = metrics.slices(np.array(values), np.ones(len(values)))
    assert len(found) == groups and sum(texts for _, _, texts, _ in found) == len(values)


def curve(*seeds: list[float]) -> Result:
    """A recipe whose validation accuracy and loss went like this with each of its seeds."""
    rows = [(s, e + 1, value) for s, values in enumerate(seeds) for e, value in enumerate(values)]
    columns = [list(map(float, column)) for column in zip(*rows, strict=True)]
    history = dict(zip(["seed", "epoch", "val_loss"], columns, strict=True)) | {"val_accuracy": columns[2]}
    return result(history=history, metrics=result().metrics | {"seeds": len(seeds)})


def test_a_curve_is_the_mean_of_the_epochs_that_every_seed_reached() -> None:
    found = curve([0.1, 0.3, 0.5, 0.9], [0.3, 0.5, 0.1]).curve("val_loss")
    assert found.epochs == [1, 2, 3]
    assert found.mean == pytest.approx([0.2, 0.4, 0.3])
    assert found.low == [0.1, 0.3, 0.1] and found.high == [0.3, 0.5, 0.5]


def test_the_lowest_loss_is_that_of_the_mean_and_of_the_first_epoch_that_has_it() -> None:
    assert curve([0.5, 0.1, 0.4], [0.5, 0.4, 0.3]).lowest == (2, 0.25)
    assert curve([0.5, 0.25, 0.25]).lowest == (2, 0.25)


@pytest.mark.parametrize(
    ("seeds", "roughness", "dip"),
    [
        ([[0.1, 0.2, 0.3, 0.4]], 0, 0),  # a straight line
        ([[0.5, 0.9, 0.5]], 0.4, 0.4),
        ([[0.5, 0.9, 0.5], [0.1, 0.2, 0.3]], 0.2, 0.2),
        ([[0.9, 0.8, 0.7]], 0, 0.1),
        ([[0.5]], 0, 0),
        ([[0.5, 0.7]], 0, 0),
    ],
)
def test_roughness_and_the_deepest_dip_of_cases_worked_by_hand(
    seeds: list[list[float]], roughness: float, dip: float
) -> None:
    found = curve(*seeds)
    assert found.roughness == pytest.approx(roughness) and found.dip == pytest.approx(dip)


def reports(folder: Path, recipe: str, shown: Result) -> None:
    """The reports of a recipe, as the stages write them."""
    flat = shown.metrics
    nested: dict[str, Any] = {"epochs": int(flat["epochs"]), "parameters": int(flat["parameters"])}
    for key, value in flat.items():
        if "." in key:
            nested.setdefault(key.split(".")[0], {})[key.split(".")[1]] = value
    nested["seeds"] = int(flat["seeds"])
    files.write_json(folder / "metrics" / f"{recipe}.json", nested)
    columns = list(shown.history)
    files.write_text(
        folder / "history" / f"{recipe}.csv", csv_text(columns, zip(*shown.history.values(), strict=True))
    )
    cells = [
        (actual, predicted, shown.confusion[i][j])
        for i, actual in enumerate(shown.labels)
        for j, predicted in enumerate(shown.labels)
    ]
    files.write_text(
        folder / "confusion" / f"{recipe}.csv", csv_text(["actual", "predicted", "texts"], cells)
    )
    groups = [(by, *group) for by, groups in shown.slices.items() for group in groups]
    header = ["by", "low", "high", "texts", "accuracy"]
    files.write_text(folder / "slices" / f"{recipe}.csv", csv_text(header, groups))
    files.write_json(folder / "timings" / f"{recipe}.json", TIMES)


def entry(shown: Result) -> dict[str, Any]:
    """What params.yaml's pipeline says of a recipe that is shown."""
    keys = ["recipe", "watched", "duplicates", *(["against", "line", "x"] if shown.against else [])]
    return {key: getattr(shown, key) for key in keys} | {"comparison": "mine"}


@pytest.mark.parametrize(
    "shown",
    [
        result(),
        three(),
        result(watched="test"),
        result(duplicates="near dropped"),
        result(against="source.cue_distance", line="gru", x=5),
        result(labels=['a, "quoted"', "two\nlines | ünï"]),
        result(confusion=[[0, 0], [0, 100]]),
    ],
)
def test_what_is_gathered_is_what_was_reported_also_after_a_round_trip(tmp_path: Path, shown: Result) -> None:
    reports(tmp_path, "lstm", shown)
    found = results.gather(tmp_path, entry(shown))
    assert found == shown
    (tmp_path / "lstm.json").write_text(results.dump(found), encoding="utf-8")
    assert results.load(tmp_path / "lstm.json") == shown


def test_the_gather_stage_brings_both_reports_to_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(tmp_path / "reports", "lstm", result())
    shown = {"mine_lstm": entry(result())}
    monkeypatch.setattr(gather, "ROOT", tmp_path)
    monkeypatch.setattr(gather, "params", lambda: {"pipeline": {"shown": shown}})
    gather.main("mine_lstm")
    folder = tmp_path / "data" / "gathered" / "mine"
    assert results.load(folder / "lstm.json") == result()
    assert json.loads((folder / "lstm.timings.json").read_text(encoding="utf-8")) == TIMES


# --- tables


@pytest.mark.parametrize("cell", ["a|b", "a\nb", "|", "a\r\n|b", " x ", "||", "a\u2028b", "a\tb"])
def test_no_cell_ends_its_cell_or_its_row(cell: str) -> None:
    table = markdown(["name", "number"], [[cell, 1], ["next", 2]])
    assert len(table.splitlines()) == 4
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table.splitlines())
    assert escape(cell).replace("\\|", "|").split() == cell.split()


def test_a_markdown_table_has_a_rule_that_aligns_numbers_right() -> None:
    expected = "| name | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2.5 |\n"
    assert markdown(["name", "a", "b"], [["x", 1, 2.5]]) == expected


def test_a_csv_table_gives_back_any_cell() -> None:
    rows = [['a "b", c', "two\nlines"], ["", "ü|"]]
    assert list(csv.reader(io.StringIO(csv_text(["x", "y"], rows)))) == [["x", "y"], *rows]
    assert csv_text(["x", "y"], [[1, "a"]]) == "x,y\n1,a\n"  # on every system


# --- figures

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


def test_curves_watched_on_the_test_split_say_so(tmp_path: Path) -> None:
    assert drawn(tmp_path, curves, [result(watched="test")]) != drawn(tmp_path, curves, [result()])


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


# --- comparison and summary


def study(root: Path, monkeypatch: pytest.MonkeyPatch, shown: list[Result], title: str = "Who wins?") -> None:
    """A project with one comparison, whose recipes have been gathered."""
    folder = root / "data" / "gathered" / "mine"
    for r in shown:
        files.write_text(folder / f"{r.recipe}.json", results.dump(r))
        files.write_json(folder / f"{r.recipe}.timings.json", TIMES)
    files.write_text(root / "data" / "samples.md", "- **cool**: It was cool.\n")
    files.write_text(root / "data" / "published.md", "")
    described = {"oov_rate": 0.0625, "length": {"mean": 232.4, "p5": 1, "p50": 175, "p95": 592, "max": 2332}}
    facts = {"vocabulary": 10000, "train": described, "test": described | {"oov_rate": 0.125}}
    files.write_json(root / "reports" / "corpora" / "words.json", facts)
    entry = {"title": title, "recipes": [r.recipe for r in shown]}
    params = {"comparisons": {"mine": entry}, "corpora": {"words": {}}, "figures": dataclasses.asdict(STYLE)}
    for module in (compare, summary):
        monkeypatch.setattr(module, "ROOT", root)
        monkeypatch.setattr(module, "params", lambda: params)


def test_the_table_has_a_row_per_recipe_in_the_comparisons_order() -> None:
    header, rows = compare.table([scored("b", 80), scored("a", 90)])
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["recipe"] for row in found] == ["b", "a"]
    low, high = results.wilson(80, 100)
    expected = {"test_accuracy": "0.8000", "low": f"{low:.4f}", "high": f"{high:.4f}", "test_loss": "0.4000"}
    assert expected.items() <= found[0].items()
    assert (found[0]["epochs"], found[0]["parameters"], found[0]["validated_on"]) == (
        "3",
        "171149",
        "held out",
    )
    assert (found[0]["seeds"], found[0]["test_accuracy_sd"], found[0]["gap"]) == ("2", "0.0200", "0.0750")


@pytest.mark.parametrize(
    ("right", "bold"),
    [((80, 90, 70), (False, True, False)), ((90, 90, 1), (True, True, False)), ((5,), (True,))],
)
def test_the_best_accuracy_is_bold_and_nothing_else(right: tuple[int, ...], bold: tuple[bool, ...]) -> None:
    header, rows = compare.for_people([scored(f"r{i}", n) for i, n in enumerate(right)])
    assert all(len(row) == len(header) for row in rows)
    assert tuple("**" in str(row[1]) for row in rows) == bold
    assert [str(row[1]).replace("*", "") for row in rows] == [f"{n:.1f} ± 2.0" for n in right]
    assert "**" not in str([cell for row in rows for i, cell in enumerate(row) if i != 1])


def test_the_table_for_people_is_of_the_same_numbers_as_the_one_for_programs() -> None:
    shown = [scored("a", 80), scored("b", 90)]
    (header, rows), (words, lines) = compare.table(shown), compare.for_people(shown)
    for row, cells in zip(rows, lines, strict=True):
        exact, rounded = dict(zip(header, row, strict=True)), dict(zip(words, cells, strict=True))
        assert float(str(rounded["loss"])) == pytest.approx(float(str(exact["test_loss"])), abs=5e-4)
        assert float(str(rounded["ECE"])) == pytest.approx(float(str(exact["test_ece"])), abs=5e-4)
        percent = 100 * float(str(exact["validation_accuracy"]))
        assert float(str(rounded["validation, %"])) == pytest.approx(percent, abs=0.05)


def test_both_tables_say_what_was_done_with_duplicates() -> None:
    shown = [result("a"), result("b", duplicates="near dropped")]
    for header, rows in (compare.table(shown), compare.for_people(shown)):
        assert [row[header.index("duplicates")] for row in rows] == ["kept", "near dropped"]


def test_pruning_deletes_strays_and_only_them(tmp_path: Path) -> None:
    kept = ["lstm.json", "lstm.timings.json", "lstm-2.json"]
    for name in [*kept, "gru.json", "gru.timings.json", "ls.json", ".gru.json.part"]:
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "old").mkdir()
    compare.prune(tmp_path, ["lstm", "lstm-2"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_comparison_shows_its_recipes_and_forgets_the_ones_it_no_longer_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80), scored("b", 90), scored("old", 99)])
    study(tmp_path, monkeypatch, [scored("b", 90), scored("a", 80)])
    compare.main("mine")
    out = tmp_path / "reports" / "comparisons" / "mine"
    for table in ("table.csv", "timings.csv"):
        with (out / table).open(encoding="utf-8", newline="") as file:
            assert [row["recipe"] for row in csv.DictReader(file)] == ["b", "a"]
    assert not list((tmp_path / "data" / "gathered" / "mine").glob("old*"))
    assert "old" not in (tmp_path / "data" / "tables" / "mine.md").read_text(encoding="utf-8")


def test_the_same_comparison_is_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80), three("b")])
    written = []
    for _ in range(2):
        compare.main("mine")
        out = tmp_path / "reports" / "comparisons" / "mine"
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]


def test_the_page_has_every_title_and_table_and_links_only_to_figures_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80)], title="Who wins, 80 %?")
    compare.main("mine")
    summary.main()
    page = (tmp_path / "reports" / "README.md").read_text(encoding="utf-8")
    assert "\n## Who wins, 80 %?\n" in page
    assert (tmp_path / "data" / "tables" / "mine.md").read_text(encoding="utf-8") in page
    assert "\n## Sample sentences\n\n- **cool**: It was cool.\n" in page and "## Published" not in page
    assert "\n| words | 10,000 | 232.4 | 175 | 592 | 2,332 | 6.25 | 12.50 |\n" in page
    links = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert sorted(Path(link).name for link in links) == sorted(
        path.name for path in (tmp_path / "reports" / "comparisons" / "mine").glob("*.svg")
    )
    assert all((tmp_path / "reports" / link).is_file() for link in links)


def test_the_page_shows_the_comparisons_in_the_order_of_params_yaml(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.md").write_text(f"| table of {name} |\n", encoding="utf-8")
    page = summary.page({"b": "Second letter", "a": "First letter"}, tmp_path)
    order = ["Second letter", "table of b", "First letter", "table of a"]
    assert [page.index(text) for text in order] == sorted(page.index(text) for text in order)
