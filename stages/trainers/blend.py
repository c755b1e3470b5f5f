"""Ensembles: how much each of several recipes counts, by the cross-entropy of texts that all of them held
out (stacked generalization, Wolpert 1992).

A model is `members` and `weights` in an .npz file. Its input is what the members say of the training split:
`evaluate` writes data/logits/train/<experiment>/<recipe>.npz, with `labels`, `names` and, by seed,
float32[texts, outputs].
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from stages.artifacts.storage import load_arrays, save_arrays
from stages.artifacts.task import Task, Trained
from stages.artifacts.validation import Validation
from stages.runtime.config import config, refusal

BUILDS = "combine"


@config
class Training:
    epochs: ClassVar[int] = 1  # a row of history: the best weights

    kind: Literal["blend"]
    validation: Validation

    def check(self, key: str, mend: str = "mend it") -> None:
        """Refuse weights that the test split would choose."""
        if self.validation == "test":
            raise refusal(f"{key}.validation", "test", "a fraction, which all members hold out", mend)


@dataclass(frozen=True)
class Members:
    """What the members say of a split: by name and seed, float32[texts, outputs].

    labels: int16[texts]; names: the label names; part: which texts belong, bool[texts], all if None.
    """

    logits: Mapping[str, Mapping[str, np.ndarray]]
    labels: np.ndarray
    names: list[str]
    part: np.ndarray | None = None
    tokens: int = 0  # its members read them
    tokenizer: str = ""
    pad: dict[str, Any] = field(default_factory=dict)

    def take(self, part: np.ndarray) -> "Members":
        return replace(self, part=part)

    def of(self, seed: int | str) -> list[np.ndarray]:
        """The members' logits of the part, of one seed's models."""
        rows = slice(None) if self.part is None else self.part
        return [answers[str(seed)][rows] for answers in self.logits.values()]


@dataclass(frozen=True)
class Ensemble:
    """members: names of recipes; weights: float64[members]."""

    members: np.ndarray
    weights: np.ndarray


def load(folder: Path) -> Members:
    answers = {path.stem: load_arrays(path) for path in sorted(folder.glob("*.npz"))}
    first = next(iter(answers.values()))
    return Members(answers, first["labels"], first["names"].tolist())


def read(path: Path) -> Ensemble:
    """A model that `fit` saved."""
    return Ensemble(**load_arrays(path))


def prepare(sizes: Any) -> dict[str, object]:
    """What results depend on: the library that finds the weights."""
    import scipy

    return {"backend": f"SciPy {scipy.__version__}", "threads": 1}


def fit(task: Task) -> Trained:
    """Find the weights on what was held out, and save them as <path>.npz."""
    began = time.perf_counter()
    held, labels = task.held.of(task.seed), task.held.labels[task.held.part]
    weights = best(held, labels)
    measures = {}
    for prefix, part in (("", task.train), ("val_", task.held)):
        logits = task.architecture.combine(part.of(task.seed), weights)
        measures[f"{prefix}accuracy"], measures[f"{prefix}loss"] = measured(logits, part.labels[part.part])
    seconds = time.perf_counter() - began
    task.history.add(measures, seconds, seconds)
    members = np.array([*task.train.logits])
    save_arrays(task.path.with_name(f"{task.path.name}.npz"), {"members": members, "weights": weights})
    return Trained(1, 1, int(np.count_nonzero(weights)))


def best(logits: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """The weights, none below 0, with the lowest cross-entropy: float64[members]. There is one such choice,
    as the loss is convex, and a weight is also a member's temperature.

    logits: of each member float32[texts, outputs]; labels: int16[texts].
    """
    stacked = np.stack([classes(each) for each in logits]).astype(np.float64)
    targets = np.eye(stacked.shape[2])[labels]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logarithms = log_softmax(np.tensordot(weights, stacked, 1), axis=1)
        gradient = np.einsum("tc,mtc->m", np.exp(logarithms) - targets, stacked)
        return -float((logarithms * targets).sum()) / len(labels), gradient / len(labels)

    start = np.full(len(logits), 1 / len(logits))
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(logits))
    weights: np.ndarray = result.x.round(6)
    return weights


def classes(logits: np.ndarray) -> np.ndarray:
    """float[texts, 1], of the second of two classes, as float[texts, 2]."""
    return np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits


def measured(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and cross-entropy."""
    logits = classes(logits).astype(np.float64)
    losses = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return float((logits.argmax(axis=1) == labels).mean()), float(losses.mean())
