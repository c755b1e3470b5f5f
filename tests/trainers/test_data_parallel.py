"""All devices together train the network that one trains: in one process, in two, after one was killed."""

import csv
import importlib.util
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from stages.network import saving
from stages.network.backend import keras
from stages.network.batches import Batches
from stages.network.sizes import Shape
from stages.runtime.config import ROOT, InputError, read
from stages.tools.parallel import explicit, free_port
from stages.trainers import data_parallel
from tests.models.small import build
from tests.trainers.joined import whole
from tests.trainers.small import TRAINING, padded

ALL = {"kind": "data_parallel", "devices": "all"}
SLOW = 3600  # seconds until a process counts as hung
with_jax = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
START = "import sys; sys.modules['tensorflow'] = None; from tests.trainers.joined import main; main()"


def test_devices_are_all_or_nothing() -> None:
    assert read(data_parallel.Training, TRAINING | ALL, "training").devices == "all"
    with pytest.raises(InputError, match=r"training.devices: found 2, allowed: 'all'"):
        read(data_parallel.Training, TRAINING | ALL | {"devices": 2}, "training")


def test_another_backend_than_jax_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_parallel, "find_spec", lambda name: name)
    with pytest.raises(InputError, match=r"devices: found all with KERAS_BACKEND=tensorflow, allowed: jax"):
        data_parallel.prepare(None)


def test_without_jax_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_parallel, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"found all, which needs JAX, and no such package; .* pip install jax"
    ):
        data_parallel.prepare(None)


@pytest.mark.parametrize("owners", [[0], [0, 1], [0, 0, 1], [0, 1, 2, 3, 4]])
def test_the_shares_of_all_processes_are_the_batches(
    monkeypatch: pytest.MonkeyPatch, owners: list[int]
) -> None:
    """In the order of the devices, filled up with rows that weigh nothing."""
    split, whole = padded(61, 3), Batches(padded(61, 3), 7, 3)
    weights, several = {0: 0.5, 1: 2.0, 2: 1.0}, []
    for process in range(max(owners) + 1):
        monkeypatch.setattr(data_parallel, "devices", lambda process=process: [i == process for i in owners])
        several.append(data_parallel.shares(split, 7, 3, weights))
    for batches in (whole, *several):
        batches.start(2)
    for index in range(len(whole)):
        ids, targets = whole[index]
        parts = [np.concatenate(each) for each in zip(*(one[index] for one in several), strict=True)]
        rows, size = len(ids), -(-7 // len(owners)) * len(owners)
        np.testing.assert_array_equal(parts[0][:rows], ids)
        np.testing.assert_array_equal(parts[1][:rows], targets)
        expected = np.array([weights[int(label)] for label in targets]) / rows
        np.testing.assert_allclose(parts[2], np.pad(expected, (0, size - rows)), rtol=1e-6)


def test_rows_that_fill_a_batch_count_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for the loss nor for what is measured; and a batch counts by its rows."""
    monkeypatch.setattr(data_parallel, "devices", lambda: [True] * 5)
    split = whole()
    model, batches = build("pooled", Shape(split.vocabulary, None, 2)), Batches(split, 7)
    shared = data_parallel.shared(model)
    accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    loss = data_parallel.summed(keras.losses.BinaryCrossentropy(from_logits=True))
    shared.compile(loss=loss, metrics=[accuracy])
    filled = data_parallel.shares(split, 7, 0, {})
    measured = shared.evaluate(filled, return_dict=True, verbose=0)
    ids, targets = zip(*(batches[index] for index in range(len(batches))), strict=True)
    assert {len(filled[index][0]) for index in range(len(batches))} == {10}
    assert {len(each) for each in ids} == {3, 7}
    logits = np.concatenate([keras.ops.convert_to_numpy(model(each)) for each in ids])[:, 0]
    labels = np.concatenate(targets)[:, 0]
    assert measured["accuracy"] == pytest.approx(((logits > 0) == labels).mean(), abs=1e-6)
    expected = np.logaddexp(0, np.where(labels == 1, -logits, logits)).mean()
    assert measured["loss"] == pytest.approx(expected, abs=1e-6)


def test_processes_that_would_train_different_things_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"arrays": b"a" * 32, "code": b"c" * 32}

    def gathered(array: np.ndarray) -> np.ndarray:
        other = array.copy()
        other[1, 5] += 1
        return np.stack([array, array, other])

    monkeypatch.setattr(data_parallel, "gathered", gathered)
    with pytest.raises(InputError, match=r"process 2 has other code than process 0; .*dvc pull"):
        data_parallel.agree(own)
    monkeypatch.setattr(data_parallel, "gathered", lambda array: np.stack([array, array]))
    data_parallel.agree(own)


class Runs:
    """What processes of tests/trainers/joined.py left behind: folder/<process>/<training>/."""

    def __init__(self, folder: Path, *trainings: str, processes: int = 1, **variables: str) -> None:
        self.folder = folder
        address = f"127.0.0.1:{free_port()}"
        common = {"KERAS_BACKEND": "jax", "JAX_COORDINATOR_BIND_ADDRESS": address} | variables
        self.logs = [folder / f"log-{process}" for process in range(processes)]
        started = []
        for process, log in enumerate(self.logs):
            place = explicit(address, processes, process) if processes > 1 else {}
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("w") as output:
                line = [sys.executable, "-c", START, str(folder / str(process)), *trainings]
                environment = os.environ | common | place
                started.append(
                    subprocess.Popen(line, cwd=ROOT, env=environment, stdout=output, stderr=output)
                )
        self.codes, self.ended = [0] * processes, [0.0] * processes
        waiting = dict(enumerate(started))
        until = time.monotonic() + SLOW
        while waiting and time.monotonic() < until:
            for process in [i for i, one in waiting.items() if one.poll() is not None]:
                self.codes[process] = waiting.pop(process).returncode
                self.ended[process] = time.monotonic()
            time.sleep(0.1)
        for one in waiting.values():
            one.kill()
        assert not waiting, [log.read_text() for log in self.logs]

    def of(self, training: str, process: int = 0) -> Path:
        return self.folder / str(process) / training

    def weights(self, training: str, process: int = 0) -> list[np.ndarray]:
        path = self.of(training, process) / "weights.npz"
        assert path.exists(), self.logs[process].read_text()
        with closing(np.load(path)) as arrays:
            return [arrays[name] for name in arrays.files]

    def measures(self, training: str, process: int = 0) -> np.ndarray:
        """float64[epochs, 4]: accuracy, loss, val_accuracy, val_loss."""
        with (self.of(training, process) / "history.csv").open() as file:
            rows = list(csv.reader(file))[1:]
        return np.array([[float(cell) for cell in row[2:]] for row in rows])


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A process with two devices: gradient descent takes one of them, `parallel` both."""
    flags = "--xla_force_host_platform_device_count=2"
    return Runs(tmp_path_factory.mktemp("one"), "plain", "parallel", XLA_FLAGS=flags)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("two"), "killed", processes=2)


@pytest.fixture(scope="module")
def two(killed: Runs) -> Runs:
    """Two processes after those that were killed, in their folder."""
    return Runs(killed.folder, "resumed", "parallel", "forgotten", processes=2)


def assert_close(some: list[np.ndarray], others: list[np.ndarray]) -> None:
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@with_jax
@pytest.mark.slow
def test_two_devices_train_what_one_does(one: Runs) -> None:
    """Also where batches are filled up, with dropout, and with weights of classes."""
    assert "cpu:0, cpu:1" in one.logs[0].read_text()
    np.testing.assert_allclose(one.measures("parallel"), one.measures("plain"), atol=1e-5)
    assert_close(one.weights("parallel"), one.weights("plain"))
    assert len(one.measures("plain")) == 3 and np.ptp(one.measures("plain")[:, 3]) > 0.01


@with_jax
@pytest.mark.slow
def test_two_processes_train_what_one_does_and_end_with_the_same_bits(one: Runs, two: Runs) -> None:
    for process in (0, 1):
        np.testing.assert_allclose(two.measures("parallel", process), one.measures("plain"), atol=1e-5)
    assert_close(two.weights("parallel"), one.weights("plain"))
    for mine, theirs in zip(two.weights("parallel", 0), two.weights("parallel", 1), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@with_jax
@pytest.mark.slow
def test_only_the_first_process_saves_the_model_and_tensorflow_says_the_same(two: Runs) -> None:
    model = saving.load(two.of("parallel") / "model.keras")
    answers = keras.ops.convert_to_numpy(model(whole().ids[0]))
    np.testing.assert_allclose(answers, np.load(two.of("parallel") / "answers.npy"), atol=1e-5)
    assert not (two.of("parallel", 1) / "model.keras").exists()


@with_jax
@pytest.mark.slow
def test_processes_that_forget_the_distribution_are_found_out(two: Runs) -> None:
    """Without it each trains a network of its own, on its own rows, and JAX says nothing."""
    for process in (0, 1):
        line = (two.of("forgotten", process) / "refused.txt").read_text()
        assert line.startswith("process 1 has other weights than process 0")
    pairs = zip(two.weights("forgotten", 0), two.weights("forgotten", 1), strict=True)
    assert any(not np.array_equal(mine, theirs) for mine, theirs in pairs)
    assert not (two.of("parallel") / "refused.txt").exists()


@with_jax
@pytest.mark.slow
def test_when_one_process_is_killed_the_other_ends_within_seconds(killed: Runs) -> None:
    assert killed.codes == [1, -signal.SIGKILL]
    assert killed.ended[0] - killed.ended[1] < 20
    line = (killed.of("killed") / "refused.txt").read_text()
    assert line.startswith("another process has ended or is out of reach")
    assert line.count("\n") == 0 and len(killed.measures("killed")) == 1


@with_jax
@pytest.mark.slow
def test_the_next_run_goes_on_and_ends_with_the_weights_of_one_that_was_not_interrupted(two: Runs) -> None:
    assert "goes on after epoch 1/3" in two.logs[0].read_text()
    for process in (0, 1):
        pairs = zip(two.weights("resumed", process), two.weights("parallel", process), strict=True)
        assert all(np.array_equal(resumed, whole) for resumed, whole in pairs)
    np.testing.assert_array_equal(two.measures("resumed"), two.measures("parallel"))
