"""The stage `train`: what it reads, what each of its models is trained on, what it leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from stages import train
from stages.artifacts import provenance
from stages.artifacts.history import History
from stages.artifacts.padded import Padded
from stages.artifacts.task import Task
from stages.evaluation.inference import load, logits
from stages.evaluation.metrics import probabilities
from stages.network import backend
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError, read
from stages.trainers import gradient_descent
from tests.models.small import ARCHITECTURES, build, entry
from tests.trainers.small import POOLED, Project, padded, rows_of, same, training

SEEDS = [7, 3]


class Call(NamedTuple):
    """A training: the model that it trained, its weights before, and what it was given."""

    model: keras.Model
    weights: list[np.ndarray]
    task: Task


def built(model: dict[str, Any], arrays: Padded, seed: int) -> keras.Model:
    """A recipe's model before its training."""
    architecture = kinds.module("models", model["architecture"])
    sizes, nothing = read(architecture.Sizes, model, "model"), Path()
    history = History(nothing, "x", seed, 1)
    return gradient_descent.build(
        Task(architecture, sizes, training(), arrays, arrays, seed, history, nothing, nothing)
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project with a recipe that was trained for two seeds; what was fitted is noted."""
    made = Project(tmp_path_factory.mktemp("project"))
    made.recipe("mine", SEEDS, POOLED | {"dropout": {"dense": 0.2}}, early_stopping={"patience": 2})
    calls: list[Call] = []
    descend = gradient_descent.descend

    def noted(model: Any, task: Task) -> int:
        calls.append(Call(model, model.get_weights(), task))
        return descend(model, task)

    with pytest.MonkeyPatch.context() as patch:
        made.enter(patch)
        patch.setattr(gradient_descent, "descend", noted)
        made.train("mine")
        made.calls = calls  # type: ignore[attr-defined]
        yield made


def test_each_seed_has_a_model_of_its_own(project: Any) -> None:
    folder = project.root / "data" / "models" / "mine" / "seeds"
    assert sorted(path.name for path in folder.iterdir()) == ["3.keras", "7.keras"]
    for seed, call in zip(SEEDS, project.calls, strict=True):
        assert same(load(folder / f"{seed}.keras", "pooled"), call.model)
    assert not same(project.calls[0].model, project.calls[1].model)


def test_weights_are_drawn_from_the_seed(project: Any) -> None:
    entry = project.params["recipes"]["mine"]["model"]
    first, other, again = (built(entry, padded(), seed) for seed in (7, 3, 7))
    assert same(first, again) and not np.array_equal(first.get_weights()[0], other.get_weights()[0])
    for model, call in zip((first, other), project.calls, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), call.weights, strict=True))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_weight_that_is_random_differs_from_seed_to_seed(architecture: str) -> None:
    arrays = padded()
    arrays.pad["length"] = 9
    one, two = (built(entry(architecture), arrays, seed).trainable_variables for seed in (7, 3))
    one, two = ([keras.ops.convert_to_numpy(weight) for weight in weights] for weights in (one, two))
    assert all(not np.array_equal(a, b) for a, b in zip(one, two, strict=True) if a.ndim > 1 and a.std() > 0)


def test_what_is_watched_is_held_out_of_training_anew_for_each_seed(project: Any) -> None:
    watched = []
    for seed, (_, _, task) in zip(SEEDS, project.calls, strict=True):
        held = task.held
        assert seed == task.seed
        assert sorted(rows_of(task.train) + rows_of(held)) == list(range(60))
        expected = rows_of(train.split([padded()], training().validation, seed)[1])
        assert rows_of(held) == expected
        watched.append(expected)
    assert watched[0] != watched[1]


def test_half_of_every_label_is_held_out() -> None:
    fitted, held = train.split([padded()], training().validation, 7)
    labels = padded().labels
    assert np.abs(np.bincount(labels[rows_of(held)]) - np.bincount(labels[rows_of(fitted)])).max() <= 1
    assert not set(rows_of(fitted)) & set(rows_of(held))


def test_with_validation_on_test_all_of_the_training_split_is_trained_on() -> None:
    test = padded(20)
    fitted, watched = train.split([padded(), test], training(validation="test").validation, 7)
    assert rows_of(fitted) == list(range(60)) and watched is test


def test_the_test_split_is_opened_only_to_redraw_a_lesson_s_curves(project: Any) -> None:
    one = train.inputs("data/padded/words/train", training().validation)
    assert one == [project.root / "data/padded/words/train"]
    both = train.inputs("data/padded/words", training(validation="test").validation)
    assert [path.name for path in both] == ["train", "test"]


def test_fewer_texts_than_a_batch_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_descent, "descend", lambda *_: 1)
    architecture = kinds.module("models", "pooled")
    sizes, history = read(architecture.Sizes, POOLED, "model"), History(tmp_path / "history.csv", "x", 7, 1)
    for size, allowed in ((61, False), (60, True)):
        how, path = training(batch_size=size, epochs=1), tmp_path / "7"
        task = Task(architecture, sizes, how, padded(), padded(), 7, history, tmp_path / "at.npz", path)
        if allowed:
            gradient_descent.fit(task)
        else:
            with pytest.raises(InputError, match=r"found 60 texts to train on, .*: at least one batch of 61"):
                gradient_descent.fit(task)


def test_the_facts_are_of_the_models(project: Any) -> None:
    facts = project.facts("mine")
    assert facts["labels"] == ["no", "yes"] and facts["architecture"] == "pooled"
    assert list(facts["seeds"]) == ["7", "3"] and facts["validation"] == {"fraction": 0.5}
    assert facts["parameters"] == build("pooled", Shape(80, None, 2), embedding=4).count_params()


def test_the_history_and_the_kept_weights_are_those_of_the_watched_texts(project: Any) -> None:
    folder = project.root / "data" / "models" / "mine"
    report = project.root / "reports" / "history" / "mine.csv"
    assert (folder / "history.csv").read_bytes() == report.read_bytes()
    lines = [line.split(",") for line in report.read_text(encoding="utf-8").splitlines()[1:]]
    for seed, (_, _, task) in zip(SEEDS, project.calls, strict=True):
        kept = project.facts("mine")["seeds"][str(seed)]["kept"]
        (row,) = [line for line in lines if line[:2] == [str(seed), str(kept)]]
        model, at = load(folder / "seeds" / f"{seed}.keras", "pooled"), rows_of(task.held)
        probable = probabilities(logits(model, padded()))[at]
        loss = -np.log(probable[np.arange(len(at)), padded().labels[at]]).mean()
        assert loss == pytest.approx(float(row[5]), abs=1e-4)
        assert float(row[5]) == min(float(line[5]) for line in lines if line[0] == str(seed))


def test_the_certificate_names_threads_seeds_tokenizer_and_padding(project: Any) -> None:
    certificate = provenance.verified(project.root / "data" / "models" / "mine")
    assert certificate["threads"] == kinds.module("models", "pooled").Sizes.threads == 2
    assert certificate["seeds"] == SEEDS and certificate["tokenizer"] == "word 12"
    assert certificate["pad"] == padded().pad and certificate["backend"] == backend.described()
    assert set(certificate["inputs"]) == {
        f"data/padded/words/train/{name}"
        for name in ("facts.json", "ids.npy", "rows.npy", "labels.npy", "lengths.npy", "unknown.npy")
    }
    assert set(certificate["files"]) == {"history.csv", "training.json", "seeds/3.keras", "seeds/7.keras"}


def test_nothing_but_the_outs_is_left_and_each_seed_had_a_checkpoint_of_its_own(project: Any) -> None:
    paths = {call.task.checkpoint for call in project.calls}
    assert len(paths) == 2 and {path.parent for path in paths} == {project.root / ".checkpoints" / "mine"}
    assert not (project.root / ".checkpoints" / "mine").exists()
    times = json.loads((project.root / "data" / "timings" / "mine.json").read_text(encoding="utf-8"))
    assert times["tokens_per_second"] > 0


def test_a_model_does_not_depend_on_the_seeds_before_its_own(project: Any) -> None:
    recipe = project.params["recipes"]["mine"]
    project.params["recipes"]["alone"] = recipe | {"seeds": SEEDS[1:]}
    both, alone = (project.root / "data" / "models" / name for name in ("mine", "alone"))
    project.train("alone")
    assert (alone / "seeds" / "3.keras").read_bytes() == (both / "seeds" / "3.keras").read_bytes()


def test_threads_are_set_before_keras_does_anything(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def noting(name: str, inner: Any) -> Any:
        def noted(*given: Any) -> Any:
            calls.append((name, *given) if name == "threads" else name)
            return inner(*given)

        return noted

    monkeypatch.setattr(backend, "threads", noting("threads", backend.threads))
    monkeypatch.setattr(backend, "described", noting("devices", backend.described))
    monkeypatch.setattr(keras.utils, "clear_session", noting("model", keras.utils.clear_session))
    monkeypatch.setattr(gradient_descent, "descend", lambda *_: 1)
    monkeypatch.setattr(train, "timings", lambda *_: {})
    for name, model, operation in (("two", POOLED, 2), ("one", entry("simple_rnn"), 1)):
        project.recipe(name, [1], model)
        project.root.joinpath("reports/history").mkdir(parents=True, exist_ok=True)
        (project.root / "reports" / "history" / f"{name}.csv").write_text("", encoding="utf-8")
        calls.clear()
        project.train(name)
        assert calls == [("threads", operation), "devices", "model"]


ON_SOME_CORES = """
import os, sys
from pathlib import Path
os.sched_setaffinity(0, set(map(int, sys.argv[2:])))
import pytest
import numpy as np
import tensorflow as tf
from stages.artifacts.padded import Padded
from tests.models.small import entry
from tests.trainers.small import Project, train
ids = np.random.default_rng(0).integers(1, 100, (128, 64)).astype(np.int32)
project = Project(Path(sys.argv[1]))
project.add(Padded([ids], [np.arange(128)], (ids[:, 0] % 2).astype(np.int16), ["no", "yes"], 100), "long")
project.recipe("mine", [1], entry("conv1d", filters=128, embedding=16, kernel=5), epochs=1, batch_size=32)
project.params["recipes"]["mine"]["arrays"] = "data/padded/words/long"
with pytest.MonkeyPatch.context() as patch:
    project.enter(patch)
    project.train("mine")
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be chosen here")
def test_the_number_of_cores_changes_no_byte_of_a_model(tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    models: list[bytes] = []
    for count in [count for count in (1, 2, 4) if count <= len(cores)]:
        folder = tmp_path / str(count)
        folder.mkdir()
        line = [sys.executable, "-c", ON_SOME_CORES, str(folder), *map(str, cores[:count])]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "2 2"
        models.append((folder / "data" / "models" / "mine" / "seeds" / "1.keras").read_bytes())
    if len(cores) == 1:
        pytest.skip("there is only one core")
    assert len({*models}) == 1
