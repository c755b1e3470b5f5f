"""Networks, trained by gradient descent on batches of padded ids."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.padded import Padded, load_padded
from stages.artifacts.task import Task, Trained
from stages.artifacts.validation import Validation
from stages.network.sizes import Common, Shape
from stages.runtime.config import Count, InputError, Share, config, refusal

if TYPE_CHECKING:
    import keras

load = load_padded


@config
class EarlyStopping:
    patience: Count  # epochs


@config
class Training:
    """optimizer: `lazy_adam` is Adam on those rows of embedding tables that a batch has tokens of.
    schedule: "linear" lets the rate fall to 0 with the last batch.
    weight_decay: times learning_rate, per step; None: the optimizer's own.
    clip_norm: the most that the norm of all gradients together may be.
    average: of the weights, exponential, with this momentum per step; it is what is measured and kept.
    class_weight: "balanced" weighs each text by texts / (classes * texts of its class).
    """

    kind: Literal["gradient_descent"]
    optimizer: Literal["adam", "lazy_adam", "adamw", "rmsprop", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    early_stopping: EarlyStopping | None
    validation: Validation
    schedule: Literal["constant", "linear"] = "constant"
    weight_decay: Share | None = None
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    average: Annotated[float, Field(gt=0, lt=1)] | None = None
    class_weight: Literal["balanced"] | None = None

    def check(self, key: str, mend: str = "mend it") -> None:
        """Refuse to let the test split choose an epoch, and a norm that is not known: a row's gradient comes
        in parts, one for each of its tokens."""
        if self.validation == "test" and self.early_stopping:
            raise refusal(
                f"{key}.early_stopping",
                "patience",
                "null with `validation: test`, which may choose nothing",
                mend,
            )
        if self.optimizer == "lazy_adam" and self.clip_norm:
            raise refusal(f"{key}.clip_norm", self.clip_norm, "null with `optimizer: lazy_adam`", mend)


def prepare(sizes: Common) -> dict[str, object]:
    """Fix the threads, and say on what the network runs: to be called before anything of Keras is."""
    from stages.network import backend

    backend.threads(sizes.threads)
    return {"backend": backend.described(), "threads": sizes.threads}


def fit(task: Task) -> Trained:
    """Train a network whose weights are drawn from the seed, and save it as <path>.keras."""
    from stages.network import saving

    if task.train.texts < task.training.batch_size:
        raise InputError(
            f"found {task.train.texts} texts to train on, allowed: at least one batch of "
            f"{task.training.batch_size}; supply more rows, or lower batch_size in conf/trainings"
        )
    model = build(task)
    kept = descend(model, task)
    saving.save(model, task.path.with_name(f"{task.path.name}.keras"))
    return Trained(task.history.epochs, kept, model.count_params())


def build(task: Task) -> "keras.Model":
    """The recipe's network for a corpus like this. An architecture that starts from more than random numbers
    has a function `adapt(model, train)`, which sees what is trained on and no other text."""
    from stages.network.backend import keras

    keras.utils.clear_session()  # its layers are named as those of the first seed's model
    keras.utils.set_random_seed(task.seed)
    train = task.train
    shape = Shape(train.vocabulary, train.pad.get("length"), len(train.names))
    model: keras.Model = task.architecture.build(task.sizes, shape)
    if hasattr(task.architecture, "adapt"):
        task.architecture.adapt(model, train)
    return model


def descend(model: "keras.Model", task: Task) -> int:
    """Train the network; the epoch whose weights it ends with."""
    from stages.network import fitting
    from stages.network.batches import Batches

    training = task.training
    batches = Batches(task.train, training.batch_size, task.seed)
    return fitting.fit(
        model,
        batches,
        Batches(task.held, training.batch_size),
        task.history,
        task.checkpoint,
        optimizer=optimizer(training, steps=len(batches) * training.epochs),
        loss=fitting.cross_entropy(model),
        epochs=training.epochs,
        patience=training.early_stopping and training.early_stopping.patience,
        callbacks=[fitting.Averaged()] if training.average else [],
        class_weight=balanced(task.train) if training.class_weight else None,
    )


def optimizer(training: Training, steps: int) -> Any:
    """Keras's optimizer of that name; steps: how many batches all epochs have."""
    from stages.network.backend import keras
    from stages.network.lazy_adam import LazyAdam

    rate: Any = training.learning_rate
    if training.schedule == "linear":
        rate = keras.optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
    options: dict[str, Any] = {"learning_rate": rate, "global_clipnorm": training.clip_norm}
    if training.weight_decay is not None:
        options["weight_decay"] = training.weight_decay
    if training.average is not None:
        options |= {"use_ema": True, "ema_momentum": training.average}
    if training.optimizer == "lazy_adam":
        return LazyAdam(**options)
    return type(keras.optimizers.get(training.optimizer))(**options)


def balanced(train: Padded) -> dict[int, float]:
    """A weight for each class, so that all weigh the same together (King & Zeng 2001)."""
    counts = np.bincount(train.labels[labelled(train)], minlength=len(train.names))
    return {label: float(counts.sum() / (len(counts) * max(count, 1))) for label, count in enumerate(counts)}


def labelled(train: Padded) -> np.ndarray:
    """Which texts of the split belong to the part: bool[texts]."""
    return np.ones(len(train.labels), dtype=bool) if train.part is None else train.part
