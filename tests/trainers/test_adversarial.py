"""Adversarial training: texts are moved the way that the loss rises, so far and no farther."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padded import save_padded
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import InputError, read
from stages.trainers import adversarial, transfer
from tests.models.small import entry
from tests.trainers.small import TRAINING, padded
from tests.trainers.test_transfer import SEED, student, task

IDS = np.array([[3, 4, 0], [5, 6, 7]], np.int32)
LABELS = np.array([[1.0], [0.0]], np.float32)


def training(**options: Any) -> adversarial.Training:
    given = {"kind": "adversarial", "teacher": "t", "norm": 0.5} | options
    return read(adversarial.Training, TRAINING | given, "training")


def network(architecture: str = "pooled", **sizes: Any) -> Any:
    keras.utils.set_random_seed(SEED)
    module = kinds.module("models", architecture)
    return module.build(read(module.Sizes, entry(architecture, **sizes), "model"), Shape(10, None, 2))


def losses(model: Any, norm: float, virtual: bool = False) -> tuple[float, float]:
    """Of the texts in training: as they are, and with what is added."""
    both = []
    for one in (model, adversarial.moved(model, norm, virtual)):
        one.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
        ids, labels = (keras.ops.convert_to_tensor(array) for array in (IDS, LABELS))
        loss = one.compute_loss(x=ids, y=labels, y_pred=one(ids), training=True)
        both.append(float(keras.ops.convert_to_numpy(loss)))
    return both[0], both[1]


def test_a_text_is_moved_by_its_norm_s_share_along_the_gradient() -> None:
    """With a mean of embeddings and one output the gradient is the output's weights, for all tokens alike."""
    model = network(embedding=5, dense=0, mask=True)
    table = model.get_layer("embedding").get_weights()[0].astype(float)
    weights, bias = (array.astype(float) for array in model.get_layer("logits").get_weights())
    added = 0.0
    for ids, label in zip(IDS, LABELS[:, 0], strict=True):
        tokens = table[ids[ids > 0]]
        step = 0.5 * np.linalg.norm(tokens) * weights[:, 0] / np.linalg.norm(weights) / len(tokens) ** 0.5
        logit = (tokens + (-step if label else step)).mean(axis=0) @ weights[:, 0] + bias[0]
        added += np.logaddexp(0, -logit if label else logit) / 2
    plain, whole = losses(model, 0.5)
    assert whole - plain == pytest.approx(added, rel=1e-4)


@pytest.mark.parametrize("architecture", ["pooled", "lstm", "conv1d"])
def test_a_farther_move_changes_the_answer_more_and_none_changes_nothing(architecture: str) -> None:
    model = network(architecture, mask=True)
    added = [whole - plain for plain, whole in (losses(model, norm, True) for norm in (1e-6, 0.1, 1.0))]
    assert added[0] == pytest.approx(0, abs=1e-6)
    assert added[0] < added[1] < added[2]


def test_divergence_is_that_of_the_probabilities() -> None:
    right, other = np.array([[0.3, 0.7]]), np.array([[0.6, 0.4]])
    expected = (right * np.log(right / other)).sum()
    actual = adversarial.divergence(*(np.log(p[:, 1:] / p[:, :1]).astype(np.float32) for p in (right, other)))
    assert float(actual) == pytest.approx(expected, rel=1e-5)
    assert float(adversarial.divergence(np.log(right), np.log(other))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("virtual", [False, True])
def test_a_training_saves_the_network_itself(tmp_path: Path, virtual: bool) -> None:
    how = training(epochs=2, average=0.9, virtual=virtual)
    one = task(tmp_path, replace(student(tmp_path), vocabulary=200), how, dropout={"word": 0.1})
    trained = adversarial.fit(one)
    saved = keras.saving.load_model(tmp_path / f"{SEED}.keras")
    assert trained.parameters == saved.count_params()
    assert {layer.name for layer in saved.layers} >= {"embedding", "logits"}
    assert len(one.history.state["rows"]) == 2


def test_a_network_without_an_embedding_is_refused(tmp_path: Path) -> None:
    split = replace(student(tmp_path), vocabulary=200, weights={})
    one = task(tmp_path, split, training(epochs=1))
    module = kinds.module("models", "oh_cnn")
    sizes = read(module.Sizes, entry("oh_cnn"), "model")
    with pytest.raises(InputError, match="no embedding to move"):
        adversarial.fit(replace(one, architecture=module, sizes=sizes))


def test_it_needs_no_teacher(tmp_path: Path) -> None:
    save_padded(tmp_path / "x", padded())
    transfer.save(tmp_path / "x", None, {}, {})
    how = training(epochs=1, teacher=None)
    how.check("training")
    split = replace(transfer.load(tmp_path / "x"), vocabulary=200)
    one = task(tmp_path, split, how)
    assert adversarial.fit(one).epochs == 1


def test_the_move_is_part_of_the_entry() -> None:
    with pytest.raises(InputError, match="norm"):
        training(norm=0)
    assert issubclass(adversarial.Training, transfer.Training)
