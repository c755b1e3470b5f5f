"""Ensembles: weighed on what was held out and on nothing else, as well as can be."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from stages.artifacts.history import History
from stages.artifacts.storage import save_arrays
from stages.artifacts.task import Task
from stages.models import ensemble
from stages.runtime.config import InputError, read
from stages.trainers import blend

SEED, TEXTS = 3, 400
TRAINING = read(blend.Training, {"kind": "blend", "validation": {"fraction": 0.5}}, "training")
LABELS = (np.arange(TEXTS) % 5 < 2).astype(np.int16)


def member(right: float, scale: float, draw: int, outputs: int = 1) -> np.ndarray:
    """Logits that tell the label of a share of the texts: float32[texts, outputs]."""
    random = np.random.default_rng(draw)
    predicted = np.where(random.random(TEXTS) < right, LABELS, 1 - LABELS)
    sides = (2.0 * predicted - 1) * scale * random.uniform(0.5, 1.5, TEXTS)
    answers = np.stack([-sides, sides, np.full(TEXTS, -9.0)], 1) if outputs == 3 else sides[:, None]
    return np.asarray(answers, np.float32)


def saved(folder: Path, outputs: int = 1) -> blend.Members:
    """Three members: a good one, a better one with logits ten times too large, one that guesses."""
    folder.mkdir(exist_ok=True)
    names = np.array(["no", "yes", "perhaps"][: max(outputs, 2)])
    for name, right, scale in (("a", 0.75, 1.0), ("b", 0.85, 10.0), ("c", 0.5, 1.0)):
        arrays = {str(seed): member(right, scale, seed + ord(name), outputs) for seed in (SEED, 4)}
        save_arrays(folder / f"{name}.npz", {"labels": LABELS, "names": names, **arrays})
    return blend.load(folder)


def loss(weights: np.ndarray, logits: list[np.ndarray], labels: np.ndarray) -> float:
    wide = blend.classes(ensemble.combine(logits, weights))
    return -float(log_softmax(wide.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean())


def task(folder: Path, whole: blend.Members, held: np.ndarray) -> Task:
    sizes = read(ensemble.Sizes, {"architecture": "ensemble", "members": "x"}, "model")
    history, path = History(folder / "history.csv", "x", SEED, 1), folder / str(SEED)
    return Task(
        ensemble, sizes, TRAINING, whole.take(~held), whole.take(held), SEED, history, folder / "none", path
    )


HELD = np.arange(TEXTS) % 2 == 0


@pytest.mark.parametrize("outputs", [1, 3])
def test_no_other_weights_have_a_lower_loss_on_what_was_held_out(tmp_path: Path, outputs: int) -> None:
    held = saved(tmp_path / "x", outputs).take(HELD)
    logits, labels = held.of(SEED), LABELS[HELD]
    weights = blend.best(logits, labels)
    least = loss(weights, logits, labels)
    for move in itertools.product([-0.02, 0, 0.02], repeat=3):
        assert least <= loss(np.maximum(weights + move, 0), logits, labels) + 1e-6
    assert (weights >= 0).all() and weights[1] < weights[0]  # the larger logits count less


def test_together_they_are_better_than_each_and_the_model_is_what_was_found(tmp_path: Path) -> None:
    one = task(tmp_path, saved(tmp_path / "x"), HELD)
    trained = blend.fit(one)
    model = blend.read(tmp_path / f"{SEED}.npz")
    assert model.members.tolist() == ["a", "b", "c"] and trained.parameters == np.count_nonzero(model.weights)
    np.testing.assert_array_equal(model.weights, blend.best(one.held.of(SEED), LABELS[HELD]))
    alone = min(
        loss(blend.best([logits], LABELS[HELD]), [logits], LABELS[HELD]) for logits in one.held.of(SEED)
    )
    *_, val_accuracy, val_loss = one.history.state["rows"][0].split(",")
    assert float(val_loss) < alone
    combined = ensemble.combine(one.held.of(SEED), model.weights)[:, 0]
    assert float(val_accuracy) == pytest.approx(((combined > 0) == LABELS[HELD]).mean(), abs=1e-6)


def test_texts_that_members_were_trained_on_change_no_weight(tmp_path: Path) -> None:
    whole = saved(tmp_path / "x")
    noise: dict[str, Any] = {
        name: {seed: np.where(HELD[:, None], logits, 7) for seed, logits in answers.items() if seed.isdigit()}
        for name, answers in whole.logits.items()
    }
    labels = np.where(HELD, LABELS, 1 - LABELS).astype(np.int16)
    other = blend.Members(noise, labels, whole.names)
    weights = []
    for folder, members in (("one", whole), ("other", other)):
        (tmp_path / folder).mkdir()
        blend.fit(task(tmp_path / folder, members, HELD))
        weights.append(blend.read(tmp_path / folder / f"{SEED}.npz").weights)
    np.testing.assert_array_equal(weights[0], weights[1])


def test_the_test_split_weighs_nothing() -> None:
    how = read(blend.Training, {"kind": "blend", "validation": "test"}, "training")
    with pytest.raises(InputError, match="a fraction, which all members hold out"):
        how.check("trainings.x")


def test_an_ensemble_is_the_weighed_sum_of_its_members() -> None:
    first, second = np.array([[1.0], [2.0]]), np.array([[10.0], [-20.0]])
    combined = ensemble.combine([first, second], np.array([0.5, 0.1]))
    assert combined.tolist() == [[1.5], [-1.0]] and combined.dtype == np.float32
