"""What accuracy costs, a figure for each source: reports/pareto-<source>.svg, of reports/timings.csv,
reports/preparation.csv, reports/metrics and the peers in reports/bench.json.

A recipe's seconds are those of a model of one seed and of all that it needs: fitting the tokenizer, encoding
and padding the training texts, pretraining, its teacher, its members. All of them were timed on one
processor, the one that most recipes were timed on as a whole; other recipes are left out.

Example: python -m stages.tools.costs
"""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stages.reporting.style import Figures
from stages.runtime import command
from stages.runtime.config import ROOT, read
from stages.study.params import params
from stages.tools.costs.figure import Point, draw

REPORTS = ROOT / "reports"
FEW = 3  # points of a source that a figure is not made for
Step = tuple[str, str]  # what was done, and for which entry


def main() -> None:
    command.parser().parse_args()
    entries = params()
    groups = dict[str, list[Point]]()
    processor, seconds = whole(timed(), entries)
    people = {
        recipe: name
        for comparison in entries["comparisons"].values()
        for recipe, name in zip(comparison["recipes"], comparison["names"], strict=True)
    }
    for name, recipe in entries["recipes"].items():
        needed = set(steps(name, entries))
        metrics = REPORTS / "metrics" / f"{name}.json"
        if needed <= set(seconds) and metrics.exists():
            accuracy = json.loads(metrics.read_text(encoding="utf-8"))["test"]["accuracy"]
            total = sum(seconds[step] for step in needed)
            source = entries["corpora"][recipe["corpus"]]["source"]
            groups.setdefault(source, []).append(Point(people[name], total, accuracy))
    style = read(Figures, entries["figures"], "figures")
    for source, points in groups.items():
        if len(points) > FEW:
            draw([*points, *peers(source)], style, picture(source))
            print(f"wrote reports/{picture(source).name}: {len(points)} recipes, timed on {processor}")


def picture(source: str) -> Any:
    return REPORTS / f"pareto-{source}.svg"


def steps(name: str, entries: Mapping[str, Any]) -> Iterator[Step]:
    """All that a recipe's models come from; what two of its members share is there twice."""
    recipe = entries["recipes"][name]
    yield "train", name
    if members := recipe["model"].get("members"):
        for member in entries["comparisons"][members]["recipes"]:
            yield from steps(member, entries)
        return
    yield "tokenize", recipe["corpus"]
    yield "pad", recipe["corpus"]
    if teacher := recipe["training"].get("teacher"):
        yield from steps(teacher, entries)
    if start := recipe["training"].get("start"):
        yield "pretrain", start


def timed() -> dict[str, dict[Step, float]]:
    """By processor the seconds of each step."""
    rows = [
        (("train", row["recipe"]), row["total_seconds"], row["processor"]) for row in table("timings.csv")
    ]
    for row in table("preparation.csv"):
        rows.append(((row["step"], row["name"]), row["seconds"], row["processor"]))
    seconds: dict[str, dict[Step, float]] = {}
    for step, number, processor in rows:
        seconds.setdefault(processor, {})[step] = float(number)
    return seconds


def whole(
    seconds: Mapping[str, dict[Step, float]], entries: Mapping[str, Any]
) -> tuple[str, dict[Step, float]]:
    """The processor, and its seconds, on which most recipes were timed with all that they come from."""

    def complete(processor: str) -> int:
        return sum(set(steps(name, entries)) <= set(seconds[processor]) for name in entries["recipes"])

    most = max(seconds, key=complete, default="")
    return most, seconds.get(most, {})


def table(name: str) -> list[dict[str, str]]:
    path = REPORTS / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
