"""Linear models on counts of n-grams, or of any ids, by scikit-learn's solvers: the baselines.

A model is `scale`, `weights`, `bias` and `parts` in an .npz file: a text's counts times `scale`, brought to
length 1 (words and characters each), times `weights`, plus `bias`, are its logits. No TensorFlow is imported.
"""

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import sparse
from scipy.special import log_softmax

from stages.artifacts.padded import Padded, load_padded
from stages.artifacts.storage import load_arrays, save_arrays
from stages.artifacts.task import Task, Trained
from stages.artifacts.validation import Validation
from stages.runtime.config import config

BUILDS = "estimator"  # the function that its architectures have
UNKNOWN = 1  # the id of whatever is not in the vocabulary, which counts for nothing


@config
class Training:
    """class_weight: "balanced" weighs each text by texts / (classes * texts of its class), as networks'
    trainings do; where each label is told from the rest, the rest's texts by their own labels."""

    epochs: ClassVar[int] = 1  # a row of history: the solver's result

    kind: Literal["linear"]
    validation: Validation
    class_weight: Literal["balanced"] | None = None

    def check(self, key: str, mend: str = "mend it") -> None:
        """There is nothing that could not be together."""


@dataclass(frozen=True)
class Parted(Padded):
    """parts: the first id of each part of the vocabulary after its first, as of characters after words."""

    parts: tuple[int, ...] = ()

    @property
    def own(self) -> np.ndarray:
        """int64[texts]: the rows of the split whose texts belong, ascending."""
        return np.arange(len(self.labels)) if self.part is None else np.flatnonzero(self.part)


@dataclass(frozen=True)
class Linear:
    """scale: float32[vocabulary]; weights: float32[vocabulary, outputs]; bias: float32[outputs]; parts:
    int64[parts - 1], as those of `Parted`."""

    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    parts: np.ndarray

    def logits(self, padded: Padded) -> np.ndarray:
        """float32[texts, outputs], in the split's order; 0 for a text that is not of the part."""
        features = scaled(counted(padded), self.scale, self.parts.tolist())
        outputs: np.ndarray = features @ self.weights + self.bias
        return outputs


def load(folder: Path) -> Parted:
    """A split; parts.json is there if its vocabulary has parts."""
    split, path = load_padded(folder), folder / "parts.json"
    parts = tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()
    return Parted(**{each.name: getattr(split, each.name) for each in fields(split)}, parts=parts)


def prepare(sizes: Any) -> dict[str, object]:
    """What results depend on: the library. Its solvers here run on one thread."""
    import sklearn

    return {"backend": f"scikit-learn {sklearn.__version__}", "threads": 1}


def fit(task: Task) -> Trained:
    """Train a linear model and save it as <path>.npz."""
    began = time.perf_counter()
    model = solved(task)
    trained = time.perf_counter() - began
    measures = {}
    for prefix, part in (("", task.train), ("val_", task.held)):
        measures[f"{prefix}accuracy"], measures[f"{prefix}loss"] = measured(model, part)
    task.history.add(measures, time.perf_counter() - began, trained)
    save_arrays(task.path.with_name(f"{task.path.name}.npz"), asdict(model))
    return Trained(1, 1, int(np.count_nonzero(model.weights)) + model.bias.size)


def read(path: Path) -> Linear:
    """A model that `fit` saved."""
    return Linear(**load_arrays(path))


def solved(task: Task) -> Linear:
    """The model of a training's texts, as its sizes say: weighed, brought to length 1, times the ratios."""
    from sklearn.utils.class_weight import compute_sample_weight
    from threadpoolctl import threadpool_limits

    sizes, train = task.sizes, task.train
    counts, labels = counted(train)[train.own], train.labels[train.own]
    scale = inverse_frequencies(counts) if sizes.weighting == "tfidf" else np.ones(train.vocabulary)
    features = scaled(counts, scale.astype(np.float32), train.parts).astype(np.float64)
    weighing = task.training.class_weight
    each = compute_sample_weight(weighing, labels) if weighing else None
    with threadpool_limits(1):
        if sizes.ratio is None:
            estimator = task.architecture.estimator(sizes, task.seed)
            weights, bias = task.architecture.weights(estimator.fit(features, labels, each))
        else:
            targets = [1] if len(train.names) == 2 else range(len(train.names))
            parts = [_against_the_rest(task, counts, features, labels == label, each) for label in targets]
            weights, bias = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    scale, weights, bias = (array.astype(np.float32) for array in (scale, weights, bias))
    return Linear(scale, weights, bias, np.array(train.parts, dtype=np.int64))


def _against_the_rest(
    task: Task,
    counts: sparse.csr_matrix,
    features: sparse.csr_matrix,
    positive: np.ndarray,
    each: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of one label against the rest, on features times their ratios.

    positive: bool[texts]; each: float64[texts], how much each text weighs; None: all the same.
    """
    ratios = log_ratios(counts, positive, task.sizes.ratio)
    estimator = task.architecture.estimator(task.sizes, task.seed)
    solution = estimator.fit(features.multiply(ratios).tocsr(), positive, each)
    weights, bias = task.architecture.weights(solution)
    return weights * ratios[:, None], bias


def counted(padded: Padded) -> sparse.csr_matrix:
    """How often each id is in each text, float32[texts, vocabulary], in the split's order; a text that is not
    of the part has none."""
    rows, ids = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    for own, bucket, at in zip(padded.rows, padded.ids, padded.lines, strict=True):
        some = np.asarray(bucket[at])
        line, place = np.nonzero(some > UNKNOWN)
        rows.append(own[at][line])
        ids.append(some[line, place])
    ones = np.ones(sum(map(len, ids)), np.float32)
    shape = len(padded.labels), padded.vocabulary
    return sparse.csr_matrix((ones, (np.concatenate(rows), np.concatenate(ids))), shape)


def scaled(counts: sparse.csr_matrix, scale: np.ndarray, parts: Sequence[int] = ()) -> sparse.csr_matrix:
    """Counts times the scale of their ids, each text then of length 1 in every part of the vocabulary; one
    without ids stays 0."""
    from sklearn.preprocessing import normalize

    features = counts.multiply(scale[None, :]).tocsr()
    if not parts:
        return normalize(features)
    edges = [0, *parts, features.shape[1]]
    columns = features.tocsc()
    return sparse.hstack(
        [normalize(columns[:, start:end].tocsr()) for start, end in itertools.pairwise(edges)], format="csr"
    )


def inverse_frequencies(counts: sparse.csr_matrix) -> np.ndarray:
    """float64[vocabulary]: log((1 + texts) / (1 + texts with the id)) + 1, as scikit-learn has it."""
    from sklearn.feature_extraction.text import TfidfTransformer

    found: np.ndarray = TfidfTransformer().fit(counts).idf_
    return found


def log_ratios(counts: sparse.csr_matrix, positive: np.ndarray, smoothing: float) -> np.ndarray:
    """For each id how much more often it is in the texts of a label than in the others: float64[vocabulary]
    (Wang & Manning 2012). Each text counts once.

    positive: bool[texts].
    """
    present = (counts > 0).astype(np.float64)
    ours, others = (smoothing + np.asarray(present[rows].sum(axis=0))[0] for rows in (positive, ~positive))
    ratios: np.ndarray = np.log(ours / ours.sum()) - np.log(others / others.sum())
    return ratios


def measured(model: Linear, part: Parted) -> tuple[float, float]:
    """Accuracy and cross-entropy of the texts of a part."""
    logits, labels = model.logits(part)[part.own].astype(np.float64), part.labels[part.own]
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    losses = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return float((logits.argmax(axis=1) == labels).mean()), float(losses.mean())
