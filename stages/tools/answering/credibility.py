"""Whether the probabilities of a recipe mean anything, once `evaluate` has calibrated them.

Where a model classifies every text right that it held out, no temperature is the best one: the lower it is,
the surer is the model, and the lower the loss, until all probabilities are 1. `evaluate` then takes 1, which
changes nothing; where all but very few are right, it may end at the lowest that it allows.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.storage import refusing
from stages.evaluation.metrics import probabilities
from stages.evaluation.report import trained_on

# those of stages/evaluation/calibration.py, whose import takes half a second; a search ends close to a limit
COOLEST, HOTTEST = 0.05, 20.0
LOWEST, HIGHEST = 1.01 * COOLEST, 0.99 * HOTTEST
NOTHING_HELD_OUT = "test"  # as `validation`: curves are those of the test split, which calibrates nothing
NEUTRAL = 1.0  # the temperature that changes nothing


def logits_of(data: Path, recipe: str, experiment: str) -> Path:
    """The file in which `evaluate` keeps what models say of the training split."""
    return data / "logits" / "train" / experiment / f"{recipe}.npz"


def too_sure(temperatures: Mapping[str, float], validation: Any, logits: Path) -> list[str]:
    """The seeds whose models classify all held-out texts right, or all but too few for a temperature.

    validation: as in training.json; logits: `logits_of` the recipe; if it is missing, the temperatures alone
    tell.
    """
    return [
        seed
        for seed, degree in temperatures.items()
        if degree <= LOWEST
        or (degree == NEUTRAL and (not logits.exists() or faultless(logits, validation, seed)))
    ]


def too_unsure(temperatures: Mapping[str, float]) -> list[str]:
    """The seeds whose models are so often wrong about held-out texts that no temperature is high enough."""
    return [seed for seed, degree in temperatures.items() if degree >= HIGHEST]


def faultless(logits: Path, validation: Any, seed: str) -> bool:
    """Whether a seed's model classifies every text right that it held out."""
    with refusing(logits), np.load(logits, allow_pickle=False) as arrays:
        labels, answers = arrays["labels"], arrays[seed]
    held = ~trained_on(labels, validation, int(seed))
    return bool((probabilities(answers[held]).argmax(axis=1) == labels[held]).all())


def doubt(temperatures: Mapping[str, float], validation: Any, logits: Path) -> str | None:
    """Why probabilities should not be believed, if that is so; the arguments are those of `too_sure`."""
    if validation == NOTHING_HELD_OUT:
        return "probabilities are not calibrated, as no text was held out for that: a threshold means little"
    if too_sure(temperatures, validation, logits):
        return (
            "probabilities are not calibrated, as too few of the held-out texts, or none, were classified "
            "wrong, so a threshold means little"
        )
    if too_unsure(temperatures):
        return (
            "probabilities are not calibrated, as the highest temperature allowed was taken: the model knows "
            "little about the held-out texts, and a threshold means little"
        )
    return None


def doubt_of(
    name: str,
    recipe: Mapping[str, Any],
    training: Mapping[str, Any],
    temperatures: Mapping[str, float],
    seeds: Collection[str],
    data: Path,
) -> str | None:
    """The same of some seeds of a recipe. training: its training.json; data: the folder."""
    logits = logits_of(data, name, recipe.get("experiment", ""))
    used = {seed: degree for seed, degree in temperatures.items() if seed in seeds}
    return doubt(used, training.get("validation"), logits)
