"""What a recipe takes from raw texts to a model of one seed: reports/timings.csv, reports/preparation.csv."""

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from stages.runtime.config import ROOT

REPORTS = ROOT / "reports"
Step = tuple[str, str]  # what was done, and for which entry


def totals(entries: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """The processor on which most recipes were timed as a whole, and the seconds of each of these."""
    processor, seconds = most_complete(timed(), entries)
    needed = {name: set(steps(name, entries)) for name in entries["recipes"]}
    return processor, {
        name: sum(seconds[step] for step in each) for name, each in needed.items() if each <= set(seconds)
    }


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


def most_complete(
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
