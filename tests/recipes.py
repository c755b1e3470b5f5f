"""Made-up results of recipes, for the tests of what is shown of them."""

import dataclasses
from typing import Any

from stages.reporting.comparison import Result
from stages.reporting.style import Figures

STYLE = Figures(width=9.0, font_size=10, colors="petroff10", grid=True)
METRICS: dict[str, Any] = {
    "test": {"accuracy": 0.85, "loss": 0.4, "auc": 0.9, "f1": 0.8421, "ece": 0.05},
    "sd": {"accuracy": 0.02},
    "calibrated": {"loss": 0.35, "ece": 0.01},
    "training": {"accuracy": 0.95, "loss": 0.25},
    "validation": {"accuracy": 0.875, "loss": 0.3},
    "running": {"accuracy": 0.925, "loss": 0.275},
    "parameters": 171149,
    "epochs": 3,
    "seeds": 2,
}


def result(recipe: str = "lstm", **changes: Any) -> Result:
    """A recipe's result: 100 test texts, 85 of them right."""
    made = Result(
        recipe=recipe,
        metrics=METRICS,
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
        right=["ff" * 10 + "f8" + "00" + "00"] * 2,
        reliability=[[[0.6, 0.5, 80], [0.9, 0.95, 120]], [[0.55, 0.5, 80], [0.96, 0.95, 120]]],
        coverage=[[0.5, 0.9, 0.95], [1.0, 0.5, 0.85]],
        duplicates="kept",
        name=recipe,
    )
    return dataclasses.replace(made, **changes)


def scored(recipe: str, right: int, texts: int = 100, **changes: Any) -> Result:
    """A recipe that got `right` of `texts` right."""
    test = METRICS["test"] | {"accuracy": right / texts}
    confusion = [[right, texts - right], [0, 0]]
    return result(recipe, metrics=METRICS | {"test": test}, confusion=confusion, **changes)


def once(recipe: str) -> Result:
    """A recipe trained with a single seed."""
    metrics = {key: value for key, value in METRICS.items() if key != "sd"}
    history = {column: values[:3] for column, values in result().history.items()}
    return result(recipe, metrics=metrics | {"seeds": 1}, history=history)


def three(recipe: str = "lstm") -> Result:
    return result(recipe, labels=["arts", "sport", "world"], confusion=[[30, 2, 1], [0, 33, 0], [5, 5, 24]])


def many(count: int) -> list[Result]:
    return [scored(f"recipe-{i}", 40 + i) for i in range(count)]
