"""Recipes in the order of what they are worth on texts of the training split that they held out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.storage import load_arrays, refusing
from stages.evaluation.metrics import probabilities
from stages.evaluation.report import trained_on
from stages.reporting.comparison import wilson
from stages.runtime.wording import percent
from stages.tools.answering.credibility import logits_of

BY = {"accuracy": -1, "macro-f1": -1, "auc": -1, "loss": 1}  # 1: the lowest is the best
NAMES = {"accuracy": "accuracy", "macro-f1": "macro-F1", "auc": "AUC", "loss": "loss"}
LARGEST = 2 / 3  # of the texts: a label with more hides the others in an accuracy
DRAWS = 2000  # of a bootstrap
FEW = 1000  # training texts: with fewer, one held-out tenth says little
SMALLEST = 1 / 5  # of an even share: a label with less is hidden


@dataclass(frozen=True)
class HeldOut:
    """What a recipe's models, one for each seed, are worth on texts that they held out: on the answers of all
    of them together; of AUC, whose scores are comparable within a model only, the mean over the seeds
    (Forman & Scholz 2010).

    measures: by the keys of BY; the loss is the cross-entropy in nats, not calibrated. texts: how many
    different ones were held out, per_seed: how many by a seed's model; all: how many the training split has.
    right: int64[texts of the training split, 2], how often each was held out, and answered right then.
    """

    recipe: str
    measures: Mapping[str, float]
    texts: int
    per_seed: int
    all: int
    right: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int64), compare=False)


def measure(text: str) -> str:
    """A key of BY, spelled as on the command line or as in conf/: "macro_f1" -> "macro-f1"."""
    return text.replace("_", "-")


def choosing(experiment: Mapping[str, Any], asked: str | None = None) -> str:
    """What ranks an experiment's recipes, of BY: what a person asks for, or else what its entry says."""
    return measure(asked or experiment.get("choose_by") or "accuracy")


def held_out(recipe: str, experiment: str, data: Path) -> HeldOut | None:
    """From what `evaluate` left in the folder `data`; None of a recipe that holds out nothing.

    Raises InputError if a file is missing or damaged.
    """
    path = data / "models" / recipe / "training.json"
    with refusing(path):
        validation = json.loads(path.read_text(encoding="utf-8"))["validation"]
    if validation == "test":
        return None
    arrays = load_arrays(logits_of(data, recipe, experiment))
    labels = arrays.pop("labels")
    del arrays["names"]  # the others are logits, by seed
    held = {seed: ~trained_on(labels, validation, int(seed)) for seed in arrays}
    answered = {seed: probabilities(logits[held[seed]]) for seed, logits in arrays.items()}
    measures = scores(
        np.concatenate([*answered.values()]), np.concatenate([labels[held[seed]] for seed in answered])
    )
    measures["auc"] = float(np.mean([area(answered[seed], labels[held[seed]]) for seed in answered]))
    right = np.zeros((len(labels), 2), np.int64)
    for seed, probable in answered.items():
        right[held[seed], 0] += 1
        right[held[seed], 1] += probable.argmax(axis=1) == labels[held[seed]]
    return HeldOut(
        recipe,
        measures,
        int((right[:, 0] > 0).sum()),
        max(int(rows.sum()) for rows in held.values()),
        len(labels),
        right,
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
        "auc": area(probable, labels),
        "loss": float(log_loss(labels, probable, labels=range(probable.shape[1]))),
    }


def area(probable: np.ndarray, labels: np.ndarray) -> float:
    """The area under the ROC curve of one label against the rest, the mean over the labels that are there."""
    from sklearn.metrics import roc_auc_score

    return float(np.mean([roc_auc_score(labels == label, probable[:, label]) for label in np.unique(labels)]))


def ranked(rows: Sequence[HeldOut], by: str) -> list[HeldOut]:
    """The best first; of equals the one with the lower loss, then the one that comes first."""
    return sorted(rows, key=lambda row: (BY[by] * row.measures[by], row.measures["loss"]))


def table(rows: Sequence[HeldOut]) -> Iterator[str]:
    width = max(len(row.recipe) for row in rows)
    yield f"  {'recipe':{width}}  held out, %  macro-F1    AUC   loss"
    for row in rows:
        accuracy, f1, auc, loss = (row.measures[name] for name in BY)
        yield f"  {row.recipe:{width}}  {100 * accuracy:11.1f}  {f1:8.3f}  {auc:5.3f}  {loss:5.3f}"


def half_width(accuracy: float, texts: int) -> float:
    """Half of the 95 % confidence interval of an accuracy that so many texts gave."""
    low, high = wilson(accuracy * texts, texts)
    return (high - low) / 2


def uncertain(best: HeldOut) -> str:
    """How far the ranking can be trusted."""
    points = 100 * half_width(best.measures["accuracy"], best.texts)
    advice = "" if best.texts > best.all / 2 else " More `seeds` in its file hold out more of them."
    return (
        f"Monte Carlo cross-validation: each seed's model holds out {best.per_seed} of the {best.all:,} "
        f"training texts, drawn at random, all seeds together {best.texts} different ones. The accuracies "
        f"below are uncertain by ± {points:.0f} points (95 %), and so is their order.{advice}"
    )


def behind(best: HeldOut, other: HeldOut) -> tuple[float, float]:
    """How far a recipe's accuracy is behind another's on the same held-out texts: the ends of a 95 %
    interval, by a bootstrap over the texts.

    Both have held out the same texts equally often.
    """
    held = best.right[:, 0] > 0
    times, lost = best.right[held, 0], best.right[held, 1] - other.right[held, 1]
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(times), np.full(len(times), 1 / len(times)), DRAWS)
    low, high = np.quantile((drawn @ lost) / (drawn @ times), [0.025, 0.975])
    return float(low), float(high)


def undecided(rows: Sequence[HeldOut]) -> str | None:
    """Which recipes may be as accurate as the first one; None if there is none to compare it with."""
    best, *others = rows
    alike = [row for row in others if np.array_equal(row.right[:, 0], best.right[:, 0])]
    if not alike or not best.texts or not len(best.right):
        return None
    names = [row.recipe for row in alike if behind(best, row)[0] <= 0]
    phrase = f"shown to be less accurate than {best.recipe} on the texts held out (bootstrap over them, 95 %)"
    if not names:
        return f"All the others are {phrase}."
    return f"Not {phrase}: {', '.join(names)}. So few texts cannot tell which of these is best."


def imbalance(labels: np.ndarray, names: Sequence[str], by: str) -> str | None:
    """A line if an accuracy hides some labels. labels: int[texts]."""
    shares = np.bincount(labels, minlength=len(names)) / len(labels)
    most, least = int(shares.argmax()), int(shares.argmin())
    if shares[most] <= LARGEST and shares[least] >= SMALLEST / len(names):
        return None
    advice = "" if by == "macro-f1" else "; --by macro-f1 ranks by the mean over the labels"
    return (
        f"The labels are imbalanced: {names[most][:40]!r} has {percent(shares[most])} of the texts, "
        f"{names[least][:40]!r} {percent(shares[least])}. An accuracy hides how good a model is at rare "
        f"ones{advice}."
    )
