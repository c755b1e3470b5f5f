"""The GRU's own loop: that it is known when a saved model is loaded, and its equations and gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from stages.evaluation.inference import load
from stages.models import gru
from stages.network import recurrent, saving
from stages.network.backend import keras
from tests.models.small import build, ids, run

pytestmark = pytest.mark.skipif(not recurrent.fused(), reason="the stock loops run here")

TIME, BATCH, UNITS = 5, 2, 3


def given() -> list[Any]:
    """gates, state, recurrent, bias."""
    random = np.random.default_rng(0)
    shapes = [(TIME, BATCH, 3 * UNITS), (BATCH, UNITS), (UNITS, 3 * UNITS), (3 * UNITS,)]
    return [tf.constant(random.normal(size=shape).astype(np.float32)) for shape in shapes]


def loop(inputs: list[Any], steps: int) -> Any:
    gates, state, own, bias = inputs
    return gru.loop(gates, state, own, bias, tf.constant(steps))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def test_the_loop_computes_the_published_equations_and_ends_after_its_steps() -> None:
    gates, state, own, bias = (np.asarray(each, dtype=float) for each in given())
    outputs = np.asarray(loop(given(), TIME - 2))
    for t in range(TIME - 2):
        seen = state @ own + bias
        update, reset = (
            sigmoid(gates[t, :, part] + seen[:, part]) for part in (slice(0, UNITS), slice(UNITS, 2 * UNITS))
        )
        candidate = np.tanh(gates[t, :, 2 * UNITS :] + reset * seen[:, 2 * UNITS :])
        state = update * state + (1 - update) * candidate
        np.testing.assert_allclose(outputs[t], state, atol=1e-5)
    assert not outputs[TIME - 2 :].any()


def test_the_gradients_written_by_hand_are_those_that_tensorflow_derives() -> None:
    inputs = given()
    weights = tf.constant(np.random.default_rng(1).normal(size=(TIME, BATCH, UNITS)).astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        by_hand = tf.reduce_sum(weights * loop(inputs, TIME))
        gates, state, own, bias = inputs
        loss = tf.constant(0.0)
        for t in range(TIME):
            seen = state @ own + bias
            update, reset, _ = tf.split(tf.sigmoid(gates[t] + seen), 3, 1)
            candidate = tf.tanh(gates[t, :, 2 * UNITS :] + reset * seen[:, 2 * UNITS :])
            state = update * state + (1 - update) * candidate
            loss += tf.reduce_sum(weights[t] * state)
    for mine, derived in zip(tape.gradient(by_hand, inputs), tape.gradient(loss, inputs), strict=True):
        np.testing.assert_allclose(mine, derived, atol=1e-5)


def test_the_layer_is_made_and_registered_once() -> None:
    assert gru.layer() is gru.layer()
    assert keras.saving.get_registered_object(f"{recurrent.PACKAGE}>GRU") is gru.layer()


@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_saved_gru_is_loaded_with_the_fast_loop(tmp_path: Path, bidirectional: bool) -> None:
    model, text = build("gru", bidirectional=bidirectional), ids(3, 5)
    saving.save(model, tmp_path / "1.keras")
    keras.saving.get_custom_objects().pop(f"{recurrent.PACKAGE}>GRU")  # as in a process that begins
    gru.layer.cache_clear()
    loaded = load(tmp_path / "1.keras", "gru")
    layer = getattr(loaded.layers[-2], "forward_layer", loaded.layers[-2])
    assert isinstance(layer, gru.layer()) and isinstance(layer, recurrent.Fast)
    np.testing.assert_array_equal(run(loaded, text), run(model, text))
