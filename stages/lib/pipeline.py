"""What dvc.yaml loops over, derived from the other sections of params.yaml.

A template of dvc.yaml can neither follow a name into another section (dvc#5167) nor splice a list
into `deps` (dvc#8171), so Hydra adds these facts when it composes conf/ (conf/hydra_plugins).
"""

from collections.abc import Mapping
from typing import Any

MOST_SEEDS = 100
DUPLICATES = {"keep": "kept", "drop exact": "exact dropped", "drop near": "near dropped"}


def derive(params: Mapping[str, Any]) -> dict[str, Any]:
    """The `pipeline` section that belongs to the other sections.

    Entries that are no mappings, and names that are not there, give gaps: stages/schema.py, which
    comes after, has the words for them.
    """
    sources, recipes, comparisons = (_entries(params, s) for s in ("sources", "recipes", "comparisons"))
    compared = {name: _compared(entry, recipes, params) for name, entry in comparisons.items()}
    return {
        "sources": {name: _source(entry) for name, entry in sources.items()},
        "recipes": {name: _recipe(entry, params) for name, entry in recipes.items()},
        # "_" is in no name, so a comparison and a recipe can be told apart
        "shown": {
            f"{name}_{recipe}": {"comparison": name, "recipe": recipe}
            for name, said in compared.items()
            for recipe in said
        },
        "comparisons": compared,
    }


def _source(entry: Mapping[str, Any]) -> dict[str, str]:
    """A source's kind, and the file or folder of the user's that it reads (else a module
    without code, for the lists of dvc.yaml have no optional entries)."""
    return {
        "kind": _text(entry.get("kind")),
        "reads": _text(entry.get("path")) or "stages/sources/__init__.py",
    }


def _recipe(recipe: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe, its architecture, the arrays that its training may open, the seeds it is trained with."""
    corpus, model, training = (_text(recipe.get(key)) for key in ("corpus", "model", "training"))
    arrays = f"data/padded/{corpus}"
    return {
        "corpus": corpus,
        "model": model,
        "training": training,
        "architecture": _text(_entries(params, "models").get(model, {}).get("architecture")),
        "arrays": arrays if _watched(recipe, params) == "test" else f"{arrays}/train.npz",
        "seeds": _seeds(params.get("seed"), recipe.get("seeds", 1)),
    }


def _compared(
    comparison: Mapping[str, Any], recipes: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What a comparison says of each of its recipes, beside the reports: see stages/lib/results.py."""
    against = comparison.get("against")
    return {
        name: {
            "watched": _watched(recipes[name], params),
            "duplicates": _duplicates(recipes[name], params),
            **(_against(against, recipes[name], params) if against else {}),
        }
        for name in _names(comparison.get("recipes"))
        if name in recipes
    }


def _seeds(first: object, count: object) -> list[int]:
    """As many seeds as a recipe asks for, from the study's on."""
    if type(first) is not int or type(count) is not int or count > MOST_SEEDS:
        return []
    return list(range(first, first + count))


def _watched(recipe: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """What the validation curves of a recipe are measured on."""
    training = _entries(params, "trainings").get(_text(recipe.get("training")), {})
    return "test" if training.get("validation") == "test" else "held out"


def _duplicates(recipe: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """What was done with the duplicates of a recipe's source."""
    corpus = _entries(params, "corpora").get(_text(recipe.get("corpus")), {})
    source = _entries(params, "sources").get(_text(corpus.get("source")), {})
    return DUPLICATES.get(_text(source.get("duplicates", "keep")), "")


def _against(key: object, recipe: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The number of a recipe that a comparison sets accuracies against ("source.cue_distance", say), and
    the line it is on: that of its model, or of its architecture if the models differ in that number."""
    corpus, model, training = (_text(recipe.get(part)) for part in ("corpus", "model", "training"))
    entries = {
        "corpus": _entries(params, "corpora").get(corpus, {}),
        "model": _entries(params, "models").get(model, {}),
        "training": _entries(params, "trainings").get(training, {}),
    }
    entries["source"] = _entries(params, "sources").get(_text(entries["corpus"].get("source")), {})
    part, _, name = _text(key).partition(".")
    line = _text(entries["model"].get("architecture")) if part == "model" else model
    return {"against": key, "line": line, "x": entries.get(part, {}).get(name)}


def _entries(params: Mapping[str, Any], section: str) -> dict[str, Mapping[str, Any]]:
    """A section's entries, as far as they are mappings."""
    found = params.get(section)
    found = found if isinstance(found, Mapping) else {}
    named = {name: entry for name, entry in found.items() if isinstance(name, str)}
    return {name: entry for name, entry in named.items() if isinstance(entry, Mapping)}


def _names(found: object) -> list[str]:
    return [_text(name) for name in found] if isinstance(found, list) else []


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
