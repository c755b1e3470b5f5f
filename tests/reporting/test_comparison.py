"""What is derived from the results of a comparison's recipes."""

import importlib
import json
from math import hypot, sqrt
from pathlib import Path
from typing import Any

import pytest

from stages.reporting.comparison import Baseline, Result, baseline, flat, interval, load, wilson
from stages.runtime import files
from stages.runtime.config import InputError
from tests.recipes import METRICS, once, result, three


@pytest.mark.parametrize("texts", [1, 10, 75, 6709, 25_000])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.857, 1])
def test_the_interval_for_other_texts_is_wilsons(texts: int, share: float) -> None:
    stats = importlib.import_module("scipy.stats")
    right = round(share * texts)
    expected = stats.binomtest(right, texts).proportion_ci(confidence_level=0.95, method="wilson")
    assert wilson(right, texts) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_the_interval_holds_the_share_and_stays_between_0_and_1() -> None:
    for texts in range(1, 3000, 7):
        for right in (0, 1, texts // 2, texts):
            low, high = wilson(right, texts)
            assert 0 <= low <= right / texts <= high <= 1, (right, texts)


def test_of_a_single_seed_it_is_for_other_texts_only() -> None:
    assert interval(0.85, 1000, None, 1) == wilson(850, 1000)
    assert once("a").interval == wilson(85, 100)


@pytest.mark.parametrize(("seeds", "quantile"), [(2, 12.7062), (3, 4.3027), (5, 2.7764), (10, 2.2622)])
def test_of_several_seeds_students_and_wilsons_halves_are_added_by_their_squares(
    seeds: int, quantile: float
) -> None:
    below, above = (abs(bound - 0.85) for bound in wilson(21_250, 25_000))
    half = quantile * 0.002 / sqrt(seeds)
    low, high = interval(0.85, 25_000, 0.002, seeds)
    assert low == pytest.approx(0.85 - hypot(below, half), abs=1e-6)
    assert high == pytest.approx(0.85 + hypot(above, half), abs=1e-6)


def test_with_seeds_that_agree_it_is_wilsons_and_it_never_leaves_0_to_1() -> None:
    assert interval(0.85, 1000, 0.0, 3) == pytest.approx(wilson(850, 1000))
    assert interval(0.99, 1000, 0.2, 3)[1] == 1 and interval(0.01, 1000, 0.2, 3)[0] == 0


def curve(*seeds: list[float]) -> Result:
    """A recipe whose validation accuracy and loss went like this with each of its seeds."""
    rows = [(s, e + 1, value) for s, values in enumerate(seeds) for e, value in enumerate(values)]
    columns = [list(map(float, column)) for column in zip(*rows, strict=True)]
    history = dict(zip(["seed", "epoch", "val_loss"], columns, strict=True)) | {"val_accuracy": columns[2]}
    return result(history=history, metrics=METRICS | {"seeds": len(seeds)})


def test_a_curve_is_the_mean_of_the_epochs_that_every_seed_reached() -> None:
    both = curve([0.1, 0.3, 0.5, 0.9], [0.3, 0.5, 0.1]).curve("val_loss")
    assert both.epochs == [1, 2, 3]
    assert both.mean == pytest.approx([0.2, 0.4, 0.3])
    assert both.low == [0.1, 0.3, 0.1] and both.high == [0.3, 0.5, 0.5]


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
    worked = curve(*seeds)
    assert worked.roughness == pytest.approx(roughness) and worked.dip == pytest.approx(dip)


def test_the_gap_is_of_the_weights_kept() -> None:
    assert result().gap == pytest.approx(0.95 - 0.875)


def test_metrics_have_flat_names() -> None:
    assert flat({"test": {"loss": 0.3}, "seeds": 2, "note": "none"}) == {"test.loss": 0.3, "seeds": 2}


BY_EVALUATE = ["recipe", "metrics", "history", "labels", "confusion", "slices", "watched"]
BY_EVALUATE += ["right", "reliability", "coverage"]


@pytest.mark.parametrize(
    ("expected", "lists"),
    [
        (result("a"), {"duplicates": ["kept"]}),
        (three("a"), {"duplicates": ["kept"]}),
        (result("a", duplicates="exact dropped"), {"duplicates": ["exact dropped"]}),
        (
            result("a", chapter="lstm", heading="LSTM"),
            {"duplicates": ["kept"], "chapters": ["lstm"], "headings": ["LSTM"]},
        ),
        (
            result("a", against="distance", name="GRU", color=2, x=5.0),
            {"duplicates": ["kept"], "x": "distance", "places": [5.0], "names": ["GRU"], "colors": [2]},
        ),
        (result("a", labels=['a, "quoted"', "two\nlines | ünï"]), {"duplicates": ["kept"]}),
    ],
)
def test_a_result_is_what_evaluate_left_and_what_the_comparison_says_of_it(
    tmp_path: Path, expected: Result, lists: dict[str, Any]
) -> None:
    files.write_json(tmp_path / "a.json", {key: getattr(expected, key) for key in BY_EVALUATE})
    assert load(tmp_path, {"recipes": ["a"], "sources": [""], "names": ["a"], "colors": [-1], **lists}) == [
        expected
    ]


def test_results_come_in_the_comparisons_order(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = json.dumps({key: getattr(result(name), key) for key in BY_EVALUATE})
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    lists = {"recipes": ["b", "a"], "duplicates": ["kept", "exact dropped"], "sources": ["x", "y"]}
    looks = {"names": ["B", "A"], "colors": [0, -1]}
    assert [(r.recipe, r.name, r.duplicates, r.source) for r in load(tmp_path, lists | looks)] == [
        ("b", "B", "kept", "x"),
        ("a", "A", "exact dropped", "y"),
    ]


def test_a_result_in_conflict_is_refused_with_a_remedy_that_trains_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"a\.json: not what evaluate writes .* git checkout -- .*a\.json; else"
    ):
        load(
            tmp_path,
            {"recipes": ["a"], "sources": [""], "names": ["a"], "colors": [-1], "duplicates": ["kept"]},
        )


def test_the_baseline_is_what_its_metrics_say(tmp_path: Path) -> None:
    files.write_json(tmp_path / "m.json", METRICS)
    entry = {"reads": "m.json", "baseline": "base-svm", "baseline_name": "an SVM", "baseline_source": "films"}
    assert baseline(entry, tmp_path) == Baseline("base-svm", "an SVM", "films", METRICS["test"]["accuracy"])
    assert baseline({"reads": "stages/sources/__init__.py"}, tmp_path) is None


def test_which_texts_each_seed_has_right_is_as_long_as_the_test_split() -> None:
    matrix = result().matrix
    assert matrix.shape == (2, 100) and matrix.sum(axis=1).tolist() == [85, 85]
