"""An experiment through the pipeline: baselines first, then everything, ranked by what was held out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stages.artifacts.split import load_split
from stages.runtime.config import ROOT, InputError
from stages.runtime.wording import clock, counted, percent
from stages.tools.fit.experiment import from_root, place, seconds, source_of
from stages.tools.fit.progress import repro
from stages.tools.report import ranking

if TYPE_CHECKING:
    from stages.tools.report.parts import Experiment

BASELINES = ("majority", "logistic", "svm", "nb-svm", "characters")


def run(name: str, entries: dict[str, Any], by: str, words: float) -> None:
    """Baselines, their ranking, then everything, the ranking of all, and the report.

    entries: params.yaml. words: millions in the training split, roughly, for the time that is left.
    """
    from stages.tools.report import folder, gathered  # here: these load scikit-learn

    recipes, measure = entries["comparisons"][name]["recipes"], ranking.NAMES[by]
    first = [recipe for recipe in recipes if recipe.removeprefix(f"{name}-") in BASELINES]
    shares = {
        recipe: seconds(recipe.removeprefix(f"{name}-"), words, len(entries["recipes"][recipe]["seeds"]))
        for recipe in recipes
    }
    all_of_it = coming(name, entries["recipes"], recipes, first)
    print(f"{all_of_it}: about {clock(sum(shares.values()))}, less what is there already", flush=True)
    if first:  # without targets DVC runs everything
        repro([f"evaluate@{recipe}" for recipe in first], {recipe: shares[recipe] for recipe in first})
    if line := imbalance(source_of(name, entries), by):
        print(f"\n{line}")
    if 0 < len(first) < len(recipes):
        print(f"\nThe baselines, the best on held-out texts by {measure} first; the networks are next.")
        rank(name, first, by)
    repro([f"compare@{name}"], shares)
    print(f"\nAll of {name}, the best on held-out texts by {measure} first:")
    best = rank(name, recipes, by)
    result = metrics(best)["test"]
    print(
        f"\n{best} is chosen by its held-out texts. On the test split: {percent(result['accuracy'])} right."
    )
    compared = gathered.gather(ROOT, entries, name, by)
    for line in differences(compared):
        print(line)
    print(f'Predict:  python -m stages.tools.predict {best} "a text"    (why: stages.tools.explain)')
    print(f"Serve:    python -m stages.tools.serve {best}    (without this repository: stages.tools.export)")
    print(f"Labels:   python -m stages.tools.labels {source_of(name, entries)}    (which are probably wrong)")
    page = folder.page_of(compared, folder.by_models(entries["recipes"]))
    print(f"Report:   {folder.opened_by(page)}")
    print(f"Figures:  reports/comparisons/{name}/    Table: reports/tables/{name}.csv")
    print(f"Go on:    edit {from_root(place(name))}, then python -m stages.tools.fit {name}")


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
