"""The file that `fit` writes: it composes, follows from the data and from the minutes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.runtime.config import ROOT, InputError, parse, read
from stages.sources import files
from stages.study.composition import compose
from stages.study.schema import Experiment, check
from stages.tools.fit import __main__ as fit
from stages.tools.fit import experiment
from stages.tools.report import ranking
from tests.sources.tables import save


def test_what_all_stages_need_is_within_the_minutes() -> None:
    texts = experiment.Texts(np.full(120, 5), 300)
    assert 230 < experiment.taking(experiment.offered(texts), texts, seeds=10) < 290  # 258 were measured
    for minutes in (2, 3, 4, 5):
        kept = experiment.recipes(texts, minutes, seeds=10)
        assert experiment.taking(kept, texts, 10) <= 60 * minutes
    one, two = (experiment.taking(experiment.offered(texts)[:count], texts, 10) for count in (1, 2))
    assert two - one == pytest.approx(experiment.LINEAR, abs=0.1)  # of one corpus


def test_many_labels_take_more_of_the_minutes() -> None:
    few, many = (experiment.Texts(np.full(50_000, 20), 9000, labels) for labels in (2, 200))
    kept, fewer = ([cell for cell, *_ in experiment.recipes(texts, 5)] for texts in (few, many))
    assert {*fewer} < {*kept} and fewer[:2] == ["majority", "logistic"]


@pytest.mark.parametrize("words", [8, 400])
@pytest.mark.parametrize("minutes", [0.1, 600])
def test_what_is_written_composes_and_is_accepted(tmp_path: Path, words: int, minutes: float) -> None:
    source = {
        "kind": "files",
        "path": "tickets.csv",
        "text": "the body",
        "label": "team: x",
        "split": {"test": 0.2},
    }
    lengths = np.random.default_rng(0).integers(1, 2 * words, 3000)
    some = experiment.Texts(lengths, 9000)
    text = experiment.written("tickets", "Tickets: a & b", source, some, minutes, few=words < 30)
    made = yaml.safe_load(text)
    read(files.Source, made["sources"]["tickets"], "sources.tickets")
    conf = tmp_path / "conf"
    for folder in ("models", "trainings"):
        (conf / folder).mkdir(parents=True)
        for path in (ROOT / "conf" / folder).glob("*.yaml"):
            if "members" not in (entry := parse(path, path.name)) and "teacher" not in entry:
                (conf / folder / path.name).write_bytes(path.read_bytes())
    for name in ("config.yaml", "figures.yaml", "names.yaml", "samples.yaml"):
        (conf / name).write_bytes((ROOT / "conf" / name).read_bytes())
    (conf / "experiments").mkdir()
    (conf / "experiments" / "tickets.yaml").write_text(text, encoding="utf-8")
    params = yaml.safe_load(compose([], conf))
    check(params)
    recipes = params["comparisons"]["tickets"]["recipes"]
    assert recipes[:2] == ["tickets-majority", "tickets-logistic"]
    assert ("tickets-bilstm" in recipes) == (minutes > 1)
    if minutes > 1:
        epochs = params["recipes"]["tickets-bilstm"]["training"]["epochs"]
        assert epochs == (6 if words < 30 else 3)
    assert ("tickets-characters" in recipes) == (minutes > 1 and words < 30)


@pytest.mark.parametrize("name", ["2024", "null", "true", "1e5", "2024-13-45", "mine"])
def test_a_name_that_yaml_takes_for_something_else_is_in_quotes(tmp_path: Path, name: str) -> None:
    some = experiment.Texts(np.full(100, 9), 500)
    path = save(tmp_path / "a.yaml", experiment.written(name, name, {"path": "x.csv"}, some, 9))
    made = parse(path, path.name)
    assert [*made["sources"]] == [name]
    assert {corpus["source"] for corpus in made["corpora"].values()} == {name}


@pytest.mark.parametrize(
    ("counts", "asked", "stated"),
    [
        ((50, 50), None, None),
        ((90, 10), None, "macro_f1"),
        ((90, 10), "auc", "auc"),
        ((50, 50), "macro-f1", "macro_f1"),
        ((90, 10), "accuracy", None),
    ],
)
def test_what_ranks_is_written_where_an_accuracy_hides_rare_labels_or_something_else_was_asked_for(
    counts: tuple[int, int], asked: str | None, stated: str | None
) -> None:
    labels = ["a"] * counts[0] + ["b"] * counts[1]
    some = experiment.Texts(np.full(100, 9), 500)
    text = experiment.written("x", "X", {"path": "x.csv"}, some, 1, fit.chosen_by(labels, asked))
    entry = yaml.safe_load(text)
    assert entry.get("choose_by") == stated
    assert read(Experiment, entry, "experiments.x").choose_by == stated
    assert ranking.choosing(entry) == (stated or "accuracy").replace("_", "-")
    assert ranking.choosing(entry, "loss") == "loss"


def test_what_an_experiment_may_choose_by_is_what_ranks() -> None:
    for by in ranking.BY:
        entry: dict[str, Any] = {"title": "x", "vary": {"a": {"b": {}}}}
        entry["choose_by"] = by.replace("-", "_")
        assert ranking.choosing(entry) == by == ranking.measure(entry["choose_by"])
        read(Experiment, entry, "experiments.x")
    with pytest.raises(
        InputError, match=r"experiments\.x\.choose_by: found \"macro-f1\", allowed: .*'macro_f1'"
    ):
        read(Experiment, {"title": "x", "vary": {"a": {"b": {}}}, "choose_by": "macro-f1"}, "experiments.x")


def test_few_texts_are_trained_on_with_more_seeds_which_networks_take_longer_for() -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    few, many = (
        yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 3, few=few))
        for few in (True, False)
    )
    assert (few["seeds"], many["seeds"]) == (10, 3)
    recipes = [set(each["vary"]["model"]) for each in (few, many)]
    assert {"majority", "logistic", "characters"} <= recipes[0] < recipes[1]


@pytest.mark.parametrize("few", [True, False])
def test_networks_take_smaller_steps_of_few_texts(few: bool) -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    made = yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 600, few=few))
    read(Experiment, {key: made[key] for key in ("title", "vary", "tweak")}, "experiments.x")
    sizes = {cell: patch.get("training", {}).get("batch_size") for cell, patch in made["tweak"].items()}
    small = dict.fromkeys(("nb-svm-network", "hashed-bag", "bilstm"), 16)
    assert sizes == (small if few else {"bilstm": None})
    assert made["tweak"]["bilstm"]["model"] == {"segment": None}
    soon = yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 0.01, few=few))
    assert "tweak" not in soon


@pytest.mark.parametrize("labels", [2, 8])
def test_of_the_fewest_texts_a_batch_is_left_to_train_on(labels: int) -> None:
    """A fifth goes to the test split, and a row of each label at least is held out."""
    texts, cells = 20 if labels == 2 else 30, ["nb-svm-network", "hashed-bag", "bilstm"]
    left = int(0.8 * texts) - max(labels, round(0.08 * texts))
    for patch, _ in experiment.tweaks(cells, few=True, fewest=texts < experiment.FEWEST).values():
        assert patch["training"]["batch_size"] <= left and "epochs" in patch["training"]
    assert experiment.tweaks(cells, few=True)["bilstm"][0]["training"]["batch_size"] == 16


def test_arrays_are_wide_enough_for_nearly_all_texts() -> None:
    lengths = np.random.default_rng(0).integers(3, 900, 2000)
    widths = experiment.boundaries(lengths, 900)
    assert widths[-1] >= 900 and widths == sorted(set(widths))
    places = np.array(widths)[np.searchsorted(widths, lengths)]
    assert places.sum() / lengths.sum() < 1.2
