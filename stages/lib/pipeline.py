"""What dvc.yaml loops over, derived from the other sections of params.yaml.

A template of dvc.yaml can neither follow a name into another section (dvc#5167) nor splice a list
into `deps` (dvc#8171), so Hydra adds these facts when it composes conf/ (conf/hydra_plugins).
"""

from collections.abc import Mapping
from typing import Any


def derive(params: Mapping[str, Any]) -> dict[str, Any]:
    """The `pipeline` section that belongs to the other sections."""
    recipes = {name: _recipe(name, params) for name in params["recipes"]}
    return {
        "sources": {name: _source(entry) for name, entry in params["sources"].items()},
        "recipes": recipes,
        # "_" is in no name, so a comparison and a recipe can be told apart
        "shown": {
            f"{name}_{recipe}": {
                "comparison": name,
                "recipe": recipe,
                "watched": _watched(recipe, params),
            }
            for name, entry in params["comparisons"].items()
            for recipe in entry.get("recipes") or []
            if recipe in recipes
        },
    }


def _source(entry: Mapping[str, Any]) -> dict[str, str]:
    """A source's kind, and the file or folder of the user's that it reads (else a module
    without code, for the lists of dvc.yaml have no optional entries)."""
    return {
        "kind": str(entry.get("kind")),
        "reads": str(entry.get("path") or "stages/sources/__init__.py"),
    }


def _recipe(name: str, params: Mapping[str, Any]) -> dict[str, str]:
    """A recipe, its architecture, and the arrays that its training may open."""
    corpus, model, training = (
        str(params["recipes"][name].get(key)) for key in ("corpus", "model", "training")
    )
    arrays = f"data/padded/{corpus}"
    return {
        "corpus": corpus,
        "model": model,
        "training": training,
        "architecture": str(params["models"].get(model, {}).get("architecture")),
        "arrays": arrays if _watched(name, params) == "test" else f"{arrays}/train.npz",
    }


def _watched(recipe: str, params: Mapping[str, Any]) -> str:
    """What the validation curves of a recipe are measured on."""
    training = params["trainings"].get(params["recipes"][recipe].get("training"), {})
    return "test" if training.get("validation") == "test" else "held out"
