"""The whole of params.yaml, checked before any work: every entry, and every name it refers to.

Each section's dataclass lives beside the code that it configures; this module only brings them
together. Stages call it through stages/lib/config.py, which says why they do not depend on it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from stages.lib import kinds, padding, pipeline
from stages.lib.config import SECTIONS, InputError, Seed, config, read, refusal, shown
from stages.lib.published import Published
from stages.lib.style import Figures
from stages.lib.training import Training

# DVC would take 0o7 for the number 7
NAME = re.compile(r"(?!0o)[a-z0-9]+(-[a-z0-9]+)*")


@config
class Corpus:
    source: str
    tokenizer: dict[str, Any]
    pad: dict[str, Any]


@config
class Recipe:
    corpus: str
    model: str
    training: str
    seeds: Annotated[int, Field(ge=1, le=pipeline.MOST_SEEDS)] = 1


@config
class Comparison:
    title: str
    recipes: list[str]
    against: str | None = None  # a number that accuracies are drawn against, as "source.cue_distance"


def check(params: Mapping[str, Any]) -> None:
    """Refuse params.yaml at the first entry that is unknown, missing, mistyped, out of range, dangling."""
    _sections(params)
    _choices(params, "sources", "kind", "Source")
    _choices(params, "models", "architecture", "Sizes")
    for name, entry in params["corpora"].items():
        _corpus(params, name, entry)
    for name, entry in params["trainings"].items():
        read(Training, entry, f"trainings.{name}").check(f"trainings.{name}")
    read(Figures, params["figures"], "figures")
    _published(params["published"])
    _samples(params["samples"])
    for name, entry in params["recipes"].items():
        _recipe(params, name, entry)
    for name, entry in params["comparisons"].items():
        _comparison(params, name, entry)
    if params["pipeline"] != pipeline.derive(params):
        raise InputError(
            "params.yaml: pipeline is not what its other sections give; "
            "mend it with: python -m stages.compose"
        )


def _sections(params: Mapping[str, Any]) -> None:
    """Refuse missing and unknown sections, and names that could not be paths or stage names."""
    allowed = [*SECTIONS, "figures", "samples", "published", "seed", "pipeline"]
    for key in params:
        if key not in allowed:
            name = key if isinstance(key, str) else shown(key)
            raise refusal(name, params[key], f"no such section; the sections are {', '.join(allowed)}")
    for key in allowed:
        if key not in params:
            raise refusal(key, None, "a value, it is missing")
    for section in SECTIONS:
        if not isinstance(params[section], dict):
            raise refusal(section, params[section], "a mapping of names to entries")
        for name, entry in params[section].items():
            _named(name, section)
            if not isinstance(entry, dict):
                raise refusal(f"{section}.{name}", entry, "a mapping")
    read(Seed, params["seed"], "seed")


def _choices(params: Mapping[str, Any], section: str, key: str, cls: str) -> None:
    """Read each entry of a section with the dataclass of the module that its `key` names."""
    for name, entry in params[section].items():
        _known(entry.get(key), kinds.names(section), f"{section}.{name}.{key}")
        read(getattr(kinds.module(section, entry[key]), cls), entry, f"{section}.{name}")


def _corpus(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    corpus = read(Corpus, entry, f"corpora.{name}")
    _known(corpus.source, params["sources"], f"corpora.{name}.source")
    key = f"corpora.{name}.tokenizer"
    _known(corpus.tokenizer.get("kind"), kinds.names("tokenizers"), f"{key}.kind")
    read(kinds.module("tokenizers", corpus.tokenizer["kind"]).Config, corpus.tokenizer, key)
    key = f"corpora.{name}.pad"
    _known(corpus.pad.get("kind"), padding.KINDS, f"{key}.kind")
    read(padding.KINDS[corpus.pad["kind"]], corpus.pad, key).check(key)


def _recipe(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    recipe = read(Recipe, entry, f"recipes.{name}")
    _known(recipe.corpus, params["corpora"], f"recipes.{name}.corpus")
    _known(recipe.model, params["models"], f"recipes.{name}.model")
    _known(recipe.training, params["trainings"], f"recipes.{name}.training")
    if params["seed"] + recipe.seeds > 2**32:
        raise refusal(
            f"recipes.{name}.seeds", recipe.seeds, f"seeds below {2**32}, counted from seed, {params['seed']}"
        )
    model, pad = params["models"][recipe.model], params["corpora"][recipe.corpus]["pad"]
    if model["architecture"] == "flatten" and pad["kind"] != "fixed":
        raise refusal(
            f"recipes.{name}.corpus",
            recipe.corpus,
            "for `flatten`, a corpus padded to a fixed length",
        )
    narrowest = pad["length"] if pad["kind"] == "fixed" else pad["boundaries"][0]
    if model["architecture"] == "conv1d" and not model["mask"] and model["kernel"] > narrowest:
        raise refusal(
            f"models.{recipe.model}.kernel",
            model["kernel"],
            f"without a mask, {narrowest} at most, the narrowest arrays of the corpus {recipe.corpus}",
        )


def _comparison(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    comparison = read(Comparison, entry, f"comparisons.{name}")
    key = f"comparisons.{name}.recipes"
    for recipe in comparison.recipes:
        _known(recipe, params["recipes"], key)
    if len(set(comparison.recipes)) != len(comparison.recipes) or not comparison.recipes:
        raise refusal(key, comparison.recipes, "at least one recipe, none of them twice")
    compared = pipeline.derive(params)["comparisons"][name] if comparison.against else {}
    for recipe in comparison.recipes if comparison.against else []:
        found = compared[recipe]["x"]
        if type(found) not in (int, float) or found <= 0:
            allowed = (
                f"a part of recipes, a dot, and a key that is a positive number (in {recipe}: {found!r})"
            )
            raise refusal(f"comparisons.{name}.against", comparison.against, allowed)


def _published(entry: object) -> None:
    published = read(Published, entry, "published")
    for name, claim in published.claims.items():
        _known(claim.lesson, published.sources, f"published.claims.{name}.lesson")


def _samples(entry: object) -> None:
    if not isinstance(entry, dict) or not entry:
        raise refusal("samples", entry, "a mapping of names to sentences, at least one")
    for name, sentence in entry.items():
        _named(name, "samples")
        if not isinstance(sentence, str):
            raise refusal(f"samples.{name}", sentence, "a sentence, in quotes if it looks like a number")


def _named(name: object, section: str) -> None:
    """Refuse a name that could not be a path or a stage's name."""
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        key = f"{section}.{name}" if isinstance(name, str) else section
        raise refusal(key, name, "a name of lower-case letters, digits and single hyphens")


def _known(value: object, names: Iterable[str], key: str) -> None:
    if value not in (known := sorted(names)):
        raise refusal(key, value, f"one of {', '.join(known)}")
