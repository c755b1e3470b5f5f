"""A trained recipe, to be used without this repository.

As a Python package, text in and calibrated probabilities out: it needs NumPy alone for a linear model on
n-grams, the NB-SVM network of two labels among them; ONNX Runtime, too, for any other network; `tokenizers`
for a corpus of words or BPE. Or as a network's file for another runtime (ONNX, TensorFlow's SavedModel,
LiteRT), with its tokenizer's files beside it and facts.json: labels, temperature, padding. Such a file takes
ids, int32[texts, tokens], and gives logits; with LiteRT, a recurrent network takes one text at a time. Either
has a README.md that says how good it is, and a folder of its own: exported/demo-lstm,
exported/demo-lstm-onnx. An ensemble is not exported, and a linear model as a package only.

Examples: python -m stages.tools.export best-nb-svm-network
          python -m stages.tools.export demo-logistic --to /tmp/model && pip install /tmp/model
          python -m stages.tools.export demo-lstm --as saved-model
"""

import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts import provenance
from stages.evaluation.classify import Classifier, temperatures
from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError, parse
from stages.study.params import one_of, params
from stages.tools.answering import credibility, trained
from stages.tools.answering.resident import first_learned
from stages.tools.export import formats, linear_form, package, readme

FORMATS = ("package", *formats.FILES)
NOT_EVALUATED = "probabilities are not calibrated, as the recipe was exported before it was evaluated"


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument(
        "--as", dest="kind", choices=FORMATS, default=FORMATS[0], help="(default: %(default)s)"
    )
    help_text = "the folder (default: exported/<recipe>, of a file exported/<recipe>-<kind>)"
    parser.add_argument("--to", help=help_text)
    options = parser.parse_args()
    recipes = params()["recipes"]
    name = one_of(options.recipe, recipes, "recipes")
    folder = Path(options.to) if options.to else ROOT / "exported" / usual(name, options.kind)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"--to: found {folder}, which is not empty, allowed: a new folder; delete it or name another"
        )
    exported(name, recipes, options.kind, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    place = shlex.quote(str(folder.absolute()))  # a bare name is one of PyPI's to pip
    use = f'; pip install {place}, then: {name} "a text"' if options.kind == "package" else ""
    print(f"wrote {folder} ({size / 1e6:.1f} MB){use}")


def usual(name: str, kind: str) -> str:
    """The folder's name, one for each kind, so that a recipe may be exported as several."""
    return name if kind == FORMATS[0] else f"{name}-{kind}"


def exported(name: str, recipes: Mapping[str, Any], kind: str, folder: Path) -> None:
    """Write the model of a recipe's first seed, once all of it has been verified."""
    recipe = recipes[name]
    classifier = Classifier(name, recipes)  # refuses what is not trained, damaged, or of another tokenizer
    training, origin, models = trained.opened(name)
    if "members" in recipe["model"]:
        raise InputError(f"{name}: found an ensemble, allowed: a recipe that is trained; export its members")
    seed = next(iter(training["seeds"]))
    degrees = temperatures(name, provenance.key(origin))
    metrics = measured(name, provenance.key(origin))
    doubt = credibility.doubt_of(name, recipe, training, degrees, [seed], ROOT / "data")
    facts = {
        "recipe": name,
        "architecture": recipe["model"]["architecture"],
        "source": params()["corpora"][recipe["corpus"]]["source"],
        "seed": int(seed),
        "labels": training["labels"],
        "temperature": degrees.get(seed, 1.0),
        "doubt": doubt if metrics else NOT_EVALUATED,
        "certificate": provenance.key(origin),
        "pad": origin["pad"],
        "first_learned": first_learned(classifier._tokenizer),
        "measured": metrics,
    }
    with leaving_nothing_above(folder), files.replacing_folder(folder) as draft:
        tokens = ROOT / "data" / "tokens" / recipe["corpus"]
        write(draft, facts, next(models), origin["tokenizer"].partition(" ")[0], tokens, kind)


@contextmanager
def leaving_nothing_above(folder: Path) -> Iterator[None]:
    """The folders above that are made for it go again if the block fails."""
    missing = [each for each in folder.parents if not each.exists()]
    try:
        yield
    except BaseException:
        for each in missing:
            with suppress(OSError):  # it was never made, or something else is in it by now
                each.rmdir()
        raise


def measured(recipe: str, key: str) -> dict[str, Any] | None:
    """What `evaluate` left of a recipe; None if these models were not evaluated, as committed metrics are of
    others. key: of the certificate."""
    calibration, path = (
        ROOT / folder / f"{recipe}.json" for folder in ("data/calibrations", "reports/metrics")
    )
    evaluated = calibration.exists() and parse(calibration, calibration.name)["key"] == key
    return parse(path, path.name) if evaluated and path.exists() else None


def write(
    folder: Path, facts: Mapping[str, Any], model: Any, tokenizer: str, tokens: Path, kind: str = FORMATS[0]
) -> None:
    """The exported files.

    model: as stages/evaluation/inference.py loads it; tokenizer: its kind; tokens: the folder it is in.
    """
    inside = folder
    arrays = linear_form.arrays(model, tokenizer)
    if kind == "package":
        inside = package.folder_of(facts["recipe"], folder)
        inside.mkdir()
        package.write(facts["recipe"], "onnx_model" if arrays is None else "numpy_model", tokenizer, folder)
    if kind == "package" and arrays is not None:
        np.savez_compressed(inside / "model.npz", **used(arrays))  # type: ignore[arg-type]
    elif hasattr(model, "export"):
        formats.write(model, "onnx" if kind == "package" else kind, inside)
    else:
        raise InputError(f"--as: found {kind} for {facts['recipe']}, which is no network; leave --as out")
    files.write_json(inside / "facts.json", facts)
    files.write_text(folder / "README.md", readme.written(facts, kind))
    shutil.copytree(tokens, inside / "tokenizer", ignore=shutil.ignore_patterns("*.npz"))


def used(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as float32, but for `parts`."""
    return {key: array if key == "parts" else array.astype(np.float32) for key, array in arrays.items()}


if __name__ == "__main__":
    command.guard(main)
