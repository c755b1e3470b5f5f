"""An experiment through the pipeline: baselines first, then everything, ranked by what was held out."""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.artifacts.split import load_split
from stages.runtime.config import ROOT, InputError
from stages.runtime.wording import clock, counted, percent
from stages.tools.fit.experiment import around, from_root, place, seconds, source_of
from stages.tools.fit.progress import Recipes, repro
from stages.tools.report import ranking

if TYPE_CHECKING:
    from stages.tools.report.parts import Experiment

WEIGHS = ("linear", "gradient_descent")  # the kinds of training that `fit` writes with a `class_weight`
BASELINES = ("majority", "logistic", "svm", "nb-svm", "characters")


def run(name: str, entries: dict[str, Any], by: str, words: float, labels: int) -> None:
    """Baselines, their ranking, then everything, the ranking of all, and the report.

    entries: params.yaml. words: millions in the training split, roughly, and labels: how many, for the time
    that is left.
    """
    from stages.tools.report import folder, gathered  # here: these load scikit-learn

    recipes, measure = entries["comparisons"][name]["recipes"], ranking.NAMES[by]
    first = [recipe for recipe in recipes if recipe.removeprefix(f"{name}-") in BASELINES]
    shares = {
        recipe: seconds(
            recipe.removeprefix(f"{name}-"), words, labels, len(entries["recipes"][recipe]["seeds"])
        )
        for recipe in recipes
    }
    all_of_it = coming(name, entries["recipes"], recipes, first)
    needed = sum(shares.values()) + around([entries["recipes"][recipe]["corpus"] for recipe in recipes])
    print(f"{all_of_it}: about {clock(needed)}, less what is there already", flush=True)
    counted_on = Recipes(shares)
    if first:  # without targets DVC runs everything
        repro([f"evaluate@{recipe}" for recipe in first], counted_on)
    imbalanced = imbalance(source_of(name, entries), by)
    if imbalanced:
        print(f"\n{imbalanced}")
    if 0 < len(first) < len(recipes):
        print(f"\nThe baselines, the best on held-out texts by {measure} first; the networks are next.")
        rank(name, first, by)
    repro([f"compare@{name}"], counted_on)
    print(f"\nAll of {name}, the best on held-out texts by {measure} first:")
    best = rank(name, recipes, by)
    compared = gathered.gather(ROOT, entries, name, by)
    print(f"\n{best} is chosen by its held-out texts. On the test split: {on_test(best, compared, by)}.")
    for line in differences(compared):
        print(line)
    if imbalanced and (advice := weighing(name, best, entries["recipes"][best]["training"])):
        print(advice)
    page = folder.page_of(compared, folder.by_models(entries["recipes"]))
    for line in next_commands(name, best, source_of(name, entries), folder.opened_by(page)):
        print(line)


def on_test(recipe: str, compared: "Experiment", by: str) -> str:
    """How good a recipe is on the test split, its rare labels too if they rank it. by: of ranking.BY."""
    right = f"{percent(metrics(recipe)['test']['accuracy'])} right"
    if by != "macro-f1":
        return right
    [f1] = [one.over_classes[0] for part in compared.parts for one in part.recipes if one.name == recipe]
    return f"{right}, macro-F1 {f1:.3f}"


def weighing(name: str, best: str, training: Mapping[str, Any]) -> str | None:
    """What may help with rare labels; None of a recipe that has it, or that it can't help."""
    cell = best.removeprefix(f"{name}-")
    if training["kind"] not in WEIGHS or training.get("class_weight") or cell == "majority":
        return None
    return (
        f"For the rare labels, try `{cell}: {{training: {{class_weight: balanced}}}}` under `tweak` in "
        f"{from_root(place(name))}: every label then has equal weight in its training."
    )


def next_commands(name: str, best: str, source: str, opened_by: str) -> Iterator[str]:
    """What a person may do with an experiment that is through, and its best recipe."""
    run = f"{python()} -m"
    yield f'Predict:  {run} stages.tools.predict {best} "a text"    (why: stages.tools.explain)'
    yield f"Serve:    {run} stages.tools.serve {best}    (without this repository: stages.tools.export)"
    yield f"Labels:   {run} stages.tools.labels {source}    (which are probably wrong)"
    yield f"Report:   {opened_by.replace('python -m', run, 1)}"
    yield f"Figures:  reports/comparisons/{name}/    Table: reports/tables/{name}.csv"
    yield f"Go on:    edit {from_root(place(name))}, then {run} stages.tools.fit {name}"


def python() -> str:
    """What starts this Python where a person is: after `make fit` no environment is active."""
    own = ROOT / ".venv"
    active = os.environ.get("VIRTUAL_ENV")
    if Path(sys.prefix).resolve() != own.resolve() or (active and Path(active).resolve() == own.resolve()):
        return "python"
    return ".venv/bin/python" if Path.cwd() == ROOT else shlex.quote(str(own / "bin" / "python"))


def differences(compared: "Experiment") -> Iterator[str]:
    """Which recipes are shown to differ from the chosen one on the test split."""
    from stages.tools.report import sections

    for part in compared.parts:
        if part.behind:
            yield sections.others(part)
            alike = sections.undecided(part)
            if 0 < len(alike) < len(part.behind):
                yield f"Not shown to differ: {', '.join(alike)}."


def coming(name: str, entries: Mapping[str, Any], recipes: Sequence[str], first: Sequence[str]) -> str:
    """What will be trained, in which order. entries: of recipes."""
    rest = [recipe for recipe in recipes if recipe not in first]
    linear = any(entries[recipe]["training"]["kind"] == "linear" for recipe in rest)
    parts = []
    for what, names in (("baseline", first), ("recipe" if linear else "network", rest)):
        if names:
            cells = ", ".join(recipe.removeprefix(f"{name}-") for recipe in names)
            parts.append(f"{counted(len(names), what)} ({cells})")
    return ", then ".join(parts)


def imbalance(source: str, by: str) -> str | None:
    """What to keep in mind of the labels' shares when the ranking is read."""
    train = load_split(ROOT / "data" / "sources" / source / "train.parquet")
    return ranking.imbalance(train.labels, train.names, by)


def rank(experiment: str, recipes: Sequence[str], by: str) -> str:
    """Print the recipes by what they are worth on held-out texts, the best first, which is returned."""
    rows = []
    for recipe in recipes:
        if row := ranking.held_out(recipe, experiment, ROOT / "data"):
            rows.append(row)
        else:
            print(f"  {recipe} is watched on the test split, which may choose nothing: it is not ranked")
    if not rows:
        raise InputError(
            f"{experiment}: found no recipe that holds out texts, allowed: a training with "
            f"`validation: {{fraction: 0.1}}`; mend {from_root(place(experiment))}"
        )
    rows = ranking.ranked(rows, by)
    if rows[0].all < ranking.FEW:
        print(ranking.uncertain(rows[0]))
    for line in ranking.table(rows):
        print(line)
    if rows[0].all < ranking.FEW and (undecided := ranking.undecided(rows)):
        print(undecided)
    return rows[0].recipe


def metrics(recipe: str) -> dict[str, Any]:
    path = ROOT / "reports" / "metrics" / f"{recipe}.json"
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return measured
