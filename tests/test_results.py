"""What is gathered of a recipe is what was reported, and what is derived from it follows."""

import importlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import gather
from stages.lib import files, metrics, results
from stages.lib.results import Result
from stages.lib.tables import csv_text
from tests.recipes import TIMES, result, said, three


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
    found = results.gather(tmp_path, "lstm")
    assert Result(**found, **said(shown)) == shown
    files.write_json(tmp_path / "lstm.json", found)
    assert results.load(tmp_path / "lstm.json", said(shown)) == shown


def test_the_gather_stage_brings_both_reports_to_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(tmp_path / "reports", "lstm", result())
    shown = {"mine_lstm": {"comparison": "mine", "recipe": "lstm"}}
    monkeypatch.setattr(gather, "ROOT", tmp_path)
    monkeypatch.setattr(gather, "params", lambda: {"pipeline": {"shown": shown}})
    gather.main("mine_lstm")
    folder = tmp_path / "data" / "gathered" / "mine"
    assert results.load(folder / "lstm.json", said(result())) == result()
    assert json.loads((folder / "lstm.timings.json").read_text(encoding="utf-8")) == TIMES
