"""The whole of params.yaml, checked before any work: every entry, and every name it refers to.

Each section's dataclass lives beside the code that it configures; this module only brings them together.
"""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from stages.artifacts import padding
from stages.reporting.style import Figures
from stages.runtime.config import InputError, Seed, config, nearest, read, refusal
from stages.study import recipe
from stages.study.entries import (
    DERIVED,
    FILES,
    FOLDERS,
    choice,
    choices,
    known,
    mend,
    named,
    padded,
    trained,
    unlabelled,
)
from stages.study.grids import MOST_SEEDS, SECTIONS
from stages.study.naming import runs

NEIGHBOURS = {"word_vectors", "language_model"}  # kinds of pretraining that read the words around a word


@config
class Corpus:
    source: str
    tokenizer: dict[str, Any]
    pad: dict[str, Any]


@config
class Experiment:
    """What its recipes share, and what is varied: see stages/study/grids.py.

    cumulative: the axis whose cells add to those before them.
    x: the axis, of numbers, that accuracies are drawn against; chapters: the axis with figures for each cell.
    baseline: a recipe, the linear model whose accuracy is drawn beside those on the same source.
    names: what figures call cells of its axes, or several that follow each other (as "lstm-stacked"), before
    those of conf/names.yaml.
    samples: whether its recipes are asked the sentences of conf/samples.yaml.
    choose_by: what `fit` and `report` rank its recipes by, on held-out texts; None: accuracy.
    sources ... trainings: entries of these sections that only this experiment needs.
    """

    title: str
    vary: Annotated[dict[str, dict[str, dict[str, Any]]], Field(min_length=1)]
    corpus: str | None = None
    model: str | None = None
    training: str | None = None
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 1
    tweak: dict[str, dict[str, Any]] = Field(default_factory=dict)
    cumulative: str | None = None
    x: str | None = None
    chapters: str | None = None
    baseline: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
    samples: bool = False
    choose_by: Literal["accuracy", "macro_f1", "auc", "loss"] | None = None
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    corpora: dict[str, dict[str, Any]] = Field(default_factory=dict)
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)
    pretrainings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    trainings: dict[str, dict[str, Any]] = Field(default_factory=dict)


def check(params: Mapping[str, Any]) -> None:
    """Refuse params.yaml at the first entry that is unknown, missing, mistyped, out of range, dangling."""
    _sections(params)
    choices(params, "sources", "kind", "Source")
    choices(params, "models", "architecture", "Sizes")
    for name, entry in params["corpora"].items():
        _corpus(params, name, entry)
    choices(params, "pretrainings", "kind", "Pretraining", folder="pretrainers")
    for name, entry in params["pretrainings"].items():
        known(entry["corpus"], params["corpora"], f"pretrainings.{name}.corpus")
        unlabelled(params, entry["corpus"], f"pretrainings.{name}.corpus")
        _ordered(params, entry, f"pretrainings.{name}.corpus")
    for name, entry in params["trainings"].items():
        trained(entry, f"trainings.{name}")
    cells: set[str] = set()
    for name, entry in params["experiments"].items():
        cells |= _experiment(params, name, entry, cells)
    for name, entry in params["recipes"].items():
        recipe.check(params, name, entry)
    for name, entry in params["experiments"].items():
        if entry.get("baseline") is not None:
            known(entry["baseline"], params["recipes"], f"experiments.{name}.baseline")
    read(Figures, params["figures"], "figures", mend("figures"))
    _texts(params["samples"], "samples", "sentences")
    _texts(params["names"], "names", "what figures call them")


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
            named(name, section)
            if not isinstance(entry, dict):
                raise refusal(f"{section}.{name}", entry, "a mapping", mend(f"{section}.{name}"))
    read(Seed, params["seed"], "seed", mend("seed"))


def _ordered(params: Mapping[str, Any], entry: Mapping[str, Any], key: str) -> None:
    """Refuse to learn from the neighbours of a token where none has any."""
    tokenizer = params["corpora"][entry["corpus"]]["tokenizer"]["kind"]
    if entry["kind"] in NEIGHBOURS and recipe.unordered("tokenizers", tokenizer):
        allowed = f"for {entry['kind']}, a corpus with an order, which {tokenizer} have not"
        raise refusal(key, entry["corpus"], allowed, mend(key))


def _corpus(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    key = f"corpora.{name}"
    corpus = read(Corpus, entry, key, mend(key))
    known(corpus.source, params["sources"], f"{key}.source")
    choice("tokenizers", corpus.tokenizer, "kind", "Config", f"{key}.tokenizer")
    how, unlabelled = padded(corpus.pad)
    known(how.get("kind"), padding.KINDS, f"{key}.pad.kind")
    pad = read(padding.KINDS[str(how["kind"])], how, f"{key}.pad", mend(key))
    pad.check(f"{key}.pad", mend(key))
    if type(unlabelled) is not bool:
        raise refusal(f"{key}.pad.unlabelled", unlabelled, "true or false", mend(key))


def _experiment(params: Mapping[str, Any], name: str, entry: Mapping[str, Any], others: set[str]) -> set[str]:
    """The recipes of an experiment, none of which has the name of another experiment's."""
    key = f"experiments.{name}"
    experiment = read(Experiment, entry, key, mend(key))
    _names(params, entry, key)
    _axes(params, experiment, key)
    cells = ["-".join(chosen) for chosen in itertools.product(*experiment.vary.values())]
    for cell, patch in experiment.tweak.items():
        known(cell, cells, f"{key}.tweak")
        _patch(params, patch, f"{key}.tweak.{cell}")
    _named(experiment, name, key)
    recipes = [f"{name}-{cell}" for cell in cells]
    for cell in recipes:
        if cell in others or recipes.count(cell) > 1:
            raise refusal(f"{key}.vary", cell, "cells whose recipes have names of their own", mend(key))
    return set(recipes)


def _named(experiment: Experiment, name: str, key: str) -> None:
    """Refuse a name of no cells that figures name. Those of conf/names.yaml may have none: experiments that
    `fit` will write take them, too."""
    own = [axis for axis in experiment.vary if axis not in (experiment.x, experiment.chapters)]
    products = itertools.product(*(experiment.vary[axis] for axis in own))
    nameable = {*experiment.vary.get(experiment.chapters or "", {})}.union(
        *(runs(chosen or (name,)) for chosen in products)
    )
    for cells in experiment.names:
        known(cells, nameable, f"{key}.names")


def _axes(params: Mapping[str, Any], experiment: Experiment, key: str) -> None:
    for axis, patches in experiment.vary.items():
        if not patches:
            raise refusal(f"{key}.vary.{axis}", patches, "at least one cell", mend(key))
        for cell, patch in patches.items():
            named(cell, f"{key}.vary.{axis}")
            _patch(params, patch, f"{key}.vary.{axis}.{cell}")
    for part in ("cumulative", "x", "chapters"):
        name = getattr(experiment, part)
        if name is not None:
            known(name, experiment.vary, f"{key}.{part}")
    if experiment.x:
        for cell in experiment.vary[experiment.x]:
            if not cell.isdigit() or not int(cell):
                raise refusal(f"{key}.vary.{experiment.x}", cell, "whole numbers above 0, as x", mend(key))


def _patch(params: Mapping[str, Any], patch: Mapping[str, Any], key: str) -> None:
    """Refuse a key that no recipe has, and a name that no entry has."""
    for part in patch:
        known(part, ["corpus", "model", "training", "seeds"], key)
    _names(params, patch, key)


def _names(params: Mapping[str, Any], stated: Mapping[str, Any], key: str) -> None:
    for part, section in {"corpus": "corpora", **SECTIONS}.items():
        if isinstance(stated.get(part), str):
            known(stated[part], params[section], f"{key}.{part}")


def _texts(entry: object, section: str, what: str) -> None:
    """Refuse a section that does not have a text for each of its keys."""
    if not isinstance(entry, dict) or not entry:
        raise refusal(section, entry, f"a mapping of names to {what}, at least one", mend(section))
    for name, text in entry.items():
        named(name, section)
        if not isinstance(text, str):
            raise refusal(f"{section}.{name}", text, "a text, in quotes", mend(section))
