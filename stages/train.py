"""Arrays -> trained models, one per seed of a recipe.

In: the corpus's arrays. Out: data/models/<recipe>/ (seeds/<seed>.keras; history.csv; training.json: what was
kept of which epochs, for which labels; certificate.json: what they came from), reports/history/<recipe>.csv.
Until it is done, .checkpoints/<recipe>/, from which it goes on. How long it took: data/timings/<recipe>.json.

Example: python -m stages.train demo-lstm
"""

import shutil
from pathlib import Path
from typing import Any

from stages.artifacts import provenance
from stages.artifacts.history import History, timings
from stages.artifacts.task import Task, Trained
from stages.artifacts.validation import Validation, stratified
from stages.runtime import files, kinds
from stages.runtime.config import ROOT, read
from stages.study import stage

CHECKPOINTS = ROOT / ".checkpoints"


def main(name: str, params: dict[str, Any]) -> None:
    recipe = params["recipes"][name]
    trainer = kinds.module("trainers", recipe["training"]["kind"])
    training = read(trainer.Training, recipe["training"], f"recipes.{name}.training")
    architecture = kinds.module("models", recipe["model"]["architecture"])
    sizes = read(architecture.Sizes, recipe["model"], f"recipes.{name}.model")
    environment = trainer.prepare(sizes)
    paths = inputs(recipe["arrays"], training.validation)
    arrays = [trainer.load(path) for path in paths]
    parameters = {part: recipe[part] for part in ("model", "training")}
    origin = provenance.origin(parameters, paths, environment)
    seeds: dict[int, Trained] = {}
    histories: list[History] = []
    report = ROOT / "reports" / "history" / f"{name}.csv"
    with files.replacing_folder(ROOT / "data" / "models" / name) as folder:
        (folder / "seeds").mkdir()
        for seed in recipe["seeds"]:
            train, held = split(arrays, training.validation, seed)
            histories.append(History(report, name, seed, training.epochs, histories))
            checkpoint = CHECKPOINTS / name / f"{provenance.key(origin | {'seed': seed})}.npz"
            path = folder / "seeds" / str(seed)
            task = Task(architecture, sizes, training, train, held, seed, histories[-1], checkpoint, path)
            seeds[seed] = trainer.fit(task)
        shutil.copyfile(report, folder / "history.csv")
        files.write_json(folder / "training.json", facts(recipe, seeds, train.names))
        made = {"seeds": recipe["seeds"], "tokenizer": train.tokenizer, "pad": train.pad}
        provenance.write(folder, origin | made)
    times = timings(histories, train.tokens, origin["backend"])
    files.write_json(ROOT / "data" / "timings" / f"{name}.json", times)
    files.remove(CHECKPOINTS / name)


def facts(recipe: dict[str, Any], seeds: dict[int, Trained], labels: list[str]) -> dict[str, Any]:
    """training.json: for every seed how many epochs it ran and which was kept; what the models are and for
    which labels; what their training was watched on."""
    trained = seeds.items()
    return {
        "seeds": {str(seed): {"epochs": each.epochs, "kept": each.kept} for seed, each in trained},
        "architecture": recipe["model"]["architecture"],
        "trainer": recipe["training"]["kind"],
        "parameters": next(iter(seeds.values())).parameters,
        "labels": labels,
        "validation": recipe["training"]["validation"],
    }


def inputs(arrays: str, validation: Validation) -> list[Path]:
    """The folders of arrays that a training may open: the training split's, and that of the test split only
    if a lesson's curves are redrawn with `validation: test`."""
    if validation == "test":
        return [ROOT / arrays / split for split in ("train", "test")]
    return [ROOT / arrays]


def split(arrays: list[Any], validation: Validation, seed: int) -> tuple[Any, Any]:
    """What is trained on and what is watched: two parts of the training split, or the two splits."""
    whole, *test = arrays
    if validation == "test":
        return whole, test[0]
    held = stratified(whole.labels, validation.fraction, seed)
    return whole.take(~held), whole.take(held)


if __name__ == "__main__":
    stage.run("recipes", main, "recipes.{name}", "versions")
