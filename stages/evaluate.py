"""Trained model + test split -> metrics: `python -m stages.evaluate <recipe>`.

In: data/models/<recipe>/, the corpus's arrays. Out: reports/metrics/<recipe>.json,
reports/confusion/<recipe>.csv (actual,predicted,texts), data/predictions/<recipe>.csv (a row per
test text: label, predicted, a probability per label).
"""

import csv
import json
from pathlib import Path

import numpy as np

from stages.lib import command, files, saving
from stages.lib.arrays import load_padded, refusing
from stages.lib.config import ROOT, InputError, params
from stages.lib.inference import logits
from stages.lib.metrics import confusion, probabilities, scores
from stages.lib.tables import csv_text

REPORTS = ROOT / "reports"


def main(name: str) -> None:
    recipes = params()["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    folder = ROOT / "data" / "models" / name
    with refusing(folder / "training.json"):
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    test = load_padded(ROOT / "data" / "padded" / recipe["corpus"] / "test.npz")
    names = test.names.tolist()
    if facts["labels"] != names:
        raise InputError(
            f"{name}: trained for labels {facts['labels']}, the test split has {names}; train it again"
        )
    model = saving.load(folder / "model.keras")
    probable = probabilities(logits(model, test))
    watched = history_row(REPORTS / "history" / f"{name}.csv", facts["kept"])
    metrics = {
        "test": scores(probable, test.labels),
        "validation": {"accuracy": watched["val_accuracy"], "loss": watched["val_loss"]},
        "parameters": facts["parameters"],
        "epochs": facts["epochs"],
    }
    files.write_json(REPORTS / "metrics" / f"{name}.json", metrics)
    files.write_text(
        REPORTS / "confusion" / f"{name}.csv",
        confusion_table(confusion(probable, test.labels), names),
    )
    files.write_text(
        ROOT / "data" / "predictions" / f"{name}.csv",
        predictions_table(probable, test.labels, names),
    )


def history_row(path: Path, epoch: int) -> dict[str, float]:
    """The numbers of one epoch, counted from 1."""
    with path.open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if int(row["epoch"]) == epoch)
    return {column: float(value) for column, value in row.items()}


def confusion_table(counts: np.ndarray, names: list[str]) -> str:
    rows = ((a, p, counts[i, j]) for i, a in enumerate(names) for j, p in enumerate(names))
    return csv_text(["actual", "predicted", "texts"], rows)


def predictions_table(probable: np.ndarray, labels: np.ndarray, names: list[str]) -> str:
    chosen = probable.argmax(axis=1)
    rows = (
        [names[label], names[choice], *(f"{p:.6f}" for p in shares)]
        for label, choice, shares in zip(labels, chosen, probable, strict=True)
    )
    return csv_text(["label", "predicted", *names], rows)


if __name__ == "__main__":
    command.run(main)
