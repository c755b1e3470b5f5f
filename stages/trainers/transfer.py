"""Networks that learn from more than labels: from weights made without labels, and from what a teacher,
another recipe, says of texts without labels (Bucila et al. 2006, Hinton et al. 2015). Else gradient descent.

The stage `prepare` makes what they start from, with `save`, which also keeps the hashes of this file and of
gradient_descent.py: so an edit there reaches these trainings, which have only one trainer among their deps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stages.artifacts.padded import Padded, load_padded
from stages.artifacts.storage import load_arrays, save_arrays
from stages.artifacts.task import Task, Trained
from stages.runtime import files
from stages.runtime.config import InputError, Share, config, refusal
from stages.trainers import gradient_descent

if TYPE_CHECKING:
    import keras

UNLABELLED, ANSWERS, WEIGHTS = "unlabelled.npz", "answers.npz", "weights.npz"


@config
class Training(gradient_descent.Training):
    """teacher: a recipe; start: an entry of pretrainings, the network's first weights.
    label_smoothing: this share of a label is spread over all labels (Szegedy et al. 2016).
    """

    kind: Literal["transfer"]  # type: ignore[assignment]
    teacher: str | None = None
    start: str | None = None
    label_smoothing: Share = 0.0

    def check(self, key: str, mend: str = "mend it") -> None:
        """Refuse what gradient descent refuses, and a transfer of nothing."""
        super().check(key, mend)
        if not (self.teacher or self.start):
            raise refusal(f"{key}.teacher", None, "with `kind: transfer`, a teacher or a start", mend)


@dataclass(frozen=True)
class Student(Padded):
    """A training split, with what is learned beside it.

    unlabelled: texts of the same corpus; answers: for each of the teacher's seeds the probabilities of their
    labels, float32[texts, classes]; weights: the first ones by their names (`begin`).
    """

    unlabelled: Padded | None = None
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)


def save(
    folder: Path,
    unlabelled: Padded | None,
    answers: Mapping[str, np.ndarray],
    weights: Mapping[str, np.ndarray],
) -> None:
    """Add to the arrays of a training split in a folder what `load` reads beside them."""
    code = {name: files.sha256(Path(name)) for name in (gradient_descent.__file__, __file__)}
    files.write_json(folder / "code.json", {Path(name).name: sha256 for name, sha256 in code.items()})
    if unlabelled is not None:
        buckets = {f"ids-{i}": ids for i, ids in enumerate(unlabelled.ids)}
        buckets |= {f"rows-{i}": rows for i, rows in enumerate(unlabelled.rows)}
        save_arrays(folder / UNLABELLED, buckets)
        save_arrays(folder / ANSWERS, answers)
    if weights:
        save_arrays(folder / WEIGHTS, weights)


def load(folder: Path) -> Student:
    train = load_padded(folder)
    more: dict[str, Any] = {}
    if (folder / UNLABELLED).exists():
        more["answers"] = load_arrays(folder / ANSWERS)
        arrays = load_arrays(folder / UNLABELLED)
        ids, rows = ([arrays[f"{name}-{i}"] for i in range(len(arrays) // 2)] for name in ("ids", "rows"))
        labels = np.zeros(sum(map(len, rows)), np.int16)  # to be drawn
        more["unlabelled"] = Padded(ids, rows, labels, train.names, train.vocabulary)
    if (folder / WEIGHTS).exists():
        more["weights"] = load_arrays(folder / WEIGHTS)
    return Student(**{each.name: getattr(train, each.name) for each in fields(train)}, **more)


def prepare(sizes: Any) -> dict[str, object]:
    return gradient_descent.prepare(sizes)


def fit(task: Task) -> Trained:
    """Train a network, and save it as <path>.keras."""
    from stages.network import saving

    model = gradient_descent.build(task)
    begin(model, task.train.weights, task.training.start)
    kept = descend(model, task)
    saving.save(model, task.path.with_name(f"{task.path.name}.keras"))
    return Trained(task.history.epochs, kept, model.count_params())


def begin(model: "keras.Model", weights: Mapping[str, np.ndarray], source: str | None) -> None:
    """Give a network its first weights: `embedding`, the table of all ids; `forward-1-0`, the first weight
    of the first recurrent layer, `backward-1-0` of the one that reads backwards, if there is one.

    source: the entry of pretrainings that they are from, which a refusal names.
    """
    places = {"embedding": model.get_layer("embedding").embeddings, **recurrent(model)}
    both = any(name.startswith("backward") for name in places)
    for name, array in weights.items():
        if name.startswith("backward") and not both:
            continue
        own = tuple(places[name].shape) if name in places else "none"
        if own != array.shape:
            raise InputError(
                f"start: found {name} of shape {array.shape} in {source}, allowed: {own}, the network's; "
                "give both the same corpus, embedding and units in conf/, or name another start"
            )
        places[name].assign(array)


def recurrent(model: "keras.Model") -> dict[str, Any]:
    """The weights of a network's recurrent layers, by direction, depth and number."""
    from stages.network.backend import keras

    kinds = keras.layers.RNN, keras.layers.Bidirectional
    found: dict[str, Any] = {}
    layers = [layer for layer in model.layers if isinstance(layer, kinds)]
    for depth, layer in enumerate(layers, start=1):
        parts = {"forward": getattr(layer, "forward_layer", layer)}
        if hasattr(layer, "backward_layer"):
            parts["backward"] = layer.backward_layer
        for direction, part in parts.items():
            weights = enumerate(part.weights)
            found |= {f"{direction}-{depth}-{number}": weight for number, weight in weights}
    return found


def descend(model: "keras.Model", task: Task) -> int:
    """Train the network; the epoch whose weights it ends with."""
    from stages.network import fitting
    from stages.network.batches import Batches

    training, train = task.training, task.train
    answers = train.answers[str(task.seed)] if train.answers else None
    learned = train if answers is None else taught(train, answers, task.seed, epoch=0)

    class Lesson(Batches):
        """The teacher's texts have other labels in each epoch, so its probabilities are what is learned."""

        def start(self, epoch: int) -> None:
            if answers is not None:
                self._padded = taught(train, answers, task.seed, epoch)
            super().start(epoch)

    batches = Lesson(learned, training.batch_size, task.seed)
    return fitting.fit(
        model,
        batches,
        Batches(task.held, training.batch_size),
        task.history,
        task.checkpoint,
        optimizer=gradient_descent.optimizer(training, steps=len(batches) * training.epochs),
        loss=smoothed(training.label_smoothing, len(train.names)),
        epochs=training.epochs,
        patience=training.early_stopping and training.early_stopping.patience,
        callbacks=[fitting.Averaged()] if training.average else [],
        class_weight=gradient_descent.balanced(learned) if training.class_weight else None,
    )


def taught(train: Student, answers: np.ndarray, seed: int, epoch: int) -> Padded:
    """The texts that are trained on, and after them the teacher's, with labels drawn from what it says.

    answers: float32[texts, classes]. On average a drawn label has the loss of the probabilities themselves.
    """
    unlabelled = train.unlabelled
    assert unlabelled is not None
    many = len(train.labels)
    uniform = np.random.default_rng([seed, epoch]).random((len(answers), 1))
    drawn = (answers.cumsum(axis=1)[:, :-1] < uniform).sum(axis=1).astype(np.int16)
    part = np.ones(many, dtype=bool) if train.part is None else train.part
    return Padded(
        [*train.ids, *unlabelled.ids],
        [*train.rows, *(rows + many for rows in unlabelled.rows)],
        np.concatenate([train.labels, drawn]),
        train.names,
        train.vocabulary,
        part=np.concatenate([part, np.ones(len(drawn), dtype=bool)]),
    )


def smoothed(share: float, classes: int) -> Any:
    """Cross-entropy with labels of which a share is spread over all classes."""
    from stages.network.backend import keras

    if classes == 2:
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=share)

    def loss(labels: Any, logits: Any) -> Any:
        certain = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), classes)
        return keras.losses.categorical_crossentropy(certain, logits, from_logits=True, label_smoothing=share)

    return loss
