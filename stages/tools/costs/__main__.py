"""What accuracy costs, a figure for each source: reports/pareto-<source>.svg, of reports/timings.csv,
reports/preparation.csv, reports/metrics and the peers in reports/bench.json.

A recipe's seconds are those of a model of one seed and of all that it needs: fitting the tokenizer, encoding
and padding the training texts, pretraining, its teacher, its members. All of them were timed on one
processor, the one that most recipes were timed on as a whole; other recipes are left out.

Example: python -m stages.tools.costs
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stages.reporting.style import Figures
from stages.runtime import command
from stages.runtime.config import ROOT, read
from stages.study.params import params
from stages.tools.costs.figure import Point, draw
from stages.tools.costs.totals import totals

REPORTS = ROOT / "reports"
FEW = 4  # points of a source that a figure is not made for


def main() -> None:
    command.parser().parse_args()
    entries = params()
    groups, accuracies = dict[str, list[str]](), dict[str, float]()
    processor, seconds = totals(entries)
    names = people(entries["comparisons"])
    for name in different(seconds, entries["recipes"]):
        metrics = REPORTS / "metrics" / f"{name}.json"
        if metrics.exists():
            accuracies[name] = json.loads(metrics.read_text(encoding="utf-8"))["test"]["accuracy"]
            source = entries["corpora"][entries["recipes"][name]["corpus"]]["source"]
            groups.setdefault(source, []).append(name)
    style = read(Figures, entries["figures"], "figures")
    for source, recipes in groups.items():
        if len(recipes) > FEW:
            labels = told_apart(recipes, names)
            points = [Point(label, seconds[recipe], accuracies[recipe]) for recipe, label in labels.items()]
            draw([*points, *peers(source)], style, picture(source))
            print(f"wrote reports/{picture(source).name}: {len(points)} recipes, timed on {processor}")


def people(comparisons: Mapping[str, Any]) -> dict[str, str]:
    """What figures call each recipe: "ladder + dropout", not "+ dropout" as within its comparison, and "LSTM,
    dropout", not "dropout" as within its chapter."""
    return {
        recipe: f"{comparison} {name}" if name.startswith("+") else name
        for comparison, entry in comparisons.items()
        for recipe, name in zip(entry["recipes"], with_headings(entry), strict=True)
    }


def with_headings(comparison: Mapping[str, Any]) -> list[str]:
    """The names of its recipes, each with that of its chapter, if there are chapters."""
    names: list[str] = comparison["names"]
    if "headings" not in comparison:
        return names
    return [f"{heading}, {name}" for heading, name in zip(comparison["headings"], names, strict=True)]


def told_apart(recipes: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """What a figure calls each of its recipes: where people would call two of them the same, by its key."""
    times = Counter(names[recipe] for recipe in recipes)
    return {recipe: names[recipe] if times[names[recipe]] == 1 else recipe for recipe in recipes}


def different(names: Iterable[str], recipes: Mapping[str, Any]) -> list[str]:
    """The names without those of recipes that are the same as one before, for another comparison."""
    first: dict[str, str] = {}
    for name in names:
        parts = [recipes[name][part] for part in ("corpus", "model", "training")]
        first.setdefault(json.dumps(parts, sort_keys=True), name)
    return [*first.values()]


def picture(source: str) -> Any:
    return REPORTS / f"pareto-{source}.svg"


def peers(source: str) -> list[Point]:
    """What `make bench` measured of other projects' models on a source."""
    path = REPORTS / "bench.json"
    report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows = report.get("peers", {}).get("rows", {})
    return [
        Point(name, row["seconds"], row["accuracy"], peer=True)
        for name, row in rows.items()
        if row.get("source") == source
    ]


if __name__ == "__main__":
    command.guard(main)
