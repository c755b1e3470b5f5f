"""Arrays -> trained models, one per seed of a recipe.

In: the corpus's arrays. Out: data/models/<recipe>/ (seeds/<seed>.keras; history.csv; training.json: what was
kept of which epochs, for which labels; certificate.json: what they came from), reports/history/<recipe>.csv.
Until it is done, .checkpoints/<recipe>/, from which it goes on. How long it took: data/timings/<recipe>.json.

Example: python -m stages.train demo-lstm
"""

import shutil
from pathlib import Path
from typing import Any

from stages.arrays.padded import Padded, load_padded
from stages.arrays.stratified import stratified
from stages.network import backend, saving
from stages.network.backend import keras, threads
from stages.network.sizes import Shape
from stages.runtime import files, kinds
from stages.runtime.config import ROOT, InputError, read
from stages.study import stage
from stages.training import fitting, provenance
from stages.training.history import History, timings
from stages.training.settings import Training

CHECKPOINTS = ROOT / ".checkpoints"


def main(name: str, params: dict[str, Any]) -> None:
    recipe = params["recipes"][name]
    training = read(Training, recipe["training"], f"recipes.{name}.training")
    architecture = kinds.module("models", recipe["model"]["architecture"])
    threads(architecture.Sizes.threads)
    paths = inputs(recipe["arrays"], training)
    arrays = [load_padded(path) for path in paths]
    parameters = {part: recipe[part] for part in ("model", "training")}
    origin = provenance.origin(parameters, paths, backend.described(), architecture.Sizes.threads)
    seeds: dict[int, fitting.Fitted] = {}
    histories: list[History] = []
    report = ROOT / "reports" / "history" / f"{name}.csv"
    with files.replacing_folder(ROOT / "data" / "models" / name) as folder:
        (folder / "seeds").mkdir()
        for seed in recipe["seeds"]:
            train, held = split(arrays, training, seed)
            model = build(recipe["model"], train, seed)
            histories.append(History(report, name, seed, training.epochs, histories))
            checkpoint = CHECKPOINTS / name / f"{provenance.key(origin | {'seed': seed})}.npz"
            seeds[seed] = fitting.fit(model, train, held, training, seed, histories[-1], checkpoint)
            saving.save(model, folder / "seeds" / f"{seed}.keras")
        shutil.copyfile(report, folder / "history.csv")
        write_facts(folder, recipe, seeds, model.count_params(), train)
        provenance.write(
            folder, origin | {"seeds": recipe["seeds"], "tokenizer": train.tokenizer, "pad": train.pad}
        )
    files.write_json(ROOT / "data" / "timings" / f"{name}.json", timings(histories, train.tokens))
    files.remove(CHECKPOINTS / name)


def write_facts(
    folder: Path, recipe: dict[str, Any], seeds: dict[int, fitting.Fitted], parameters: int, train: Padded
) -> None:
    """training.json: for every seed how many epochs it ran and which was kept; what the models are and for
    which labels; what their training was watched on."""
    facts = {
        "seeds": {str(seed): vars(fitted) for seed, fitted in seeds.items()},
        "architecture": recipe["model"]["architecture"],
        "parameters": parameters,
        "labels": train.names,
        "validation": recipe["training"]["validation"],
    }
    files.write_json(folder / "training.json", facts)


def inputs(arrays: str, training: Training) -> list[Path]:
    """The folders of arrays that a training may open: the training split's, and that of the test split only
    if a lesson's curves are redrawn with `validation: test`."""
    if training.validation == "test":
        return [ROOT / arrays / split for split in ("train", "test")]
    return [ROOT / arrays]


def split(arrays: list[Padded], training: Training, seed: int) -> tuple[Padded, Padded]:
    """What is trained on and what is watched: two parts of the training split, or the two splits."""
    whole, *test = arrays
    if training.validation == "test":
        return _enough(whole, training), test[0]
    held = stratified(whole.labels, training.validation.fraction, seed)
    return _enough(whole.take(~held), training), whole.take(held)


def _enough(train: Padded, training: Training) -> Padded:
    if train.texts < training.batch_size:
        raise InputError(
            f"found {train.texts} texts to train on, allowed: at least one batch of {training.batch_size}; "
            "supply more rows, or lower batch_size in conf/trainings"
        )
    return train


def build(entry: dict[str, Any], train: Padded, seed: int) -> keras.Model:
    """The recipe's model for a corpus like this, its weights drawn from the seed."""
    keras.utils.clear_session()  # its layers are named as those of the first seed's model
    keras.utils.set_random_seed(seed)
    architecture = kinds.module("models", entry["architecture"])
    sizes = read(architecture.Sizes, entry, "model")
    shape = Shape(train.vocabulary, train.pad.get("length"), len(train.names))
    model: keras.Model = architecture.build(sizes, shape)
    return model


if __name__ == "__main__":
    stage.run("recipes", main, "recipes.{name}", "versions")
