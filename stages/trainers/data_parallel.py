"""Networks that all devices train together, on JAX: each reads a part of every batch, and the gradients are
summed up (Keras's DataParallel). Losses, accuracies and steps are those of gradient descent.

The devices are those of one process, as all GPUs of a machine, or of several processes, on as many machines,
which stages/tools/parallel.py starts. The first process is DVC's stage `train`, and it alone writes files.
"""

import atexit
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import load_padded
from stages.artifacts.task import Task, Trained
from stages.runtime.config import InputError, config
from stages.trainers import gradient_descent

if TYPE_CHECKING:
    import keras

load = load_padded
# SHA-256 of gradient_descent.py. A training has one trainer among its deps, this file: so an edit there must
# be one here, and tests/test_dvc_yaml.py says so.
FOUNDATION = "e297f70662a4b70c2f20e9193d21bd7292781ad7ae445210a25fe37add3ca542"
ADDRESS, COUNT, INDEX = (  # Keras's own variables; JAX finds what is not set (SLURM, Open MPI)
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)
WAIT = 600  # seconds that processes wait for one another when they start
SILENCE = 60  # seconds without a sign of life, after which a machine counts as lost
LOST = re.compile("gloo|nccl|coordination|UNAVAILABLE|DEADLINE_EXCEEDED", re.I)  # in errors of XLA
CHUNK = 2**24  # bytes of a checkpoint that are sent at once


@config
class Training(gradient_descent.Training):
    """devices: all that JAX sees, in all processes. batch_size: of all devices together."""

    kind: Literal["data_parallel"]  # type: ignore[assignment]
    devices: Literal["all"]


def prepare(sizes: Any) -> dict[str, object]:
    """Join the other processes, if there are any, and say on what the network runs."""
    if find_spec("jax") is None:
        raise InputError(
            "training.devices: found all, which needs JAX, and no such package; "
            "install the extra `jax`: pip install jax"
        )
    from stages.network.backend import keras

    if keras.backend.backend() != "jax":
        raise InputError(
            f"training.devices: found all with KERAS_BACKEND={keras.backend.backend()}, allowed: jax; "
            "run it as: KERAS_BACKEND=jax dvc repro ..."
        )
    join()
    return gradient_descent.prepare(sizes)


def join() -> None:
    """Connect to the other processes, if the environment says that there are any."""
    import jax

    if INDEX not in os.environ or jax.distributed.is_initialized():
        return
    count = os.environ.get(COUNT)
    try:
        jax.distributed.initialize(
            os.environ.get(ADDRESS),
            int(count) if count else None,
            int(os.environ[INDEX]),
            initialization_timeout=WAIT,
            heartbeat_timeout_seconds=SILENCE,
            shutdown_timeout_seconds=SILENCE,
        )
    except (RuntimeError, ValueError) as error:  # of XLA; of JAX, which finds no launcher
        raise InputError(
            f"the processes did not find one another in {WAIT} s ({first_line(error)}); start all of them, "
            "with one --coordinator and one --processes and each with an --index of its own"
        ) from None


def fit(task: Task) -> Trained:
    """Train a network with all processes; the first one saves it as <path>.keras.

    Raises InputError in all processes if they would train different things, end with different weights, or if
    one of them has ended.
    """
    import jax
    from jax.experimental import multihost_utils

    from stages.network import saving
    from stages.network.backend import keras

    if task.train.texts < task.training.batch_size:
        raise InputError(
            f"found {task.train.texts} texts to train on, allowed: at least one batch of "
            f"{task.training.batch_size}; supply more rows, or lower batch_size in conf/trainings"
        )
    with together():
        if several():
            agree(fingerprints(task))
            hand_out(task.checkpoint)
        try:
            model = gradient_descent.build(replace(task, architecture=everywhere(task.architecture)))
            kept = descend(model, task)
        finally:
            keras.distribution.set_distribution(None)  # else process 0 waits for the others while it saves
        if jax.process_index() == 0:
            saving.save(model, task.path.with_name(f"{task.path.name}.keras"))
        if several():
            multihost_utils.sync_global_devices("saved")
    return Trained(task.history.epochs, kept, model.count_params())


@contextmanager
def together() -> Iterator[None]:
    """Tell in one line that another process has ended, which JAX only knows as an exchange that failed."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # of the one, JAX makes the other in some places
        if not several() or not LOST.search(str(error)):
            raise
        atexit.register(leave)
        raise InputError(
            f"another process has ended or is out of reach ({first_line(error)}); start all of them again: "
            "they go on after the last epoch that all have finished"
        ) from None


def leave() -> None:
    """End at once: JAX would wait for the process that is gone."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(1)


def several() -> bool:
    import jax

    return bool(jax.process_count() > 1)


def everywhere(architecture: Any) -> Any:
    """The architecture, whose networks then lie on all devices of all processes.

    `gradient_descent.build` begins with `clear_session`, which also forgets a distribution, without a word:
    so the architecture's own `build` is the first place to set it.
    """

    def build(sizes: Any, shape: Any) -> "keras.Model":
        distribute()
        model: keras.Model = architecture.build(sizes, shape)
        return model

    adapt = {"adapt": architecture.adapt} if hasattr(architecture, "adapt") else {}
    return SimpleNamespace(build=build, **adapt)


def distribute() -> None:
    from stages.network.backend import keras

    every = keras.distribution.DataParallel(auto_shard_dataset=False)  # `shares` does it
    keras.distribution.set_distribution(every)


def descend(model: "keras.Model", task: Task) -> int:
    """Train the network; the epoch whose weights it ends with."""
    from stages.network import fitting

    training = task.training
    weights = gradient_descent.balanced(task.train) if training.class_weight else {}
    batches = shares(task.train, training.batch_size, task.seed, weights)
    return fitting.fit(
        shared(model),
        batches,
        shares(task.held, training.batch_size, 0, {}),
        task.history,
        task.checkpoint,
        optimizer=gradient_descent.optimizer(training, steps=len(batches) * training.epochs),
        loss=summed(fitting.cross_entropy(model)),
        epochs=training.epochs,
        patience=training.early_stopping and training.early_stopping.patience,
        callbacks=[*([fitting.Averaged()] if training.average else []), *([alike()] if several() else [])],
    )


def shares(padded: Any, batch_size: int, seed: int, weights: Mapping[int, float]) -> Any:
    """The batches of one process as (ids, targets, weights float32[rows]): those rows of every batch that its
    own devices read.

    All batches are filled up to one size, a multiple of the number of devices, with rows of weight 0: another
    size would be compiled anew. The other rows weigh 1 / their number, times the weight of their class.
    """
    from stages.network.batches import Batches

    owners = devices()
    size = -(-batch_size // len(owners))  # of a device
    own = np.concatenate([np.arange(i * size, (i + 1) * size) for i, mine in enumerate(owners) if mine])

    class Shares(Batches):
        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[override]
            ids, targets = super().__getitem__(index)
            rows = len(ids)
            places = np.where(own < rows, own, 0)
            factors = np.array([weights.get(int(label), 1.0) for label in targets[places].ravel()])
            return ids[places], targets[places], (factors * (own < rows) / rows).astype(np.float32)

    return Shares(padded, batch_size, seed)


def devices() -> list[bool]:
    """Of all devices of all processes, in the order of a batch's rows, which are those of this process."""
    import jax

    return [device.process_index == jax.process_index() for device in jax.devices()]


def summed(loss: Any) -> Any:
    """The same loss of a batch, by the weights of its rows, which say already that a mean is meant."""
    loss.reduction = "sum"
    return loss


def shared(model: "keras.Model") -> "keras.Model":
    """The network, whose losses and accuracies leave out the rows that batches are filled up with."""
    from stages.network.backend import keras

    ops = keras.ops

    class Shared(keras.Model):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(inputs=model.inputs, outputs=model.outputs)
            self.mean = keras.metrics.Mean("loss")  # in the place of Keras's, which counts those rows

        def compile(self, *, metrics: Sequence[Any], **options: Any) -> None:
            super().compile(weighted_metrics=metrics, **options)

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            rows = ops.cast(sample_weight > 0, "float32")
            self.mean.update_state(self.compute_loss(x, y, y_pred, sample_weight), ops.sum(rows))
            return super().compute_metrics(x, y, y_pred, rows)

    return Shared()


def alike() -> Any:
    """A callback that ends a training whose processes no longer have the same weights, bit for bit."""
    from stages.network.backend import keras

    class Alike(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            agree({"weights": hashed(self.model.get_weights())})

    return Alike()


def agree(own: Mapping[str, bytes]) -> None:
    """Refuse what is not the same in all processes. own: SHA-256 of each thing, by its name."""
    every = gathered(np.array([[*digest] for digest in own.values()], np.uint8))
    for index, theirs in enumerate(every):
        same = (theirs == every[0]).all(axis=1)
        if not same.all():
            names = " and ".join(name for name, alike in zip(own, same, strict=True) if not alike)
            raise InputError(
                f"process {index} has other {names} than process 0; check out the same commit everywhere, "
                "with the same packages, on machines of one kind, and bring the data with: dvc pull"
            )


def gathered(array: np.ndarray) -> np.ndarray:
    """An array of each process: [processes, ...]."""
    from jax.experimental import multihost_utils

    every: np.ndarray = np.asarray(multihost_utils.process_allgather(array))
    return every.reshape(-1, *array.shape)


def fingerprints(task: Task) -> dict[str, bytes]:
    """SHA-256 of all that a training follows from."""
    kind = {"model": {"architecture": task.sizes.architecture}, "training": {"kind": task.training.kind}}
    parts = (task.train, task.held)
    arrays = [each for part in parts for each in (*part.ids, *part.rows, part.labels, *part.lines)]
    return {
        "parameters": sha256(repr((task.sizes, task.training, task.seed)).encode()).digest(),
        "arrays": hashed(arrays),
        "code": sha256(repr(provenance.hashes(provenance.code(kind))).encode()).digest(),
        "packages": sha256(repr(provenance.versions()).encode()).digest(),
    }


def hashed(arrays: Sequence[np.ndarray]) -> bytes:
    sum_ = sha256()
    for array in arrays:
        sum_.update(np.ascontiguousarray(array).data)
    return sum_.digest()


def hand_out(checkpoint: Path) -> None:
    """Give all processes the checkpoint of the first one, if it has one."""
    import jax
    from jax.experimental import multihost_utils

    first = jax.process_index() == 0
    size = checkpoint.stat().st_size if first and checkpoint.exists() else 0
    whole, rest = map(int, multihost_utils.broadcast_one_to_all(np.array(divmod(size, CHUNK), np.int32)))
    lengths = [CHUNK] * whole + ([rest] if rest else [])
    if not lengths:
        return
    with checkpoint.open("rb" if first else "wb") as file:
        for length in lengths:
            own = np.frombuffer(file.read(length), np.uint8) if first else np.zeros(length, np.uint8)
            sent = np.asarray(multihost_utils.broadcast_one_to_all(own))
            if not first:
                file.write(sent.tobytes())


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
