"""Arrays -> trained models, one per seed: `python -m stages.train <recipe>`.

In: the corpus's arrays. Out: data/models/<recipe>/ (seeds/<seed>.keras; training.json: what was kept of
which epochs, for which labels; certificate.json: what they came from), reports/history/<recipe>.csv,
reports/timings/<recipe>.json. Until it is done, .checkpoints/<recipe>/, from which it goes on.
"""

from pathlib import Path
from typing import Any

from stages.lib import backend, certificate, command, files, fitting, kinds, saving
from stages.lib.arrays import Padded, load_padded
from stages.lib.backend import keras, threads
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.diary import Diary, timings
from stages.lib.sizes import Shape
from stages.lib.splits import stratified
from stages.lib.training import Training

REPORTS = ROOT / "reports"
CHECKPOINTS = ROOT / ".checkpoints"


def main(name: str) -> None:
    everything = params()
    recipes = everything["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    parameters = {
        "pad": everything["corpora"][recipe["corpus"]]["pad"],
        "model": everything["models"][recipe["model"]],
        "training": everything["trainings"][recipe["training"]],
    }
    training = read(Training, parameters["training"], f"trainings.{recipe['training']}")
    paths = inputs(recipe["corpus"], training)
    arrays = [load_padded(path) for path in paths]
    threads(kinds.module("models", recipe["architecture"]).Sizes.threads)
    origin = certificate.origin(recipe["architecture"], parameters, paths, backend.described())
    seeds: dict[int, fitting.Fitted] = {}
    diaries: list[Diary] = []
    with files.replacing_folder(ROOT / "data" / "models" / name) as folder:
        (folder / "seeds").mkdir()
        for seed in recipe["seeds"]:
            train, held = split(arrays, training, seed)
            model = build(recipe, parameters, train, seed)
            diaries.append(Diary(REPORTS / "history" / f"{name}.csv", name, seed, training.epochs, diaries))
            checkpoint = CHECKPOINTS / name / f"{certificate.key(origin | {'seed': seed})}.npz"
            seeds[seed] = fitting.fit(model, train, held, training, seed, diaries[-1], checkpoint)
            saving.save(model, folder / "seeds" / f"{seed}.keras")
        write_facts(folder, seeds, model.count_params(), train)
        certificate.write(folder, origin | {"seeds": recipe["seeds"], "tokenizer": train.tokenizer})
    files.write_json(REPORTS / "timings" / f"{name}.json", timings(diaries, train.tokens))
    files.remove(CHECKPOINTS / name)


def write_facts(folder: Path, seeds: dict[int, fitting.Fitted], parameters: int, train: Padded) -> None:
    """training.json: for every seed how many epochs it ran and which was kept; what the models are for."""
    each = {str(seed): vars(fitted) for seed, fitted in seeds.items()}
    facts = {"seeds": each, "parameters": parameters, "labels": train.names.tolist()}
    files.write_json(folder / "training.json", facts)


def inputs(corpus: str, training: Training) -> list[Path]:
    """The arrays that a training may open: the training split's, and those of the test split only if a
    lesson's curves are redrawn with `validation: test`."""
    splits = ["train", "test"] if training.validation == "test" else ["train"]
    return [ROOT / "data" / "padded" / corpus / f"{split}.npz" for split in splits]


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
            "supply more rows, or lower batch_size in conf/training"
        )
    return train


def build(recipe: dict[str, str], parameters: dict[str, Any], train: Padded, seed: int) -> keras.Model:
    """The recipe's model for a corpus like this, its weights drawn from the seed."""
    keras.utils.clear_session()  # its layers are named as those of the first seed's model
    keras.utils.set_random_seed(seed)
    architecture = kinds.module("models", recipe["architecture"])
    sizes = read(architecture.Sizes, parameters["model"], f"models.{recipe['model']}")
    shape = Shape(train.vocabulary, parameters["pad"].get("length"), len(train.names))
    model: keras.Model = architecture.build(sizes, shape)
    return model


if __name__ == "__main__":
    command.run(main)
