"""Made-up reports of recipes, for the tests of what is shown of them."""

import dataclasses
from typing import Any

from stages.lib.results import Result
from stages.lib.style import Figures

STYLE = Figures(width=9.0, font_size=10, colors="tab10", grid=True)
SAID = ["watched", "duplicates", "against", "line", "x"]  # by the comparison, not by the recipe's reports
TIMES: dict[str, Any] = {
    "seconds_per_epoch": 1.25,
    "total_seconds": 5.0,
    "tokens_per_second": 40_000,
    "peak_memory_mib": 700,
    "processor": "a processor & more",
    "backend": "none",
}


def result(recipe: str = "lstm", **changes: Any) -> Result:
    """A recipe's reports: 100 test texts, 85 of them right."""
    made = Result(
        recipe=recipe,
        metrics={
            "test.accuracy": 0.85,
            "test.loss": 0.4,
            "test.auc": 0.9,
            "test.f1": 0.8421,
            "test.ece": 0.05,
            "sd.accuracy": 0.02,
            "training.accuracy": 0.95,
            "training.loss": 0.25,
            "validation.accuracy": 0.875,
            "validation.loss": 0.3,
            "parameters": 171149,
            "epochs": 3,
            "seeds": 2,
        },
        history={
            "seed": [42.0, 42.0, 42.0, 43.0, 43.0, 43.0],
            "epoch": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
            "accuracy": [0.5, 0.8, 0.9, 0.6, 0.7, 0.9],
            "loss": [0.7, 0.5, 0.3, 0.8, 0.6, 0.5],
            "val_accuracy": [0.5, 0.7, 0.8, 0.6, 0.5, 0.9],
            "val_loss": [0.7, 0.6, 0.5, 0.7, 0.4, 0.7],
        },
        labels=["no", "yes"],
        confusion=[[45, 5], [10, 40]],
        slices={
            "length": [[1.0, 20.0, 50.0, 0.9], [21.0, 60.0, 50.0, 0.8]],
            "oov_rate": [[0.0, 0.1, 100.0, 0.85]],
        },
        watched="held out",
        duplicates="kept",
    )
    return dataclasses.replace(made, **changes)


def said(shown: Result) -> dict[str, Any]:
    """What params.yaml's pipeline says of a recipe in a comparison."""
    return {key: getattr(shown, key) for key in (SAID if shown.against else SAID[:2])}


def scored(recipe: str, right: int, texts: int = 100) -> Result:
    """A recipe that got `right` of `texts` right."""
    confusion = [[right, texts - right], [0, 0]]
    return result(recipe, metrics=result().metrics | {"test.accuracy": right / texts}, confusion=confusion)


def three(recipe: str = "lstm") -> Result:
    return result(recipe, labels=["arts", "sport", "world"], confusion=[[30, 2, 1], [0, 33, 0], [5, 5, 24]])


def many(count: int) -> list[Result]:
    return [scored(f"recipe-{i}", 40 + i) for i in range(count)]
