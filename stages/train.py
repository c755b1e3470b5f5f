"""Arrays -> trained model: `python -m stages.train <recipe>`.

In: the corpus's arrays. Out: data/models/<recipe>/ (model.keras; training.json: what was kept of which
epochs, for which labels; certificate.json: what it came from), reports/history/<recipe>.csv,
reports/timings/<recipe>.json. Until it is done, .checkpoints/<recipe>/, from which it goes on.
"""

from pathlib import Path
from typing import Any

from stages.lib import backend, certificate, command, files, fitting, kinds, saving
from stages.lib.arrays import Padded, load_padded
from stages.lib.backend import keras, threads
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.diary import Diary
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
        "seed": everything["seed"],
        "pad": everything["corpora"][recipe["corpus"]]["pad"],
        "model": everything["models"][recipe["model"]],
        "training": everything["trainings"][recipe["training"]],
    }
    seed = parameters["seed"]
    training = read(Training, parameters["training"], f"trainings.{recipe['training']}")
    arrays = inputs(recipe["corpus"], training)
    train, held = split(arrays, training, seed)
    threads(kinds.module("models", recipe["architecture"]).Sizes.threads)
    keras.utils.set_random_seed(seed)
    model = build(recipe, parameters, train)
    origin = certificate.origin(recipe["architecture"], parameters, arrays, backend.described())
    checkpoint = CHECKPOINTS / name / f"{certificate.key(origin)}.npz"
    diary = Diary(REPORTS / "history" / f"{name}.csv", name, training.epochs)
    fitted = fitting.fit(model, train, held, training, seed, diary, checkpoint)
    with files.replacing_folder(ROOT / "data" / "models" / name) as folder:
        saving.save(model, folder / "model.keras")
        facts = {**vars(fitted), "parameters": model.count_params(), "labels": train.names.tolist()}
        files.write_json(folder / "training.json", facts)
        certificate.write(folder, origin | {"tokenizer": train.tokenizer})
    files.write_json(REPORTS / "timings" / f"{name}.json", diary.timings(train.tokens))
    files.remove(checkpoint.parent)


def inputs(corpus: str, training: Training) -> list[Path]:
    """The arrays that a training may open: the training split's, and those of the test split only if a
    lesson's curves are redrawn with `validation: test`."""
    splits = ["train", "test"] if training.validation == "test" else ["train"]
    return [ROOT / "data" / "padded" / corpus / f"{split}.npz" for split in splits]


def split(arrays: list[Path], training: Training, seed: int) -> tuple[Padded, Padded]:
    """What is trained on and what is watched: two parts of the training split, or the two splits."""
    whole, *test = map(load_padded, arrays)
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


def build(recipe: dict[str, str], parameters: dict[str, Any], train: Padded) -> keras.Model:
    """The recipe's model for a corpus like this."""
    architecture = kinds.module("models", recipe["architecture"])
    sizes = read(architecture.Sizes, parameters["model"], f"models.{recipe['model']}")
    shape = Shape(train.vocabulary, parameters["pad"].get("length"), len(train.names))
    model: keras.Model = architecture.build(sizes, shape)
    return model


if __name__ == "__main__":
    command.run(main)
