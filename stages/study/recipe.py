"""A recipe of params.yaml: its parts, and whether they go together."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from stages.runtime import kinds
from stages.runtime.config import Seed, config, read, refusal
from stages.study.entries import choice, known, mend, trained, unlabelled
from stages.study.grids import arrays

# of the networks those whose tables are no embedding of a token, which a training could start with or move
WITHOUT_EMBEDDING = {"nb_svm", "oh_cnn"}
EMBEDDED = {"transfer", "adversarial"}  # kinds of training that need one


@config
class Recipe:
    experiment: str
    corpus: str
    arrays: str
    model: dict[str, Any]
    training: dict[str, Any]
    seeds: Annotated[list[Seed], Field(min_length=1)]


def check(params: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    key = f"recipes.{name}"
    recipe = read(Recipe, entry, key, mend(key))
    known(recipe.experiment, params["experiments"], f"{key}.experiment")
    known(recipe.corpus, params["corpora"], f"{key}.corpus")
    choice("models", recipe.model, "architecture", "Sizes", f"{key}.model")
    trained(recipe.training, f"{key}.training")
    _together(params, recipe, key)
    _sets(params, recipe, key)
    _taught(params, name, recipe)
    _ensemble(params, recipe, key)
    allowed = arrays(name, recipe.corpus, recipe.model, recipe.training)
    if recipe.arrays != allowed:
        raise refusal(f"{key}.arrays", recipe.arrays, f"{allowed}, with its corpus and validation", mend(key))
    model, pad = recipe.model, params["corpora"][recipe.corpus]["pad"]
    if model["architecture"] == "flatten" and pad["kind"] != "fixed":
        raise refusal(f"{key}.corpus", recipe.corpus, "for `flatten`, a corpus of fixed length", mend(key))
    share = model.get("dropout", {}).get("recurrent")
    if share and "units" not in model:
        allowed = f"0.0, as {model['architecture']} has no recurrent layer"
        raise refusal(f"{key}.model.dropout.recurrent", share, allowed, mend(key))
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
    if (start := training.get("start")) is not None:
        known(start, params["pretrainings"], f"{key}.start")
        _same_ids(params, params["pretrainings"][start]["corpus"], recipe.corpus, f"{key}.start", start)
    teachers, teacher = [name], training.get("teacher")
    while teacher is not None:
        known(teacher, params["recipes"], f"{key}.teacher")
        if teacher in teachers:
            raise refusal(f"{key}.teacher", teacher, "a recipe that is not taught by this one", mend(key))
        teachers.append(teacher)
        teacher = params["recipes"][teacher]["training"].get("teacher")
    if (teacher := training.get("teacher")) is not None:
        unlabelled(params, recipe.corpus, f"recipes.{name}.corpus")
        unlabelled(params, params["recipes"][teacher]["corpus"], f"{key}.teacher")
        _alike(params, recipe, teacher, f"{key}.teacher")


def _same_ids(params: Mapping[str, Any], learned: str, used: str, key: str, start: str) -> None:
    """Refuse weights for the ids of another corpus, whose shapes may fit all the same."""
    one, other = params["corpora"][learned], params["corpora"][used]
    if any(one[part] != other[part] for part in ("source", "tokenizer")):
        allowed = f"weights learned on a corpus with source and tokenizer of {used}, unlike {learned}"
        raise refusal(key, start, allowed, mend(key))


def _ensemble(params: Mapping[str, Any], recipe: Recipe, key: str) -> None:
    """Refuse members that are ensembles themselves, or that did not hold out what this one is weighed on."""
    members = recipe.model.get("members")
    if members is None:
        return
    known(members, params["experiments"], f"{key}.model.members")
    for name in params["comparisons"][members]["recipes"]:
        entry = params["recipes"][name]
        if "members" in entry["model"]:
            allowed = f"an experiment without ensembles, unlike {members} with {name}"
            raise refusal(f"{key}.model.members", members, allowed, mend(key))
        _alike(params, recipe, name, f"{key}.model.members")


def _alike(params: Mapping[str, Any], recipe: Recipe, other: str, key: str) -> None:
    """Refuse a recipe that this one builds on if it has other texts, holds out others, or lacks a seed."""
    entry = params["recipes"][other]
    source, own_source = (params["corpora"][corpus]["source"] for corpus in (entry["corpus"], recipe.corpus))
    if source != own_source:
        raise refusal(key, other, f"a recipe on {own_source}, as this one", mend(key))
    validation = recipe.training["validation"]
    if entry["training"]["validation"] != validation or validation == "test":
        raise refusal(key, other, "a recipe that holds out what this one does", mend(key))
    if not set(recipe.seeds) <= set(entry["seeds"]):
        raise refusal(key, other, "a recipe with all seeds of this one", mend(key))


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
    if kind in EMBEDDED and recipe.model["architecture"] in WITHOUT_EMBEDDING:
        allowed = f"gradient_descent, as {recipe.model['architecture']} has no embedding of tokens"
        raise refusal(f"{key}.training.kind", kind, allowed, mend(key))
    tokenizer = params["corpora"][recipe.corpus]["tokenizer"]["kind"]
    if unordered("tokenizers", tokenizer) and not unordered("models", recipe.model["architecture"]):
        takes = ", ".join(name for name in kinds.names("models") if unordered("models", name))
        allowed = f"{takes}, for {recipe.corpus}, whose {tokenizer} have no order"
        raise refusal(f"{key}.model.architecture", recipe.model["architecture"], allowed, mend(key))


def _sets(params: Mapping[str, Any], recipe: Recipe, key: str) -> None:
    """Refuse NB-SVM's network on repeated tokens, which it would count as so many texts that have them."""
    tokenizer = params["corpora"][recipe.corpus]["tokenizer"]
    if recipe.model["architecture"] == "nb_svm" and not tokenizer.get("binary"):
        allowed = "for nb_svm, a corpus of `ngrams` with `binary: true`, as it counts texts"
        raise refusal(f"{key}.corpus", recipe.corpus, allowed, mend(key))


def unordered(folder: str, name: str) -> bool:
    return hasattr(kinds.module(folder, name), "UNORDERED")
