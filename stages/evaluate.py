"""Trained models + both splits -> metrics of a recipe.

In: data/models/<recipe>/, the corpus's arrays. Out: reports/metrics/<recipe>.json;
reports/confusion/<recipe>.csv (of the first seed); reports/slices/<recipe>.csv (accuracy by length and by
share of unknown tokens); data/predictions/<recipe>.csv (a row per seed and test text);
data/compared/<experiment>/<recipe>.json, what the comparison shows.

Example: python -m stages.evaluate demo-lstm
"""

import json
from typing import Any

import numpy as np

from stages.artifacts.padded import load_padded
from stages.artifacts.storage import refusing
from stages.evaluation import report
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import confusion, probabilities, scores
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.study import stage

REPORTS = ROOT / "reports"


def main(name: str, params: dict[str, Any]) -> None:
    recipe = params["recipes"][name]
    folder = ROOT / "data" / "models" / name
    with refusing(folder / "training.json"):
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    test, train = (load_padded(ROOT / "data" / "padded" / recipe["corpus"] / s) for s in ("test", "train"))
    labels = facts["labels"]
    if labels != test.names:
        raise InputError(
            f"{name}: trained for labels {labels}, the test split has {test.names}; train it again"
        )
    probable, fitted = {}, []
    paths = [folder / "seeds" / f"{seed}.keras" for seed in facts["seeds"]]
    for seed, model in zip(facts["seeds"], each(paths, facts["architecture"]), strict=True):
        probable[seed] = probabilities(logits(model, test))
        part = report.trained_on(train.labels, facts["validation"], int(seed))
        fitted.append(report.fit(model, train, part))
    tested = [scores(shares, test.labels) for shares in probable.values()]
    history = report.history(folder / "history.csv")
    right = np.mean([shares.argmax(axis=1) == test.labels for shares in probable.values()], axis=0)
    result = {
        "recipe": name,
        "metrics": report.metrics(facts, history, tested, fitted),
        "history": {column: [float(row[column]) for row in history] for column in history[0]},
        "labels": labels,
        "confusion": confusion(next(iter(probable.values())), test.labels).tolist(),
        "slices": report.sliced(right, test),
        "watched": "test" if facts["validation"] == "test" else "held out",
    }
    write(result, recipe["experiment"])
    rows = report.predictions(probable, test.labels, labels)
    header = ["seed", "label", "predicted", *labels]
    files.write_csv(ROOT / "data" / "predictions" / f"{name}.csv", header, rows)


def write(result: dict[str, Any], experiment: str) -> None:
    """The result in files of its own for DVC and for people, and whole for the comparison."""
    name, labels, counts = result["recipe"], result["labels"], result["confusion"]
    files.write_json(REPORTS / "metrics" / f"{name}.json", result["metrics"])
    cells = ([a, p, counts[i][j]] for i, a in enumerate(labels) for j, p in enumerate(labels))
    files.write_csv(REPORTS / "confusion" / f"{name}.csv", ["actual", "predicted", "texts"], cells)
    rows = (
        [by, f"{low:.4g}", f"{high:.4g}", texts, f"{accuracy:.6f}"]
        for by, groups in result["slices"].items()
        for low, high, texts, accuracy in groups
    )
    files.write_csv(REPORTS / "slices" / f"{name}.csv", ["by", "low", "high", "texts", "accuracy"], rows)
    files.write_json(ROOT / "data" / "compared" / experiment / f"{name}.json", result)


if __name__ == "__main__":
    stage.run("recipes", main, "versions")
