"""params.yaml: read, and checked as a whole before any work; of what has been trained, its recipes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.runtime.config import FEW, ROOT, InputError, alike, parse, refusal

PARAMS = ROOT / "params.yaml"
SINGULAR = {
    "corpora": "corpus",
    "pipeline.prepared": "prepared recipe",
    "pipeline.sampled": "sampled recipe",
}


def params(path: Path = PARAMS) -> dict[str, Any]:
    """All of params.yaml, checked."""
    from stages.study.schema import check

    entries = _parsed(path)
    check(entries)
    return entries


def trained_recipes(path: Path = PARAMS) -> dict[str, dict[str, Any]]:
    """Its recipes, of which only the corpora are looked at: what a model was trained with stands in its
    certificate, and to check all of params.yaml takes as long as a linear model takes to start."""
    recipes = _parsed(path).get("recipes")
    again = "write params.yaml anew with: python -m stages.compose"
    if not isinstance(recipes, dict):
        raise refusal("recipes", recipes, "a mapping", again)
    for name, recipe in recipes.items():
        if not isinstance(recipe, dict) or not isinstance(recipe.get("corpus"), str):
            raise refusal(f"recipes.{name}", recipe, "a mapping with a corpus, a string", again)
    return recipes


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return parse(path, path.name)
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing; write it with: python -m stages.compose") from None


def one_of(name: str, entries: dict[str, Any], section: str) -> str:
    """`name`, if the section has such an entry; otherwise the refusal names the nearest ones."""
    if name not in entries:
        one = SINGULAR.get(section, section.rpartition(".")[2].removesuffix("s"))
        raise InputError(f"there is no {one} {name!r}; {_instead(name, entries)}")
    return name


def _instead(name: str, names: Iterable[str]) -> str:
    """What to say of a name that there is not: all names if they are few, or the nearest, or any."""
    known = sorted(names)
    if len(known) <= FEW:
        return f"there {'is' if len(known) == 1 else 'are'} {', '.join(known) or 'none'}"
    close = alike(name, known)
    return f"did you mean {', '.join(close)}?" if close else f"there are {', '.join(known[:3])} and others"
