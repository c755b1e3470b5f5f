"""What the pipeline leaves of a small experiment, written by its own stages but for the trainings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import compare, download, evaluate
from stages.artifacts.padded import Padded
from stages.artifacts.split import Split
from stages.artifacts.validation import stratified
from stages.reporting import figures
from stages.runtime import files
from stages.texts import doubts
from tests.project import MARKUP

NAME = "mine"
LABELS = ["arts", "sport", "world"]
MODELS: dict[str, dict[str, Any]] = {
    "majority": {"architecture": "majority"},
    "linear": {"architecture": "linear_classifier"},
    "network": {"architecture": "pooled"},
}
DRAWING = (
    '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">\n'
    '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9">'
    '<metadata><a resource="http://example.org"/></metadata><!-- <script>alert(1)</script> -->'
    '<defs><path id="p"/></defs><use href="#p"/></svg>'
)


@dataclass(frozen=True)
class Made:
    """A recipe: how many of ten test texts it has right, and of ten held-out ones; None: it held out none."""

    name: str
    test: int
    held_out: int | None
    model: str = "network"
    source: str = "own"
    labels: Sequence[str] = tuple(LABELS)
    epochs: int = 1


def experiment(root: Path, recipes: Sequence[Made], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Leave what there is of the recipes of one experiment; params.yaml for it."""
    monkeypatch.setattr(evaluate, "ROOT", root)
    monkeypatch.setattr(evaluate, "REPORTS", root / "reports")
    monkeypatch.setattr(compare, "ROOT", root)
    monkeypatch.setattr(figures, "draw", draw)
    splits = {recipe.source: source(root, recipe.source, recipe.labels) for recipe in recipes}
    for recipe in recipes:
        evaluated(root, recipe, splits[recipe.source])
    params = {
        "comparisons": {
            NAME: {
                "title": f"Who wins? {MARKUP}",
                "recipes": [recipe.name for recipe in recipes],
                "sources": [recipe.source for recipe in recipes],
                "duplicates": ["kept"] * len(recipes),
                "names": [recipe.name for recipe in recipes],
                "colors": [-1] * len(recipes),
                "reads": "none",
            }
        },
        "experiments": {NAME: {"title": "t"}},
        "sources": {recipe.source: {"kind": "imdb"} for recipe in recipes},
        "corpora": {"words": {"tokenizer": {"kind": "word"}}},
        "recipes": {recipe.name: entry(recipe) for recipe in recipes},
        "figures": {"width": 9.0, "font_size": 10, "colors": "petroff10", "grid": True},
    }
    compare.main(NAME, params)
    length = {"mean": 5.0, "p5": 2, "p50": 5, "p95": 9, "max": 12}
    described = {"oov_rate": 0.0625, "length": length}
    facts = {"vocabulary": 300, "train": described, "test": described}
    files.write_json(root / "reports" / "corpora" / "words.json", facts)
    return params


def entry(recipe: Made) -> dict[str, Any]:
    kind = "gradient_descent" if recipe.model == "network" else "linear"
    return {"corpus": "words", "model": MODELS[recipe.model], "training": {"kind": kind}, "experiment": NAME}


def draw(results: Any, title: str, style: Any, folder: Path, prefix: str, baseline: Any) -> None:
    """Figures that take no time."""
    for name in ("curves", "accuracy", "gap", "slices", "confusions", "reliability"):
        files.write_text(folder / f"{prefix}{name}.svg", DRAWING)


def source(root: Path, name: str, labels: Sequence[str]) -> dict[str, Split]:
    """Its splits, written as `download` does; half of the texts have the first label."""
    splits = {}
    for split, count in (("train", 200), ("test", 80)):
        numbers = np.array([i % len(labels) if i % 2 else 0 for i in range(count)], dtype=np.int16)
        texts = [f"{split} {i} {MARKUP} is https://example.org `{i}`\x1b[2J" for i in range(count)]
        splits[split] = Split(texts, numbers, [*labels])
    facts: dict[str, Any] = {
        "alike": doubts.alike(labels),
        "contradictory": doubts.contradictory(splits.values()),
        "bad_rows": download.listed([f"{MARKUP}.csv:3: empty text"]),
    }
    splits, facts["duplicates"] = download.without_duplicates(name, splits, "keep")
    folder = root / "data" / "sources" / name
    folder.mkdir(parents=True, exist_ok=True)
    download.write(folder, splits)
    described = {split: download.describe(each) for split, each in splits.items()}
    files.write_json(root / "reports" / "sources" / f"{name}.json", described | facts)
    return splits


def evaluated(root: Path, recipe: Made, splits: dict[str, Split]) -> None:
    """What `train` leaves, made up, and of that what `evaluate` does."""
    folder = root / "data" / "models" / recipe.name
    seeds = ["42", "43"]
    facts = {
        "seeds": {seed: {"epochs": recipe.epochs, "kept": recipe.epochs} for seed in seeds},
        "parameters": 1234,
        "labels": splits["test"].names,
        "validation": "test" if recipe.held_out is None else {"fraction": 0.1},
    }
    files.write_json(folder / "training.json", facts)
    certificate = {
        "key": f"{recipe.name:0<16}",
        "parameters": {"model": MODELS[recipe.model], "training": {"kind": "linear"}},
        "inputs": {"data/padded/words/train/ids.npy": "a" * 64},
        "code": {"stages/train.py": "b" * 64},
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
        "processor": "a processor",
        "files": {f"seeds/42.{'keras' if recipe.model == 'network' else 'npz'}": "c" * 64},
    }
    files.write_json(folder / "certificate.json", certificate)
    held = (recipe.test if recipe.held_out is None else recipe.held_out) / 10
    rows = [
        f"{seed},{epoch},0.9,0.2,{held},{1 - held / 2}"
        for seed in seeds
        for epoch in range(1, recipe.epochs + 1)
    ]
    files.write_text(
        folder / "history.csv", "\n".join(["seed,epoch,accuracy,loss,val_accuracy,val_loss", *rows])
    )
    test, train = (padded(splits[split]) for split in ("test", "train"))
    answers = {
        seed: evaluate.Answers(
            logits_of(test.labels, recipe, (np.arange(len(test.labels)) + i) % 10 < recipe.test),
            logits_of(train.labels, recipe, right_in_train(train.labels, recipe, int(seed))),
        )
        for i, seed in enumerate(seeds)
    }
    evaluate.keep(recipe.name, NAME, answers, test, train)
    temperatures = evaluate.fitted(answers, facts["validation"], train.labels)
    calibration = {"key": certificate["key"], "temperatures": temperatures}
    files.write_json(root / "data" / "calibrations" / f"{recipe.name}.json", calibration)
    measured = evaluate.measured(folder, facts, answers, temperatures, test, train)
    evaluate.write({"recipe": recipe.name, "labels": test.names, **measured}, NAME)


def padded(split: Split) -> Padded:
    """As much of a padded split as its evaluation reads."""
    lengths = np.arange(1, len(split.texts) + 1, dtype=np.int64)
    return Padded([], [], split.labels, split.names, 300, lengths=lengths, unknown=lengths // 3)


def right_in_train(labels: np.ndarray, recipe: Made, seed: int) -> np.ndarray:
    """Whether each training text is answered right: those trained on, and so many of ten held out."""
    right = np.ones(len(labels), dtype=bool)
    if recipe.held_out is not None:
        held = stratified(labels, 0.1, seed)
        right[held] = np.arange(held.sum()) % 10 < recipe.held_out
    return right


def logits_of(labels: np.ndarray, recipe: Made, right: np.ndarray) -> np.ndarray:
    """Logits that are right where `right`, bool[texts], says so, the surer the later a text comes."""
    classes = len(recipe.labels)
    choice = np.where(right, labels, (labels + 1) % classes)
    sure = 1 + np.arange(len(labels)) / len(labels)
    logits: np.ndarray = (np.eye(classes)[choice] * sure[:, None]).astype(np.float32)
    return logits[:, 1:] - logits[:, :1] if classes == 2 else logits
