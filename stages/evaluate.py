"""Trained models + both splits -> metrics of a recipe.

In: data/models/<recipe>/, the corpus's arrays. Out: reports/metrics/<recipe>.json;
reports/confusion/<recipe>.csv (of the first seed); reports/slices/<recipe>.csv (accuracy by length and by
share of unknown tokens); data/predictions/<recipe>.csv (a row per seed and test text, not calibrated);
data/calibrations/<recipe>.json (each seed's temperature); data/logits/<split>/<experiment>/<recipe>.npz, for
ensembles; reports/compared/<experiment>/<recipe>.json, what the comparison shows: in Git, so that figures
and tests of differences can be made anew without training anything.

Example: python -m stages.evaluate demo-lstm
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import Padded, load_padded
from stages.artifacts.storage import refusing, save_arrays
from stages.evaluation import calibration, report
from stages.evaluation.inference import blended, each, logits
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
    folder, corpus = ROOT / "data" / "models" / name, ROOT / "data" / "padded" / recipe["corpus"]
    facts, key = (content(folder / file) for file in ("training.json", provenance.FILE))
    test, train = (load_padded(corpus / split) for split in ("test", "train"))
    if facts["labels"] != test.names:
        raise InputError(
            f"{name}: trained for labels {facts['labels']}, the test split has {test.names}; train it again"
        )
    answers = answered(folder, facts, recipe["model"].get("members"), test, train)
    keep(name, recipe["experiment"], answers, test, train)
    temperatures = fitted(answers, facts["validation"], train.labels)
    calibrated = {"key": key["key"], "temperatures": temperatures}
    files.write_json(ROOT / "data" / "calibrations" / f"{name}.json", calibrated)
    result = {
        "recipe": name,
        "labels": test.names,
        **measured(folder, facts, answers, temperatures, test, train),
    }
    write(result, recipe["experiment"])


def content(path: Path) -> Any:
    with refusing(path):
        return json.loads(path.read_text(encoding="utf-8"))


def answered(
    folder: Path, facts: dict[str, Any], members: str | None, test: Padded, train: Padded
) -> dict[str, Answers]:
    """What the model of each seed says; that of an ensemble follows from what its members said."""
    models = zip(facts["seeds"], each(folder, facts), strict=True)
    if members is None:
        return {seed: Answers(logits(model, test), logits(model, train)) for seed, model in models}
    folders = [ROOT / "data" / "logits" / split / members for split in ("test", "train")]
    return {seed: Answers(*(blended(model, seed, folder) for folder in folders)) for seed, model in models}


def keep(name: str, experiment: str, answers: dict[str, Answers], test: Padded, train: Padded) -> None:
    """The logits, in a file for each split, so that what reads those of training texts can't read others; and
    the probabilities of the test split in a table."""
    for part, split in (("test", test), ("train", train)):
        arrays = {seed: getattr(answer, part) for seed, answer in answers.items()}
        path = ROOT / "data" / "logits" / part / experiment / f"{name}.npz"
        with files.replacing(path) as draft, draft.open("wb") as file:
            save_arrays(file, {"labels": split.labels, "names": np.array(split.names), **arrays})
    probable = {seed: probabilities(answer.test) for seed, answer in answers.items()}
    rows = report.predictions(probable, test.labels, test.names)
    header = ["seed", "label", "predicted", *test.names]
    files.write_csv(ROOT / "data" / "predictions" / f"{name}.csv", header, rows)


def fitted(answers: dict[str, Answers], validation: Any, labels: np.ndarray) -> dict[str, float]:
    """The temperature of each seed's model, of the training texts that it held out; none if it was watched on
    the test split, which may choose nothing."""
    if validation == "test":
        return {}
    held = {seed: ~report.trained_on(labels, validation, int(seed)) for seed in answers}
    return {
        seed: calibration.temperature(answer.train[held[seed]], labels[held[seed]])
        for seed, answer in answers.items()
    }


def measured(
    folder: Path,
    facts: dict[str, Any],
    answers: dict[str, Answers],
    temperatures: dict[str, float],
    test: Padded,
    train: Padded,
) -> dict[str, Any]:
    """All that reports show of a recipe."""
    shares = [probabilities(answer.test) for answer in answers.values()]
    calibrated = [probabilities(answers[seed].test / degree) for seed, degree in temperatures.items()]
    parts = [report.trained_on(train.labels, facts["validation"], int(seed)) for seed in answers]
    learned = [
        report.fit(answer.train[part], train.labels[part])
        for answer, part in zip(answers.values(), parts, strict=True)
    ]
    tested, scaled = ([scores(each, test.labels) for each in some] for some in (shares, calibrated))
    right = np.array([each.argmax(axis=1) == test.labels for each in shares])
    history = report.history(folder / "history.csv")
    return {
        "metrics": report.metrics(facts, history, tested, learned, scaled),
        "history": {column: [float(row[column]) for row in history] for column in history[0]},
        "confusion": confusion(shares[0], test.labels).tolist(),
        "slices": report.sliced(right.mean(axis=0), test),
        "watched": "test" if facts["validation"] == "test" else "held out",
        "right": [np.packbits(row).tobytes().hex() for row in right],
        "reliability": [calibration.reliability(some, test.labels) for some in (shares, calibrated) if some],
        "coverage": calibration.coverage(calibrated or shares, test.labels),
    }


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
    files.write_json(REPORTS / "compared" / experiment / f"{name}.json", result)


if __name__ == "__main__":
    stage.run("recipes", main, "versions")
