"""Trained models + both splits -> metrics: `python -m stages.evaluate <recipe>`.

In: data/models/<recipe>/, the corpus's arrays and tokens. Out:

- reports/metrics/<recipe>.json: means over the seeds, of the test split's their standard deviation, too.
  `training` and `validation` are of the weights kept; `running` is what Keras says of training in the epoch
  that was kept: the mean over its batches, with dropout.
- reports/confusion/<recipe>.csv (actual,predicted,texts; of the first seed).
- reports/slices/<recipe>.csv: accuracy by length and by share of unknown tokens.
- data/predictions/<recipe>.csv: a row per seed and test text: label, predicted, a probability per label.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.lib import command, files, saving
from stages.lib.arrays import Padded, Tokens, load_padded, load_tokens, refusing
from stages.lib.config import ROOT, InputError, params
from stages.lib.inference import logits
from stages.lib.metrics import averaged, confusion, probabilities, scores, slices
from stages.lib.splits import stratified
from stages.lib.tables import csv_text

REPORTS = ROOT / "reports"
KEPT = {"validation": ["val_accuracy", "val_loss"], "running": ["accuracy", "loss"]}


def main(name: str) -> None:
    everything = params()
    recipes = everything["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    folder = ROOT / "data" / "models" / name
    with refusing(folder / "training.json"):
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    padded = ROOT / "data" / "padded" / recipe["corpus"]
    test = load_padded(padded / "test.npz")
    tokens = load_tokens(ROOT / "data" / "tokens" / recipe["corpus"] / "test.npz")
    names = test.names.tolist()
    if facts["labels"] != names:
        raise InputError(
            f"{name}: trained for labels {facts['labels']}, the test split has {names}; train it again"
        )
    models = {seed: saving.load(folder / "seeds" / f"{seed}.keras") for seed in facts["seeds"]}
    probable = {seed: probabilities(logits(model, test)) for seed, model in models.items()}
    tested, spread = averaged([scores(shares, test.labels) for shares in probable.values()])
    train = load_padded(padded / "train.npz")
    # no parameter of this stage: other validation, other models
    validation = everything["trainings"][recipe["training"]]["validation"]
    fitted = [
        fit(model, train, trained_on(train.labels, validation, int(seed))) for seed, model in models.items()
    ]
    kept = kept_epochs(REPORTS / "history" / f"{name}.csv", facts["seeds"])
    metrics = {
        "test": tested,
        **({"sd": spread} if spread else {}),
        "training": averaged(fitted)[0],
        **kept,
        **counts(facts),
    }
    files.write_json(REPORTS / "metrics" / f"{name}.json", metrics)
    first = next(iter(probable.values()))
    files.write_text(
        REPORTS / "confusion" / f"{name}.csv", confusion_table(confusion(first, test.labels), names)
    )
    predictions = ROOT / "data" / "predictions" / f"{name}.csv"
    files.write_text(predictions, predictions_table(probable, test.labels, names))
    right = np.mean([shares.argmax(axis=1) == test.labels for shares in probable.values()], axis=0)
    files.write_text(REPORTS / "slices" / f"{name}.csv", slices_table(right, tokens))


def trained_on(labels: np.ndarray, validation: Any, seed: int) -> np.ndarray:
    """Which texts of the training split a training's weights come from: bool[texts].

    labels: int8[texts] of the split; validation: as in `trainings` of params.yaml.
    """
    if validation == "test":
        return np.ones(len(labels), dtype=bool)
    return ~stratified(labels, validation["fraction"], seed)


def fit(model: Any, train: Padded, part: np.ndarray) -> dict[str, float]:
    """Accuracy and loss on the texts of the training split where `part`, bool[texts], is true."""
    found = scores(probabilities(logits(model, train))[part], train.labels[part])
    return {name: found[name] for name in KEPT["running"]}


def counts(facts: dict[str, Any]) -> dict[str, float]:
    """How large the model is, how many epochs it was trained (the mean over seeds), how many seeds."""
    epochs = [seed["epochs"] for seed in facts["seeds"].values()]
    return {
        "parameters": facts["parameters"],
        "epochs": round(sum(epochs) / len(epochs), 1),
        "seeds": len(epochs),
    }


def kept_epochs(path: Path, seeds: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """Accuracy and loss of the epochs whose weights were kept, the means over the seeds."""
    with path.open(encoding="utf-8") as file:
        rows = {(row["seed"], int(row["epoch"])): row for row in csv.DictReader(file)}
    found = [rows[seed, fitted["kept"]] for seed, fitted in seeds.items()]
    return {
        split: averaged([{c.removeprefix("val_"): float(row[c]) for c in columns} for row in found])[0]
        for split, columns in KEPT.items()
    }


def confusion_table(counts: np.ndarray, names: list[str]) -> str:
    rows = ((a, p, counts[i, j]) for i, a in enumerate(names) for j, p in enumerate(names))
    return csv_text(["actual", "predicted", "texts"], rows)


def predictions_table(probable: Mapping[str, np.ndarray], labels: np.ndarray, names: list[str]) -> str:
    rows = (
        [seed, names[label], names[choice], *(f"{p:.6f}" for p in shares)]
        for seed, found in probable.items()
        for label, choice, shares in zip(labels, found.argmax(axis=1), found, strict=True)
    )
    return csv_text(["seed", "label", "predicted", *names], rows)


def slices_table(right: np.ndarray, tokens: Tokens) -> str:
    """How accuracy depends on the length of a text in tokens, and on the share of them that is unknown."""
    values = {"length": tokens.lengths, "oov_rate": tokens.unknown / np.maximum(tokens.lengths, 1)}
    rows = (
        [by, f"{low:.4g}", f"{high:.4g}", texts, f"{accuracy:.6f}"]
        for by, value in values.items()
        for low, high, texts, accuracy in slices(value, right)
    )
    return csv_text(["by", "low", "high", "texts", "accuracy"], rows)


if __name__ == "__main__":
    command.run(main)
