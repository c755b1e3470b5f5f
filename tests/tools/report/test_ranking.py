"""`fit` ranks by what was held out, and says how little a few texts tell."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from stages.artifacts.storage import save_arrays
from stages.evaluation.report import trained_on
from stages.runtime.config import InputError
from stages.tools.fit import pipeline
from stages.tools.report import ranking

HOLDS_OUT = {"fraction": 0.1}
LABELS = np.array([0] * 90 + [1] * 10, dtype=np.int16)
NAMES = ["ham", "spam"]


def evaluated(data: Path, recipe: str, right: dict[int, np.ndarray], validation: object = HOLDS_OUT) -> None:
    """What `evaluate` leaves of a recipe of the experiment "mail". right: for each seed whether it is right
    about each training text, bool[texts]."""
    folder, logits = data / "models" / recipe, data / "logits" / "train" / "mail"
    for each in (folder, logits):
        each.mkdir(parents=True, exist_ok=True)
    (folder / "training.json").write_text(json.dumps({"validation": validation}), encoding="utf-8")
    arrays = {
        str(seed): np.where((LABELS == 1) == each, 2, -2).astype(np.float32)[:, None]
        for seed, each in right.items()
    }
    save_arrays(logits / f"{recipe}.npz", {"labels": LABELS, "names": np.array(NAMES), **arrays})


def held(seed: int) -> np.ndarray:
    rows: np.ndarray = ~trained_on(LABELS, HOLDS_OUT, seed)
    return rows


def test_only_texts_that_were_held_out_count(tmp_path: Path) -> None:
    evaluated(tmp_path, "best", {seed: held(seed) for seed in (1, 2)})
    evaluated(tmp_path, "worst", {seed: ~held(seed) for seed in (1, 2)})
    best, worst = (ranking.held_out(name, "mail", tmp_path) for name in ("best", "worst"))
    assert best and worst
    assert best.measures["accuracy"] == best.measures["macro-f1"] == 1 and worst.measures["accuracy"] == 0
    assert best.measures["loss"] == pytest.approx(np.log1p(np.exp(-2)))
    assert (best.per_seed, best.all, best.texts) == (10, 100, int((held(1) | held(2)).sum()))


def test_a_recipe_that_holds_out_nothing_is_not_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(tmp_path / "data", "lesson", {1: LABELS >= 0}, "test")
    evaluated(tmp_path / "data", "own", {1: LABELS == 0})
    monkeypatch.setattr(pipeline, "ROOT", tmp_path)
    assert pipeline.rank("mail", ["lesson", "own"], "accuracy") == "own"
    assert "lesson is watched on the test split" in capsys.readouterr().out
    with pytest.raises(InputError, match="mail: found no recipe that holds out texts"):
        pipeline.rank("mail", ["lesson"], "accuracy")


def test_what_ranks_is_what_was_asked_for(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    evaluated(tmp_path, "majority", {1: LABELS == 0})
    evaluated(tmp_path, "balanced", {1: (LABELS == 1) | ~held(1) | (random.random(100) < 0.6)})
    rows = [row for name in ("majority", "balanced") if (row := ranking.held_out(name, "mail", tmp_path))]
    assert [row.recipe for row in ranking.ranked(rows, "accuracy")] == ["majority", "balanced"]
    assert [row.recipe for row in ranking.ranked(rows, "macro-f1")] == ["balanced", "majority"]
    by_loss = ranking.ranked(rows, "loss")
    assert by_loss[0].measures["loss"] < by_loss[1].measures["loss"]
    header, *lines = ranking.table(rows)
    assert header.split()[-3:] == ["macro-F1", "AUC", "loss"] and "90.0" in lines[0] and "0.474" in lines[0]


def test_of_equals_the_lower_loss_is_first_and_then_the_order_given() -> None:
    def row(recipe: str, accuracy: float, loss: float) -> ranking.HeldOut:
        measures = {"accuracy": accuracy, "macro-f1": 0.5, "auc": 0.5, "loss": loss}
        return ranking.HeldOut(recipe, measures, 10, 10, 100)

    rows = [row("d", 0.8, 0.1), row("c", 0.9, 0.5), row("b", 0.9, 0.4), row("a", 0.9, 0.5)]
    assert [each.recipe for each in ranking.ranked(rows, "accuracy")] == ["b", "c", "a", "d"]


def test_macro_f1_is_the_mean_over_the_labels() -> None:
    labels = np.array([0, 0, 1, 2])
    probable = np.eye(3)[[0, 1, 1, 0]]
    measured = ranking.scores(0.8 * probable + 0.2 / 3, labels)
    assert measured["macro-f1"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert measured["accuracy"] == 0.5


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_is_scikit_learn_s_of_one_label_against_the_rest(classes: int) -> None:
    random = np.random.default_rng(classes)
    labels, probable = np.arange(60) % classes, random.dirichlet(np.ones(classes), 60)
    expected = roc_auc_score(labels, probable[:, 1] if classes == 2 else probable, multi_class="ovr")
    assert ranking.scores(probable, labels)["auc"] == pytest.approx(expected)
    absent = np.where(labels == classes - 1, 0, labels)
    if classes == 3:
        mean = np.mean([roc_auc_score(absent == label, probable[:, label]) for label in (0, 1)])
        assert ranking.scores(probable, absent)["auc"] == pytest.approx(mean)


def test_the_order_by_auc_may_be_another_than_by_accuracy() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1, 1])
    second = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.9]), np.array([0.6, 0.6, 0.1, 0.1, 0.1, 0.7, 0.8])
    rows = [
        ranking.HeldOut(name, ranking.scores(np.stack([1 - share, share], axis=1), labels), 7, 7, 70)
        for name, share in zip(("sure", "ordered"), second, strict=True)
    ]
    assert [row.recipe for row in ranking.ranked(rows, "accuracy")] == ["sure", "ordered"]
    assert [row.recipe for row in ranking.ranked(rows, "auc")] == ["ordered", "sure"]


@pytest.mark.parametrize(
    ("counts", "warned"),
    [((50, 50), False), ((66, 34), False), ((68, 32), True), ((60, 33, 7), False), ((60, 34, 6), True)],
)
def test_imbalanced_labels_are_told(counts: tuple[int, ...], warned: bool) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    line = ranking.imbalance(labels, ["a", "b", "c"][: len(counts)], "accuracy")
    assert (line is not None) == warned
    if line:
        assert f"'a' has {counts[0]}.0 %" in line and "--by macro-f1" in line
        assert "--by" not in (ranking.imbalance(labels, ["a", "b", "c"], "macro-f1") or "")


def test_the_fewer_texts_the_less_certain() -> None:
    assert ranking.half_width(0.8, 24) == pytest.approx(0.154, abs=0.001)  # Wilson's, computed by hand
    assert ranking.half_width(0.8, 2400) < 0.02
    row = ranking.HeldOut("x", {"accuracy": 0.8, "macro-f1": 0.8, "loss": 0.5}, 24, 24, 240)
    line = ranking.uncertain(row)
    assert "holds out 24 of the 240 training texts, drawn at random, all seeds together 24 different" in line
    assert "± 15 points" in line and line.endswith("More `seeds` in its file hold out more of them.")
    assert "seeds`" not in ranking.uncertain(replace(row, texts=150))


def test_what_all_seeds_held_out_counts_together(tmp_path: Path) -> None:
    """One seed finds both spam texts of its tenth, the other none: their F1s' mean would be 1/2 and less."""
    known = {1: np.ones(100, bool), 2: LABELS == 0}
    evaluated(tmp_path, "x", known)
    row = ranking.held_out("x", "mail", tmp_path)
    assert row is not None
    labels = np.concatenate([LABELS[held(seed)] for seed in known])
    answers = np.concatenate([np.where(known[seed], LABELS, 1 - LABELS)[held(seed)] for seed in known])
    assert row.measures["macro-f1"] == pytest.approx(f1_score(labels, answers, average="macro"))
    assert row.measures["accuracy"] == pytest.approx((labels == answers).mean())
    assert row.measures["auc"] == pytest.approx((1 + 0.5) / 2)  # the second says the same of all its texts
    times = held(1).astype(int) + held(2)
    assert row.right[:, 0].tolist() == times.tolist() and row.texts == (times > 0).sum()
    assert row.right[:, 1].tolist() == (times - (held(2) & (LABELS == 1))).tolist()


def right(name: str, accuracy: float, seed: int, texts: int = 200) -> ranking.HeldOut:
    """A recipe that held out each of so many texts twice, and answered a share of them right."""
    random = np.random.default_rng(seed)
    counts = np.stack([np.full(texts, 2), 2 * (random.random(texts) < accuracy)], axis=1)
    measures = {"accuracy": float(counts[:, 1].sum() / counts[:, 0].sum()), "loss": 0.5}
    return ranking.HeldOut(name, measures, texts, 20, texts, counts)


def test_recipes_that_held_out_texts_do_not_tell_from_the_best_are_named() -> None:
    best, close, far = right("best", 0.9, 1), right("close", 0.88, 2), right("far", 0.5, 3)
    low, high = ranking.behind(best, far)
    gap = best.measures["accuracy"] - far.measures["accuracy"]
    assert low < gap < high and high - low == pytest.approx(0.16, abs=0.03)  # 4 sqrt(0.34 / 200)
    assert "held out (bootstrap over them, 95 %): close. So few" in (
        ranking.undecided([best, close, far]) or ""
    )
    assert "All the others are shown to be less accurate than best" in (ranking.undecided([best, far]) or "")
    other = replace(far, right=far.right + np.array([1, 0]))
    assert ranking.undecided([best]) is None and ranking.undecided([best, other]) is None


def test_a_text_that_was_held_out_twice_counts_once() -> None:
    """Answers about the same text are not independent."""
    once, other = right("once", 0.8, 1), right("other", 0.7, 2)
    many = [replace(row, right=row.right * 50) for row in (once, other)]
    assert ranking.behind(*many) == pytest.approx(ranking.behind(once, other))
