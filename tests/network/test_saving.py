"""A saved model is for use: equal bytes twice, no optimizer, readable without our code."""

import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from stages.network import recurrent, saving
from stages.network.backend import keras
from stages.runtime.config import ROOT, InputError
from tests.models.small import ARCHITECTURES, NINE, build, ids, run

STOCK = ["conv1d", "gru", "lstm"]  # of Keras's own classes alone
PADDED = np.pad(ids(4, 6), ((0, 0), (0, 3)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every architecture, trained for a step, saved; and what it says of texts, before."""
    made = tmp_path_factory.mktemp("saved")
    answers = {}
    for architecture in ARCHITECTURES:
        model = build(architecture, NINE, dropout={"dense": 0.1})
        model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
        model.optimizer.build(model.trainable_variables)
        saving.save(model, made / f"{architecture}.keras")
        saving.save(model, made / f"{architecture}-again.keras")
        answers[architecture] = run(model, PADDED)
    np.savez(made / "answers.npz", **answers)  # type: ignore[arg-type]
    np.save(made / "texts.npy", PADDED)
    return made


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_saved_model_says_the_same_and_has_the_same_bytes_twice(folder: Path, architecture: str) -> None:
    path = folder / f"{architecture}.keras"
    answers = np.load(folder / "answers.npz")[architecture]
    np.testing.assert_array_equal(run(saving.load(path), PADDED), answers)
    assert path.read_bytes() == (folder / f"{architecture}-again.keras").read_bytes()


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def arrays(weights: bytes) -> dict[str, int]:
    """The arrays of an HDF5 file, with their bytes."""
    sizes: dict[str, int] = {}
    with h5py.File(io.BytesIO(weights)) as file:
        file.visititems(
            lambda name, item: sizes.update({name: item.nbytes}) if hasattr(item, "nbytes") else None
        )
    return sizes


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_optimizer_is_saved_which_would_be_two_thirds_of_the_file(folder: Path, architecture: str) -> None:
    parts = members(folder / f"{architecture}.keras")
    sizes = arrays(parts["model.weights.h5"])
    model = saving.load(folder / f"{architecture}.keras")
    assert not any("optimizer" in name or name.startswith("vars") for name in sizes)
    weights = sum(weight.nbytes for weight in model.get_weights())
    assert weights <= sum(sizes.values()) < weights + 100  # the state of dropout's generator
    assert not json.loads(parts["config.json"])["compile_config"]
    assert getattr(model, "optimizer", None) is None


def test_no_clock_time_is_saved(folder: Path) -> None:
    with zipfile.ZipFile(folder / "lstm.keras") as archive:
        infos = archive.infolist()
        assert [info.filename for info in infos] == sorted(info.filename for info in infos)
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    parts = members(folder / "lstm.keras")
    assert b"date_saved" not in parts["metadata.json"] and b"shared_object_id" not in parts["config.json"]


@pytest.mark.skipif(not recurrent.fused(), reason="the stock loops run here")
@pytest.mark.parametrize("architecture", ["lstm", "chrono_lstm", "gru", "peephole_lstm"])
def test_a_loaded_model_is_as_fast_as_in_training(folder: Path, architecture: str) -> None:
    path = folder / f"{architecture}.keras"
    assert any(isinstance(layer, recurrent.Fast) for layer in saving.load(path).layers)
    assert b"seqstudy>" not in members(path)["config.json"].replace(b"seqstudy>PeepholeLSTMCell", b"")


def answers_of(code: str, folder: Path, names: list[str], **environment: str) -> Any:
    """What another process makes of these models."""
    line = [sys.executable, "-c", code, str(folder), *names]
    subprocess.run(line, cwd=folder, check=True, env=os.environ | environment)
    return np.load(folder / "others.npz")


WITHOUT_OUR_CODE = """
import sys
import keras, numpy as np
folder, *names = sys.argv[1:]
texts = np.load(f"{folder}/texts.npy")
models = {name: keras.saving.load_model(f"{folder}/{name}.keras") for name in names}
assert not any(name.startswith("stages") for name in sys.modules)
np.savez(f"{folder}/others.npz", **{name: np.asarray(model(texts)) for name, model in models.items()})
"""

WITH_JAX = """
import sys
import numpy as np
from stages.evaluation.inference import load
from stages.network import recurrent
from stages.network.backend import keras, threads
from tests.models.small import NINE, build, run
folder, *names = sys.argv[1:]
texts = np.load(f"{folder}/texts.npy")
threads(1)
assert keras.backend.backend() == "jax" and not recurrent.fused()
for name in names:
    model = build(name, NINE)
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
    assert np.isfinite(model.train_on_batch(texts, np.ones((len(texts), 1))))
models = {name: load(f"{folder}/{name}.keras", name) for name in names}
np.savez(f"{folder}/others.npz", **{name: run(model, texts) for name, model in models.items()})
"""


@pytest.mark.slow
def test_keras_reads_saved_models_without_our_code(folder: Path) -> None:
    others, answers = answers_of(WITHOUT_OUR_CODE, folder, STOCK), np.load(folder / "answers.npz")
    for name in STOCK:
        np.testing.assert_allclose(others[name], answers[name], atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
def test_with_jax_the_stock_layers_run_and_say_the_same(folder: Path) -> None:
    names = [*STOCK, "peephole_lstm"]
    path = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    others = answers_of(WITH_JAX, folder, names, KERAS_BACKEND="jax", PYTHONPATH=path)
    answers = np.load(folder / "answers.npz")
    for name in names:
        np.testing.assert_allclose(others[name], answers[name], atol=1e-5)


@pytest.mark.parametrize("harm", ["cut", "altered", "another"])
def test_a_damaged_model_is_refused_in_one_line_that_says_how_to_get_it_back(
    folder: Path, tmp_path: Path, harm: str
) -> None:
    content = (folder / "pooled.keras").read_bytes()
    path = tmp_path / "demo-pooled" / "seeds" / "42.keras"
    path.parent.mkdir(parents=True)
    middle = content.index(b"model.weights.h5") + 500
    altered = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes({"cut": content[:-100], "altered": altered, "another": b"text"}[harm])
    with pytest.raises(InputError, match=r"42.keras is damaged \(.*dvc repro train@demo-pooled") as refused:
        saving.load(path)
    assert "\n" not in str(refused.value)
