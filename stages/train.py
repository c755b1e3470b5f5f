"""Arrays -> trained model: `python -m stages.train <recipe>`.

In: the corpus's arrays. Out: data/models/<recipe>/ (model.keras, and training.json: what was kept of
which epochs, for which labels), reports/history/<recipe>.csv, reports/timings/<recipe>.json.
"""

from stages.lib import command, files, fitting, kinds, saving
from stages.lib.arrays import Padded, load_padded
from stages.lib.backend import keras, threads
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.sizes import Shape
from stages.lib.splits import stratified
from stages.lib.training import Training

REPORTS = ROOT / "reports"


def main(name: str) -> None:
    everything = params()
    recipes = everything["pipeline"]["recipes"]
    recipe = recipes[command.one_of(name, recipes, "recipes")]
    training = read(Training, everything["trainings"][recipe["training"]], f"trainings.{recipe['training']}")
    train, held = split(recipe["corpus"], training, everything["seed"])
    threads(kinds.module("models", recipe["architecture"]).Sizes.threads)
    keras.utils.set_random_seed(everything["seed"])
    pad = everything["corpora"][recipe["corpus"]]["pad"]
    shape = Shape(train.vocabulary, pad.get("length"), len(train.names))
    model = build(recipe, everything["models"][recipe["model"]], shape)
    diary = fitting.Diary(REPORTS / "history" / f"{name}.csv", name, training.epochs)
    fitted = fitting.fit(model, train, held, training, everything["seed"], diary)
    with files.replacing_folder(ROOT / "data" / "models" / name) as folder:
        saving.save(model, folder / "model.keras")
        facts = {**vars(fitted), "parameters": model.count_params(), "labels": train.names.tolist()}
        files.write_json(folder / "training.json", facts)
    files.write_json(REPORTS / "timings" / f"{name}.json", diary.timings(train.tokens))


def split(corpus: str, training: Training, seed: int) -> tuple[Padded, Padded]:
    """What is trained on and what is watched: two parts of the training split, unless a lesson's
    curves are redrawn with `validation: test`."""
    folder = ROOT / "data" / "padded" / corpus
    whole = load_padded(folder / "train.npz")
    if training.validation == "test":
        return _enough(whole, training), load_padded(folder / "test.npz")
    held = stratified(whole.labels, training.validation.fraction, seed)
    return _enough(whole.take(~held), training), whole.take(held)


def _enough(train: Padded, training: Training) -> Padded:
    if train.texts < training.batch_size:
        raise InputError(
            f"found {train.texts} texts to train on, allowed: at least one batch of {training.batch_size}; "
            "supply more rows, or lower batch_size in conf/training"
        )
    return train


def build(recipe: dict[str, str], entry: dict[str, object], shape: Shape) -> keras.Model:
    """The recipe's model for a corpus of this shape."""
    architecture = kinds.module("models", recipe["architecture"])
    model: keras.Model = architecture.build(
        read(architecture.Sizes, entry, f"models.{recipe['model']}"), shape
    )
    return model


if __name__ == "__main__":
    command.run(main)
