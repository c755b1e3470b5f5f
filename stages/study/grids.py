"""Experiments -> recipes: a cross product is stated once, in conf/experiments/, and its cells are recipes.

An experiment holds what all its recipes share and varies the rest, an axis for each question:

    corpus: imdb-words
    training: ten-epochs
    vary:
      network: {lstm: {model: lstm-32}, gru: {model: gru-32}}
      remedy: {none: {}, dropout: {model: {dropout: {dense: 0.5}}}}

gives <experiment>-lstm-none, -lstm-dropout, -gru-none, -gru-dropout. A patch names an entry of the section,
or changes some keys of the entry named before it. The cells of an axis that is `cumulative` have the patches
of the cells before them, too, as far as no later one names an entry anew: one idea at a time.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.study.naming import human

SECTIONS = {"model": "models", "training": "trainings"}
MOST_SEEDS = 100
DUPLICATES = {"keep": "kept", "drop exact": "exact dropped"}
NOTHING = "stages/sources/__init__.py"  # a module without code: lists in dvc.yaml have no optional elements
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A recipe of an experiment: its name, the cell of each axis, what it is made of (`corpus`, `model`,
    `training`, `seeds`; a part that is not given, or not known, is missing)."""

    name: str
    place: dict[str, str]
    parts: dict[str, Any]


def derive(params: Entry) -> dict[str, Any]:
    """The sections that follow from the others: complete `recipes`, `comparisons`, and `pipeline`.

    What is no mapping, and what names nothing, gives gaps: stages/study/schema.py has the words for them.
    `order` is what DVC does not see of mappings, and how many recipes each source's test split is read for.
    """
    experiments = {name: list(cells(name, params)) for name in entries(params, "experiments")}
    recipes = {
        cell.name: recipe(name, cell, params) for name, members in experiments.items() for cell in members
    }
    known = {cell.name: cell for members in experiments.values() for cell in members}
    comparisons = {
        name: comparison(name, members, params) | _baseline(name, known, recipes, params)
        for name, members in experiments.items()
    }
    sources = entries(params, "sources")
    teachers = _teachers(recipes)
    asked = {name for name, entry in entries(params, "experiments").items() if entry.get("samples") is True}
    sampled = {name: entry for name, entry in recipes.items() if entry["experiment"] in asked}
    order = {
        "sampled": [*sampled],
        "corpora": [*entries(params, "corpora")],
        "tested": dict(Counter(_source_of(entry["corpus"], params) for entry in recipes.values())),
    }
    pipeline = {
        "sources": {name: _source(entry) for name, entry in sources.items()},
        "teachers": {name: _teacher(entry) for name, entry in recipes.items() if name in teachers},
        "prepared": {name: _prepared(entry) for name, entry in recipes.items() if _starts(entry)},
        "sampled": {name: {"corpus": entry["corpus"]} for name, entry in sampled.items()},
        "samples": "reports/samples" if sampled else NOTHING,
        "order": order,
    }
    return {"recipes": recipes, "comparisons": comparisons, "pipeline": pipeline}


def cells(experiment: str, params: Entry) -> Iterator[Cell]:
    """The recipes of an experiment, in the order in which it states them."""
    stated = entries(params, "experiments")[experiment]
    axes = {axis: _mapping(patches) for axis, patches in _mapping(stated.get("vary")).items()}
    tweaks = _mapping(stated.get("tweak"))
    shared = {part: stated[part] for part in ("corpus", "model", "training", "seeds") if part in stated}
    for chosen in itertools.product(*axes.values()):
        place = dict(zip(axes, chosen, strict=True))
        name = "-".join([experiment, *chosen])
        patches = [
            patch
            for axis, cell in place.items()
            for patch in patches_of(axes[axis], cell, stated.get("cumulative") == axis)
        ]
        patches.append(_mapping(tweaks.get("-".join(chosen))))
        parts = dict(shared)
        for section in SECTIONS:
            layers = [layer[section] for layer in [shared, *patches] if section in layer]
            parts[section] = patched(layers, entries(params, SECTIONS[section]))
        for patch in patches:
            parts |= {part: patch[part] for part in ("corpus", "seeds") if part in patch}
        yield Cell(name, place, parts)


def patches_of(axis: Entry, cell: str, cumulative: bool) -> list[dict[str, Any]]:
    """The patch of an axis's cell; if they are cumulative, after those of the cells before it, without the
    parts that a later one names an entry for."""
    if not cumulative:
        return [_mapping(axis[cell])]
    names = [*axis]
    stack = [_mapping(axis[name]) for name in names[: names.index(cell) + 1]]
    return [
        {
            part: value
            for part, value in patch.items()
            if not any(isinstance(later.get(part), str) for later in stack[place + 1 :])
        }
        for place, patch in enumerate(stack)
    ]


def patched(layers: list[Any], known: Entry) -> Any:
    """The entry named last, with all patches over it: [{"units": [64]}, "lstm-32", {"mask": True}]."""
    names = [layer for layer in layers if not isinstance(layer, Mapping)]
    entry = known.get(str(names[-1]), names[-1]) if names else None
    for patch in layers:
        if isinstance(patch, Mapping):
            entry = merged(entry, patch) if entry is not None else patch
    return entry


def merged(entry: Any, patch: Any) -> Any:
    """`entry` with the keys of `patch` in the place of its own, mapping by mapping."""
    if not (isinstance(entry, Mapping) and isinstance(patch, Mapping)):
        return patch
    return {**entry, **{key: merged(entry.get(key), value) for key, value in patch.items()}}


def recipe(experiment: str, cell: Cell, params: Entry) -> dict[str, Any]:
    """A complete recipe: `arrays` is what its training may open, `seeds` those that it is trained with."""
    corpus, training = cell.parts.get("corpus"), cell.parts.get("training")
    return {
        "experiment": experiment,
        "corpus": corpus,
        "arrays": arrays(cell.name, corpus, cell.parts.get("model"), training),
        "model": cell.parts.get("model"),
        "training": training,
        "seeds": _seeds(params.get("seed"), cell.parts.get("seeds", 1)),
    }


def arrays(name: str, corpus: object, model: object, training: object) -> str:
    """What a recipe's training may open: the training split's arrays, all of the corpus's if it validates on
    test, what the stage `prepare` makes of them, or what an ensemble's members say of them."""
    how, members = _mapping(training), _mapping(model).get("members")
    if members:
        return f"data/logits/train/{members}"
    if how.get("validation") == "test":
        return f"data/padded/{corpus}"
    return f"data/prepared/{name}" if _starts({"training": training}) else f"data/padded/{corpus}/train"


def comparison(experiment: str, members: list[Cell], params: Entry) -> dict[str, Any]:
    """What `compare` shows of an experiment: lists with an element for each recipe, where it has them.

    names: what figures call the recipes; those with the same name are points of one line if there is an `x`.
    headings: what people call the `chapters` that recipes are in.
    colors: the place of the name in conf/names.yaml, -1 if it is not there.
    """
    stated = entries(params, "experiments")[experiment]
    x, chapters = stated.get("x"), stated.get("chapters")
    places = [_number(cell.place.get(str(x))) for cell in members]
    keys = [[c for axis, c in cell.place.items() if axis not in (x, chapters)] for cell in members]
    texts = [text for text in _mapping(params.get("names")).values() if isinstance(text, str)]
    order = list(dict.fromkeys(texts))
    named = [_name(key, experiment, params) for key in keys]
    return {
        "title": stated.get("title"),
        "recipes": [cell.name for cell in members],
        "sources": [_source_of(cell.parts.get("corpus"), params) for cell in members],
        "duplicates": [_duplicates(cell.parts.get("corpus"), params) for cell in members],
        "names": named,
        "colors": [order.index(name) if name in order else -1 for name in named],
        **({"x": x, "places": places} if x else {}),
        **(
            _chapters([cell.place.get(str(chapters)) for cell in members], experiment, params)
            if chapters
            else {}
        ),
    }


def _chapters(cells: Sequence[str | None], experiment: str, params: Entry) -> dict[str, Any]:
    return {"chapters": [*cells], "headings": [_name([str(cell)], experiment, params) for cell in cells]}


def entries(params: Entry, section: str) -> dict[str, Entry]:
    """A section's entries, as far as they are mappings."""
    return {
        name: entry for name, entry in _mapping(params.get(section)).items() if isinstance(entry, Mapping)
    }


def _mapping(value: object) -> dict[str, Any]:
    return {k: v for k, v in value.items() if isinstance(k, str)} if isinstance(value, Mapping) else {}


def _source(entry: Entry) -> dict[str, Any]:
    """A source with what dvc.yaml can't look up: the file or folder of the user's that it reads, else a
    module without code, for lists in dvc.yaml have no optional elements."""
    return {
        "kind": entry.get("kind"),
        "reads": entry.get("path") or NOTHING,
        "entry": entry,
    }


def _starts(recipe: Entry) -> bool:
    """Whether a recipe's training starts from more than its arrays, or needs the hashes of the trainers that
    its own is built on, which `prepare` keeps, too."""
    training = _mapping(recipe.get("training"))
    return bool(training.get("teacher") or training.get("start") or training.get("kind") == "adversarial")


def _teachers(recipes: Mapping[str, Entry]) -> set[str]:
    return {str(_mapping(recipe.get("training")).get("teacher")) for recipe in recipes.values()}


def _teacher(recipe: Entry) -> dict[str, Any]:
    return {"corpus": f"data/padded/{recipe.get('corpus')}"}


def _prepared(recipe: Entry) -> dict[str, Any]:
    """What a student's teacher says, and the weights that a network starts with: a module without code in the
    place of what there is not, for lists in dvc.yaml have no optional elements."""
    training = _mapping(recipe.get("training"))
    teacher, start = training.get("teacher"), training.get("start")
    return {
        "corpus": f"data/padded/{recipe.get('corpus')}",
        "answers": f"data/answers/{teacher}.npz" if teacher else NOTHING,
        "weights": f"data/pretrained/{start}.npz" if start else NOTHING,
    }


def _baseline(
    experiment: str, known: Mapping[str, Cell], recipes: Mapping[str, Entry], params: Entry
) -> dict[str, str]:
    """The recipe that a comparison's others are drawn beside, its source, and the file of its metrics;
    without one, a module without code in the file's place."""
    name = entries(params, "experiments")[experiment].get("baseline")
    if name is None:
        return {"reads": NOTHING}
    beside = recipes.get(str(name), {})
    key = [*known[str(name)].place.values()] if str(name) in known else [str(name)]
    return {
        "reads": f"reports/metrics/{name}.json",
        "baseline": str(name),
        "baseline_name": _name(key, beside.get("experiment"), params),
        "baseline_source": _source_of(beside.get("corpus"), params),
    }


def _name(key: list[str], experiment: object, params: Entry) -> str:
    """What figures call a recipe of an experiment, by its cells there, else by the experiment's key."""
    names = entries(params, "experiments").get(str(experiment), {}).get("names")
    return human(key or [str(experiment)], {**_mapping(params.get("names")), **_mapping(names)})


def _source_of(corpus: object, params: Entry) -> str:
    return str(entries(params, "corpora").get(str(corpus), {}).get("source"))


def _duplicates(corpus: object, params: Entry) -> str:
    """What was done with the duplicates of a corpus's source."""
    action = entries(params, "sources").get(_source_of(corpus, params), {}).get("duplicates", "keep")
    return DUPLICATES.get(str(action), "")


def _seeds(first: object, count: object) -> list[int]:
    """As many seeds as a recipe asks for, from the study's on."""
    if type(first) is not int or type(count) is not int or not 1 <= count <= MOST_SEEDS:
        return []
    return list(range(first, first + count))


def _number(cell: object) -> float | None:
    try:
        return float(str(cell))
    except ValueError:
        return None
