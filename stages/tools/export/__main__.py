"""A trained recipe as a Python package of its own, which needs NumPy and nothing else: text in, calibrated
probabilities out. For linear models on n-grams, the NB-SVM network among them.

Examples: python -m stages.tools.export best-nb-svm-network
          python -m stages.tools.export demo-logistic --to /tmp/model && pip install /tmp/model
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts import provenance
from stages.evaluation.classify import Classifier, temperatures
from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError
from stages.study.params import one_of, params
from stages.tools.export import linear

PROJECT = """[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.0"
description = "A text classifier trained by seqstudy: the recipe {name}"
requires-python = ">=3.10"
dependencies = ["numpy>=1.26"]

[project.scripts]
{name} = "{module}:main"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["*.npz", "*.json", "tokenizer/*"]
"""


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("--to", help="the folder (default: exported/<recipe>)")
    options = parser.parse_args()
    recipes = params()["recipes"]
    name = one_of(options.recipe, recipes, "recipes")
    folder = Path(options.to) if options.to else ROOT / "exported" / name
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            f"--to: found {folder}, which is not empty, allowed: a new folder; delete it or name another"
        )
    exported(name, recipes, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f'wrote {folder} ({size / 1e6:.1f} MB); pip install {folder}, then: {name} "a text"')


def exported(name: str, recipes: dict[str, Any], folder: Path) -> None:
    """Write the package of a recipe's first seed, once all of it has been verified."""
    recipe = recipes[name]
    Classifier(name, recipes)  # refuses what is not trained, damaged, or of another tokenizer
    facts, origin, models = linear.opened(name)
    seed = next(iter(facts["seeds"]))
    if not origin.get("tokenizer", "").startswith("ngrams "):
        raise InputError(
            f"{name}: found no corpus of n-grams, allowed: a recipe on one, as its package has NumPy alone"
        )
    arrays = linear.arrays(next(models))
    if arrays is None:
        raise InputError(
            f"{name}: found a {facts['architecture']}, allowed: a linear model, or nb_svm with two labels"
        )
    told = {
        "recipe": name,
        "seed": int(seed),
        "labels": facts["labels"],
        "temperature": temperatures(name, provenance.key(origin)).get(seed, 1.0),
        "certificate": provenance.key(origin),
    }
    tokens = ROOT / "data" / "tokens" / recipe["corpus"]
    with files.replacing_folder(folder) as draft:
        write(draft, told, arrays, [tokens / "ngrams.json", *sorted(tokens.glob("words-*.npy"))])


def write(
    folder: Path, facts: dict[str, Any], arrays: dict[str, np.ndarray], tokenizer: Iterable[Path]
) -> None:
    """The package's files. tokenizer: those that it is loaded from."""
    name = facts["recipe"]
    module = name.replace("-", "_")
    inside = folder / module
    (inside / "tokenizer").mkdir(parents=True)
    for file, code in linear.modules().items():
        (inside / file).write_text(code.replace("PACKAGE", module), encoding="utf-8")
    np.savez_compressed(inside / "model.npz", **used(arrays))  # type: ignore[arg-type]
    files.write_json(inside / "facts.json", facts)
    for path in tokenizer:
        shutil.copyfile(path, inside / "tokenizer" / path.name)
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name, module=module), encoding="utf-8")


def used(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as float32, but for `parts`."""
    return {key: array if key == "parts" else array.astype(np.float32) for key, array in arrays.items()}


if __name__ == "__main__":
    command.guard(main)
