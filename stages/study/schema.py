"""The whole of params.yaml, checked before any work: every entry, and every name it refers to.

Each section's dataclass lives beside the code that it configures; this module only brings them together.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from stages.artifacts import padding
from stages.reporting.style import Figures
from stages.runtime import kinds
from stages.runtime.config import InputError, Seed, config, nearest, read, refusal
from stages.study.grids import MOST_SEEDS, arrays

# DVC would take 0o7 for the number 7
NAME = re.compile(r"(?!0o)[a-z0-9]+(-[a-z0-9]+)*")
FOLDERS = [
    "sources",
    "corpora",
    "models",
    "pretrainings",
    "trainings",
    "experiments",
]  # of conf/, an entry a file
FILES = ["figures", "samples"]  # of conf/, a section each
DERIVED = ["recipes", "comparisons", "pipeline", "versions", "composed"]


@config
class Corpus:
    source: str
    tokenizer: dict[str, Any]
    pad: dict[str, Any]


@config
class Experiment:
    """What its recipes share, and what is varied: see stages/study/grids.py.

    x: the axis, of numbers, that accuracies are drawn against; chapters: the axis with figures for each cell.
    baseline: a recipe, the linear model whose accuracy is drawn beside those on the same source.
    """

    title: str
    vary: Annotated[dict[str, dict[str, dict[str, Any]]], Field(min_length=1)]
    corpus: str | None = None
    model: str | None = None
    training: str | None = None
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 1
    tweak: dict[str, dict[str, Any]] = Field(default_factory=dict)
    x: str | None = None
    chapters: str | None = None
    baseline: str | None = None


@config
class Recipe:
    experiment: str
    corpus: str
    arrays: str
    model: dict[str, Any]
    training: dict[str, Any]
    seeds: Annotated[list[Seed], Field(min_length=1)]


def check(params: Mapping[str, Any]) -> None:
    """Refuse params.yaml at the first entry that is unknown, missing, mistyped, out of range, dangling."""
    _sections(params)
    _choices(params, "sources", "kind", "Source")
    _choices(params, "models", "architecture", "Sizes")
    for name, entry in params["corpora"].items():
        _corpus(params, name, entry)
    _choices(params, "pretrainings", "kind", "Pretraining", folder="pretrainers")
    for name, entry in params["pretrainings"].items():
        _known(entry["corpus"], params["corpora"], f"pretrainings.{name}.corpus")
        _unlabelled(params, entry["corpus"], f"pretrainings.{name}.corpus")
    for name, entry in params["trainings"].items():
        _training(entry, f"trainings.{name}")
    cells: set[str] = set()
    for name, entry in params["experiments"].items():
        cells |= _experiment(name, entry, cells)
    for name, entry in params["recipes"].items():
        _recipe(params, name, entry)
    for name, entry in params["experiments"].items():
        if entry.get("baseline") is not None:
            _known(entry["baseline"], params["recipes"], f"experiments.{name}.baseline")
    read(Figures, params["figures"], "figures", mend("figures"))
    _samples(params["samples"])


def mend(key: str) -> str:
    """What to do about a value at a key of params.yaml: the file of conf/ that it comes from."""
    section, _, rest = key.partition(".")
    if section in FOLDERS:
        file = f"{section}/{rest.split('.')[0]}.yaml" if rest else f"{section}/"
    elif section == "recipes":
        file = "experiments/ or what it names"
    else:
        file = f"{section}.yaml" if section in FILES else "config.yaml"
    return f"mend conf/{file}, then run: python -m stages.compose"


def _sections(params: Mapping[str, Any]) -> None:
    """Refuse missing and unknown sections, and names that could not be paths or stage names."""
    allowed = [*FOLDERS, *FILES, "seed", *DERIVED]
    for key in params:
        if key not in allowed:
            raise refusal(key, params[key], f"no such section, {nearest(key, allowed)}", mend("seed"))
    for key in allowed:
        if key not in params:
            raise InputError(f"params.yaml: {key} is missing; {mend(key)}")
    for section in [*FOLDERS, "recipes", "comparisons"]:
        if not isinstance(params[section], dict):
            raise refusal(section, params[section], "a mapping of names to entries", mend(section))
        for name, entry in params[section].items():
            _named(name, section)
            if not isinstance(entry, dict):
                raise refusal(f"{section}.{name}", entry, "a mapping", mend(f"{section}.{name}"))
    read(Seed, params["seed"], "seed", mend("seed"))


def _choices(params: Mapping[str, Any], section: str, key: str, cls: str, folder: str = "") -> None:
    """Read each entry of a section with the dataclass of the module of the folder that its `key` names."""
    for name, entry in params[section].items():
        _choice(folder or section, entry, key, cls, f"{section}.{name}")


def _choice(folder: str, entry: Mapping[str, Any], key: str, cls: str, place: str) -> Any:
    kind = entry.get(key)
    _known(kind, kinds.names(folder), f"{place}.{key}")
    return read(getattr(kinds.module(folder, str(kind)), cls), entry, place, mend(place))


def _training(entry: Mapping[str, Any], place: str) -> Any:
    training = _choice("trainers", entry, "kind", "Training", place)
    training.check(place, mend(place))
    return training


def _corpus(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    key = f"corpora.{name}"
    corpus = read(Corpus, entry, key, mend(key))
    _known(corpus.source, params["sources"], f"{key}.source")
    _choice("tokenizers", corpus.tokenizer, "kind", "Config", f"{key}.tokenizer")
    how, unlabelled = padded(corpus.pad)
    _known(how.get("kind"), padding.KINDS, f"{key}.pad.kind")
    pad = read(padding.KINDS[str(how["kind"])], how, f"{key}.pad", mend(key))
    pad.check(f"{key}.pad", mend(key))
    if type(unlabelled) is not bool:
        raise refusal(f"{key}.pad.unlabelled", unlabelled, "true or false", mend(key))


def padded(pad: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """How a corpus's texts are padded, and whether those without labels are, too: its `pad`, taken apart."""
    return {key: value for key, value in pad.items() if key != "unlabelled"}, pad.get("unlabelled", False)


def _experiment(name: str, entry: Mapping[str, Any], others: set[str]) -> set[str]:
    """The recipes of an experiment, none of which has the name of another experiment's."""
    key = f"experiments.{name}"
    experiment = read(Experiment, entry, key, mend(key))
    _axes(experiment, key)
    cells = ["-".join(chosen) for chosen in itertools.product(*experiment.vary.values())]
    for cell, patch in experiment.tweak.items():
        _known(cell, cells, f"{key}.tweak")
        _patch(patch, f"{key}.tweak.{cell}")
    recipes = [f"{name}-{cell}" for cell in cells]
    for recipe in recipes:
        if recipe in others or recipes.count(recipe) > 1:
            raise refusal(f"{key}.vary", recipe, "cells whose recipes have names of their own", mend(key))
    return set(recipes)


def _axes(experiment: Experiment, key: str) -> None:
    for axis, patches in experiment.vary.items():
        if not patches:
            raise refusal(f"{key}.vary.{axis}", patches, "at least one cell", mend(key))
        for cell, patch in patches.items():
            _named(cell, f"{key}.vary.{axis}")
            _patch(patch, f"{key}.vary.{axis}.{cell}")
    for part, name in (("x", experiment.x), ("chapters", experiment.chapters)):
        if name is not None:
            _known(name, experiment.vary, f"{key}.{part}")
    if experiment.x:
        for cell in experiment.vary[experiment.x]:
            if not cell.isdigit() or not int(cell):
                raise refusal(f"{key}.vary.{experiment.x}", cell, "whole numbers above 0, as x", mend(key))


def _patch(patch: Mapping[str, Any], key: str) -> None:
    """Refuse a key that no recipe has."""
    for part in patch:
        _known(part, ["corpus", "model", "training", "seeds"], key)


def _recipe(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    key = f"recipes.{name}"
    recipe = read(Recipe, entry, key, mend(key))
    _known(recipe.experiment, params["experiments"], f"{key}.experiment")
    _known(recipe.corpus, params["corpora"], f"{key}.corpus")
    _choice("models", recipe.model, "architecture", "Sizes", f"{key}.model")
    _training(recipe.training, f"{key}.training")
    _together(params, recipe, key)
    _taught(params, name, recipe)
    allowed = arrays(name, recipe.corpus, recipe.training)
    if recipe.arrays != allowed:
        raise refusal(f"{key}.arrays", recipe.arrays, f"{allowed}, with its corpus and validation", mend(key))
    model, pad = recipe.model, params["corpora"][recipe.corpus]["pad"]
    if model["architecture"] == "flatten" and pad["kind"] != "fixed":
        raise refusal(f"{key}.corpus", recipe.corpus, "for `flatten`, a corpus of fixed length", mend(key))
    segment = model.get("segment")
    if segment and (pad["kind"] != "fixed" or pad["length"] % segment):
        allowed = f"a divisor of the fixed length of a corpus, which {recipe.corpus} has not"
        raise refusal(f"{key}.model.segment", segment, allowed, mend(key))
    if segment and model["pooling"] == "last":
        raise refusal(f"{key}.model.pooling", "last", "with `segment`, mean, max or mean_max", mend(key))
    narrowest = pad["length"] if pad["kind"] == "fixed" else pad["boundaries"][0]
    if model["architecture"] == "conv1d" and not model["mask"] and model["kernel"] > narrowest:
        allowed = f"without a mask, {narrowest} at most, the narrowest arrays of {recipe.corpus}"
        raise refusal(f"{key}.model.kernel", model["kernel"], allowed, mend(key))


def _taught(params: Mapping[str, Any], name: str, recipe: Recipe) -> None:
    """Refuse a teacher that is the student itself or its student's student, or that learned from other texts
    than the student may, and a start that there is none of."""
    key, training = f"recipes.{name}.training", recipe.training
    if training.get("start") is not None:
        _known(training["start"], params["pretrainings"], f"{key}.start")
    teachers, teacher = [name], training.get("teacher")
    if teacher is not None:
        _unlabelled(params, recipe.corpus, f"recipes.{name}.corpus")
    while teacher is not None:
        _known(teacher, params["recipes"], f"{key}.teacher")
        if teacher in teachers:
            raise refusal(f"{key}.teacher", teacher, "a recipe that is not taught by this one", mend(key))
        teachers.append(teacher)
        teacher = params["recipes"][teacher]["training"].get("teacher")
    for other in teachers[1:2]:
        entry = params["recipes"][other]
        _unlabelled(params, entry["corpus"], f"{key}.teacher")
        source, own = (params["corpora"][corpus]["source"] for corpus in (entry["corpus"], recipe.corpus))
        if source != own:
            raise refusal(f"{key}.teacher", other, f"a recipe on {own}, as the student", mend(key))
        if entry["training"]["validation"] != training["validation"] or "test" in training["validation"]:
            raise refusal(f"{key}.teacher", other, "a recipe that holds out what the student does", mend(key))
        if not set(recipe.seeds) <= set(entry["seeds"]):
            raise refusal(f"{key}.teacher", other, "a recipe with all of the student's seeds", mend(key))


def _unlabelled(params: Mapping[str, Any], corpus: str, key: str) -> None:
    """Refuse a corpus without arrays of texts that have no labels where they are needed."""
    if not padded(params["corpora"][corpus]["pad"])[1]:
        allowed = f"a corpus whose pad has `unlabelled: true`, as conf/corpora/{corpus}.yaml may have"
        raise refusal(key, corpus, allowed, mend(key))


def _together(params: Mapping[str, Any], recipe: Recipe, key: str) -> None:
    """Refuse an architecture that its trainer can't train, or that would read an order where none is."""
    architecture = kinds.module("models", recipe.model["architecture"])
    trainers = {
        name: getattr(kinds.module("trainers", name), "BUILDS", "build") for name in kinds.names("trainers")
    }
    kind = recipe.training["kind"]
    if not hasattr(architecture, trainers[kind]):
        allowed = ", ".join(name for name, builds in trainers.items() if hasattr(architecture, builds))
        for_it = f"{allowed}, for the architecture {recipe.model['architecture']}"
        raise refusal(f"{key}.training.kind", kind, for_it, mend(key))
    tokenizer = params["corpora"][recipe.corpus]["tokenizer"]["kind"]
    if _unordered("tokenizers", tokenizer) and not _unordered("models", recipe.model["architecture"]):
        takes = ", ".join(name for name in kinds.names("models") if _unordered("models", name))
        allowed = f"{takes}, for {recipe.corpus}, whose {tokenizer} have no order"
        raise refusal(f"{key}.model.architecture", recipe.model["architecture"], allowed, mend(key))


def _unordered(folder: str, name: str) -> bool:
    return hasattr(kinds.module(folder, name), "UNORDERED")


def _samples(entry: object) -> None:
    if not isinstance(entry, dict) or not entry:
        raise refusal("samples", entry, "a mapping of names to sentences, at least one", mend("samples"))
    for name, sentence in entry.items():
        _named(name, "samples")
        if not isinstance(sentence, str):
            raise refusal(f"samples.{name}", sentence, "a sentence, in quotes", mend("samples"))


def _named(name: str, section: str) -> None:
    """Refuse a name that could not be a path or a stage's name."""
    if not NAME.fullmatch(name):
        allowed = "a name of lower-case letters, digits and single hyphens"
        raise refusal(f"{section}.{name}", name, allowed, mend(section))
    if len(name) > 100:
        raise refusal(f"{section}.{name}", name, "a name of at most 100 letters", mend(section))


def _known(value: object, names: Iterable[str], key: str) -> None:
    known = sorted(names)
    if value not in known:
        allowed = nearest(value, known) if isinstance(value, str) else f"one of {', '.join(known)}"
        raise refusal(key, value, allowed, mend(key))
