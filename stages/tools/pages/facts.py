"""What the committed reports say, for the templates of pages: numbers, tables, and sentences that hold."""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from stages.reporting import claims
from stages.reporting.markdown import markdown, plain
from stages.runtime.config import ROOT, InputError, nearest, parse, read
from stages.study.params import one_of, params
from stages.tools.bench import results

REPORTS = ROOT / "reports"
PUBLISHED = "conf/published.yaml"


@cache
def study() -> dict[str, Any]:
    """params.yaml, read and checked once: it takes a quarter of a second."""
    return params()


def test(recipe: str, measure: str = "accuracy") -> float:
    """A recipe's measure on the test split: the mean of its seeds."""
    return float(metrics(recipe)["test"][measure])


def calibrated(recipe: str) -> float:
    """The expected calibration error on the test split after one temperature, as a share."""
    return float(metrics(recipe)["calibrated"]["ece"])


def measure(recipe: str, column: str) -> float:
    """A number of a recipe's line of reports/tables/<comparison>.csv."""
    return float(line(recipe)[column])


def title(comparison: str) -> str:
    """The title that its file in conf/experiments has."""
    return plain(study()["comparisons"][comparison]["title"])


def accuracies(names: Mapping[str, str]) -> str:
    """A table of recipes, each with a name for people: test accuracies, their intervals, the highest bold."""
    highest = points(max(measure(recipe, "test_accuracy") for recipe in names))
    lines = []
    for recipe, name in names.items():
        row = line(recipe)
        accuracy = points(float(row["test_accuracy"]))
        if accuracy == highest:
            accuracy = f"**{accuracy}**"
        spread = f" ± {points(float(row['test_accuracy_sd']))}" if row["test_accuracy_sd"] else ""
        interval = f"{points(float(row['low']))} to {points(float(row['high']))}"
        lines.append([f"`{recipe}`", name, f"{accuracy}{spread}", interval, row["seeds"]])
    header = ["recipe", "what it is", "test accuracy, %", "95 % interval", "seeds"]
    return markdown(header, lines, texts=[header[1]])


class Behind(NamedTuple):
    """A recipe beside the most accurate one that was tested on the same texts: by how many points it is less
    accurate on average, and whether that is shown (`compare` tests it: McNemar, and a bootstrap)."""

    best: str
    points: float
    shown: bool


@cache
def behind(recipe: str) -> Behind | None:
    """None for the most accurate recipe itself, and where there is no other."""
    best = ""
    for cells in map(_cells, _chapter(study()["recipes"][recipe]["experiment"]).splitlines()):
        if not cells[0]:
            best = ""  # the table ends
        if cells[0].startswith("behind "):
            best = cells[0].removeprefix("behind ")
        if best and cells[0] == recipe:
            return Behind(best, float(cells[1]), cells[-1] == "less accurate")
    return None


def same(*recipes: str) -> bool:
    """Whether no difference of these recipes to the most accurate one, which may be among them, is shown."""
    return not any(each and each.shown for each in map(behind, recipes))


def tested(names: Mapping[str, str]) -> str:
    """Which recipes are less accurate than the best one beside them, and for which none is shown to be; the
    names for people are given."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for recipe, name in names.items():
        if beside := behind(recipe):
            groups.setdefault(beside.best, ([], []))[beside.shown].append(name)
    lines = []
    for best, (alike, less) in groups.items():
        verdicts = [f"Less accurate: {'; '.join(less)}."] if less else []
        verdicts += [f"No difference shown: {'; '.join(alike)}."] if alike else []
        lines.append(f"- Beside {names.get(best, best)} (`{best}`). {' '.join(verdicts)}\n")
    return "".join(lines)


def holds(condition: bool, sentence: str) -> str:
    """A sentence about results, as long as they are so."""
    if not condition:
        raise InputError(f"the reports no longer say so, mend the template: {sentence}")
    return sentence


def claimed() -> str:
    """What the lessons report, beside what was measured: the table of conf/published.yaml."""
    published = read(claims.Published, parse(ROOT / PUBLISHED, PUBLISHED), PUBLISHED)
    for name, claim in published.claims.items():
        if claim.lesson not in published.sources:
            allowed = nearest(claim.lesson, published.sources)
            raise InputError(f"{PUBLISHED}: claims.{name}.lesson: found {claim.lesson!r}, allowed: {allowed}")
    return claims.page(published, study()["recipes"], REPORTS)


def bench(part: str) -> str:
    """A table of reports/bench.json: of "speeds", "uses" or "the_rest"."""
    report = json.loads((REPORTS / "bench.json").read_text(encoding="utf-8"))
    table: str = {"speeds": results.speeds, "uses": results.uses, "the_rest": results.the_rest}[part](report)
    return table


def percent(share: float) -> str:
    """0.9217 as "92.2 %"."""
    return f"{100 * share:.1f} %"


def points(share: float) -> str:
    """A share, or a difference of shares, 0.0451, as "4.5"."""
    return f"{100 * share:.1f}"


def signed(share: float) -> str:
    """A difference of shares, 0.0451, as "+4.5"."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


@cache
def metrics(recipe: str) -> dict[str, Any]:
    """reports/metrics/<recipe>.json."""
    one_of(recipe, study()["recipes"], "recipes")
    content: dict[str, Any] = json.loads(_path("metrics", f"{recipe}.json").read_text(encoding="utf-8"))
    return content


@cache
def line(recipe: str) -> dict[str, str]:
    """A recipe's line of its comparison's table."""
    experiment = study()["recipes"][recipe]["experiment"]
    with _path("tables", f"{experiment}.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["recipe"] == recipe)


def _chapter(comparison: str) -> str:
    return _path("chapters", f"{comparison}.md").read_text(encoding="utf-8")


def _cells(line: str) -> list[str]:
    """The cells of a line of a table; of another line the line."""
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def _path(kind: str, name: str) -> Path:
    path = REPORTS / kind / name
    if not path.exists():
        raise InputError(f"reports/{kind}/{name}: found none, allowed: a recipe that ran; run dvc repro")
    return path
