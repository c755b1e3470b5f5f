"""Every network builds and trains on JAX, and a step moves it as it does on TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.network import fitting, saving
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import ROOT, read
from tests.models.small import APART, ARCHITECTURES, NINE, build, ids

NETWORKS = [*ARCHITECTURES, *APART]
TEXTS = np.pad(ids(6, 7), ((0, 0), (0, 2)))
LABELS = (np.arange(6) % 2).astype(np.float32)[:, None]
RATE = 0.5

ON_JAX = """
import sys
sys.modules["tensorflow"] = None  # to prove that it is not needed
from pathlib import Path
from stages.evaluation.inference import load
from stages.network.backend import keras
from tests.models.test_on_jax import NETWORKS, made, step
assert keras.backend.backend() == "jax"
folder = Path(sys.argv[1])
for name in NETWORKS:
    begun = load(folder / f"{name}.keras", name)
    model = made(name)
    model.set_weights(begun.get_weights())
    step(model, folder / f"{name}-jax.npz")
"""


def made(architecture: str) -> Any:
    if architecture in ARCHITECTURES:
        return build(architecture, NINE)
    module = kinds.module("models", architecture)
    keras.utils.set_random_seed(1)
    return module.build(
        read(module.Sizes, {"architecture": architecture, **APART[architecture]}, "model"), Shape(50, 9, 2)
    )


def step(model: Any, path: Path) -> None:
    """Save the loss of a step, and the weights after it."""
    model.compile(keras.optimizers.SGD(RATE), fitting.cross_entropy(model))
    loss = model.train_on_batch(TEXTS, LABELS)
    np.savez(path, np.array(loss, np.float32), *model.get_weights())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of each network what it begins with, and what a step on either backend makes of it."""
    path = tmp_path_factory.mktemp("steps")
    for name in NETWORKS:
        model = made(name)
        if name == "nb_svm":  # which begins with zeros
            random = np.random.default_rng(0)
            model.set_weights([random.normal(size=array.shape) for array in model.get_weights()])
        saving.save(model, path / f"{name}.keras")
        step(model, path / f"{name}-here.npz")
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", ON_JAX, str(path)], cwd=ROOT, check=True, env=environment)
    return path


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
@pytest.mark.parametrize("architecture", NETWORKS)
def test_a_step_on_jax_is_one_on_tensorflow(folder: Path, architecture: str) -> None:
    with (
        np.load(folder / f"{architecture}-here.npz") as here,
        np.load(folder / f"{architecture}-jax.npz") as there,
    ):
        assert here.files == there.files
        for name in here.files:
            np.testing.assert_allclose(there[name], here[name], atol=1e-5)
    begun = saving.load(folder / f"{architecture}.keras").get_weights()
    with np.load(folder / f"{architecture}-jax.npz") as there:
        moved = [there[name] for name in there.files[1:]]
    assert any(np.abs(one - other).max() > 1e-4 for one, other in zip(begun, moved, strict=True))
