"""Recipes in the order of what they are worth on texts of the training split that they held out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.artifacts.storage import load_arrays, refusing
from stages.evaluation.metrics import probabilities
from stages.evaluation.report import trained_on
from stages.tools.fit.folds import half_width

BY = {"accuracy": -1, "macro-f1": -1, "loss": 1}  # 1: the lowest is the best
NAMES = {"accuracy": "accuracy", "macro-f1": "macro-F1", "loss": "loss"}
LARGEST = 2 / 3  # of the texts: a label with more hides the others in an accuracy
SMALLEST = 1 / 5  # of an even share: a label with less is hidden


@dataclass(frozen=True)
class HeldOut:
    """What a recipe's models, one for each seed, are worth on texts that they held out: means over the seeds.

    measures: by the keys of BY; the loss is the cross-entropy in nats, not calibrated. texts: how many
    different ones were held out, each: how many by one model; all: how many the training split has.
    """

    recipe: str
    measures: Mapping[str, float]
    texts: int
    each: int
    all: int


def held_out(recipe: str, experiment: str, data: Path) -> HeldOut | None:
    """From what `evaluate` left in the folder `data`; None of a recipe that holds out nothing.

    Raises InputError if a file is missing or damaged.
    """
    path = data / "models" / recipe / "training.json"
    with refusing(path):
        validation = json.loads(path.read_text(encoding="utf-8"))["validation"]
    if validation == "test":
        return None
    arrays = load_arrays(data / "logits" / "train" / experiment / f"{recipe}.npz")
    labels = arrays.pop("labels")
    del arrays["names"]  # the others are logits, by seed
    held = {seed: ~trained_on(labels, validation, int(seed)) for seed in arrays}
    measured = [
        scores(probabilities(logits[held[seed]]), labels[held[seed]]) for seed, logits in arrays.items()
    ]
    return HeldOut(
        recipe,
        {name: float(np.mean([each[name] for each in measured])) for name in BY},
        int(np.any([*held.values()], axis=0).sum()),
        max(int(rows.sum()) for rows in held.values()),
        len(labels),
    )


def scores(probable: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """By the keys of BY. A label that is neither there nor predicted is not in macro-F1's mean.

    probable: float64[texts, labels]; labels: int[texts].
    """
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    answers = probable.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(labels, answers)),
        "macro-f1": float(f1_score(labels, answers, average="macro", zero_division=0)),
        "loss": float(log_loss(labels, probable, labels=range(probable.shape[1]))),
    }


def ranked(rows: Sequence[HeldOut], by: str) -> list[HeldOut]:
    """The best first; of equals the one with the lower loss, then the one that comes first."""
    return sorted(rows, key=lambda row: (BY[by] * row.measures[by], row.measures["loss"]))


def table(rows: Sequence[HeldOut]) -> Iterator[str]:
    width = max(len(row.recipe) for row in rows)
    yield f"  {'recipe':{width}}  held out, %  macro-F1   loss"
    for row in rows:
        accuracy, f1, loss = (row.measures[name] for name in ("accuracy", "macro-f1", "loss"))
        yield f"  {row.recipe:{width}}  {100 * accuracy:11.1f}  {f1:8.3f}  {loss:5.3f}"


def uncertain(best: HeldOut) -> str:
    """How far the ranking can be trusted."""
    points = 100 * half_width(best.measures["accuracy"], best.texts)
    return (
        f"A model holds out {best.each} of the {best.all:,} training texts, those of all seeds {best.texts}: "
        f"the accuracies below are uncertain by ± {points:.0f} points (95 %), and so is their order."
    )


def imbalance(labels: np.ndarray, names: Sequence[str], by: str) -> str | None:
    """A line if an accuracy hides some labels. labels: int[texts]."""
    shares = np.bincount(labels, minlength=len(names)) / len(labels)
    most, least = int(shares.argmax()), int(shares.argmin())
    if shares[most] <= LARGEST and shares[least] >= SMALLEST / len(names):
        return None
    advice = "" if by == "macro-f1" else "; --by macro-f1 ranks by the mean over the labels"
    return (
        f"The labels are imbalanced: {names[most][:40]!r} has {shares[most]:.1%} of the texts, "
        f"{names[least][:40]!r} {shares[least]:.1%}. An accuracy hides how good a model is at rare "
        f"ones{advice}."
    )
