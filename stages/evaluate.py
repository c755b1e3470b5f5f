"""Trained models + both splits -> metrics of a recipe.

In: data/models/<recipe>/, the corpus's arrays. Out: reports/metrics/<recipe>.json;
reports/confusion/<recipe>.csv (of the first seed); reports/slices/<recipe>.csv (accuracy by length and by
share of unknown tokens); data/predictions/<recipe>.csv (a row per seed and test text);
data/calibrations/<recipe>.json (each seed's temperature); data/compared/<experiment>/<recipe>.json, what the
comparison shows.

Example: python -m stages.evaluate demo-lstm
"""

import json
from typing import Any, NamedTuple

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import load_padded
from stages.artifacts.storage import refusing
from stages.evaluation import calibration, report
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import confusion, probabilities, scores
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.study import stage

REPORTS = ROOT / "reports"


class Answers(NamedTuple):
    """A model's logits of both splits: float32[texts, outputs] each."""

    test: np.ndarray
    train: np.ndarray


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
    answers = {
        seed: Answers(logits(model, test), logits(model, train))
        for seed, model in zip(facts["seeds"], each(folder, facts), strict=True)
    }
    parts = {seed: report.trained_on(train.labels, facts["validation"], int(seed)) for seed in answers}
    probable = {seed: probabilities(answer.test) for seed, answer in answers.items()}
    fitted = [
        report.fit(answer.train[parts[seed]], train.labels[parts[seed]]) for seed, answer in answers.items()
    ]
    temperatures = {
        seed: calibration.temperature(answer.train[~parts[seed]], train.labels[~parts[seed]])
        for seed, answer in answers.items()
        if facts["validation"] != "test"  # which may choose nothing
    }
    calibrated = [probabilities(answers[seed].test / degree) for seed, degree in temperatures.items()]
    shares = [*probable.values()]
    history = report.history(folder / "history.csv")
    right = np.array([each.argmax(axis=1) == test.labels for each in shares])
    result = {
        "recipe": name,
        "metrics": report.metrics(
            facts,
            history,
            [scores(each, test.labels) for each in shares],
            fitted,
            [scores(each, test.labels) for each in calibrated],
        ),
        "history": {column: [float(row[column]) for row in history] for column in history[0]},
        "labels": labels,
        "confusion": confusion(shares[0], test.labels).tolist(),
        "slices": report.sliced(right.mean(axis=0), test),
        "watched": "test" if facts["validation"] == "test" else "held out",
        "right": [np.packbits(row).tobytes().hex() for row in right],
        "reliability": [calibration.reliability(some, test.labels) for some in (shares, calibrated) if some],
        "coverage": calibration.coverage(calibrated or shares, test.labels),
    }
    write(result, recipe["experiment"])
    with refusing(folder / provenance.FILE):
        key = json.loads((folder / provenance.FILE).read_text(encoding="utf-8"))["key"]
    found = {"key": key, "temperatures": temperatures}
    files.write_json(ROOT / "data" / "calibrations" / f"{name}.json", found)
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
