"""What the committed reports say, for the templates of pages: numbers, tables, and sentences that hold."""

import csv
import json
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from stages.reporting.markdown import markdown, plain
from stages.runtime.config import ROOT, InputError, nearest, parse, read
from stages.study.params import one_of, params
from stages.tools.bench import results
from stages.tools.pages import claims

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


def learned(recipe: str) -> float:
    """The training accuracy that Keras reports of the epoch whose weights were kept."""
    return float(metrics(recipe)["running"]["accuracy"])


def title(comparison: str) -> str:
    """The title that its file in conf/experiments has."""
    return plain(study()["comparisons"][comparison]["title"])


def accuracies(names: Mapping[str, str]) -> str:
    """A table of recipes, each with a name for people: test accuracies, their intervals, the highest bold."""
    highest = points(max(map(test, names)))
    lines = []
    for recipe, name in names.items():
        row = line(recipe)
        accuracy = points(test(recipe))
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
    """None for the most accurate recipe itself, the first of several, and where there is no other."""
    comparison = study()["recipes"][recipe]["experiment"]
    paired = {name for pair in _differences(comparison) if recipe in pair for name in pair}
    others = [name for name in study()["comparisons"][comparison]["recipes"] if name in paired]
    best = max(others, key=lambda name: measure(name, "test_accuracy"), default=recipe)
    return None if best == recipe else Behind(best, *difference(best, recipe))


def difference(first: str, second: str) -> tuple[float, bool]:
    """By how many points the first of two recipes of a comparison is more accurate, and whether they are
    shown to differ."""
    pairs = _differences(study()["recipes"][first]["experiment"])
    sign, row = (1, pairs[first, second]) if (first, second) in pairs else (-1, pairs[second, first])
    return sign * 100 * float(row["difference"]), row["real"] == "yes"


def ahead(first: str, second: str) -> bool:
    """Whether the first of two recipes of a comparison is shown to be more accurate."""
    return verdict(first, second) == "more accurate"


def alike(first: str, second: str) -> bool:
    """Whether two recipes of a comparison are not shown to differ."""
    return verdict(first, second) == "no difference shown"


def verdict(first: str, second: str) -> str:
    """What the tested pair says of the first of two recipes of a comparison, beside the second."""
    added, shown = difference(first, second)
    if not shown:
        return "no difference shown"
    return "more accurate" if added > 0 else "less accurate"


def slope(recipe: str, by: str) -> float:
    """The test accuracy in the last slice of the texts less that in the first: "length" has the longest texts
    last, "oov_rate" those with the largest share of unknown words."""
    with _path("slices", f"{recipe}.csv").open(encoding="utf-8", newline="") as file:
        accuracies = [float(row["accuracy"]) for row in csv.DictReader(file) if row["by"] == by]
    return accuracies[-1] - accuracies[0]


def steps(names: Mapping[str, str]) -> str:
    """A table of recipes, each beside the one before: the points that it adds, and if that is shown."""
    lines = []
    for before, recipe in pairwise(names):
        added, _ = difference(recipe, before)
        lines.append([names[recipe], signed(added / 100), verdict(recipe, before)])
    return markdown(["beside the row above", "points", "verdict"], lines, texts=["verdict"])


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
    for best, (equal, less) in groups.items():
        verdicts = [f"Less accurate: {'; '.join(less)}."] if less else []
        verdicts += [f"No difference shown: {'; '.join(equal)}."] if equal else []
        name = f"{names[best]} (`{best}`)" if best in names else f"`{best}`"
        lines.append(f"- Beside {name}. {' '.join(verdicts)}\n")
    return "".join(lines)


def holds(condition: bool, sentence: str = "", caller: Callable[[], str] | None = None) -> str:
    """Sentences about results, as long as they are so: as an argument, or as the body of Jinja's `call`."""
    text = caller() if caller else sentence
    if not condition:
        raise InputError(
            "the reports no longer say so, mend the sentence, or write no pages while you try things out: "
            f"{' '.join(text.split())}"
        )
    return text


def claimed(differs: Mapping[str, str]) -> str:
    """What the lessons report, conf/published.yaml, beside what was measured, and where that differs."""
    published = read(claims.Published, parse(ROOT / PUBLISHED, PUBLISHED), PUBLISHED)
    for name, claim in published.claims.items():
        if claim.lesson not in published.sources:
            allowed = nearest(claim.lesson, published.sources)
            raise InputError(f"{PUBLISHED}: claims.{name}.lesson: found {claim.lesson!r}, allowed: {allowed}")
    if gaps := set(published.claims) ^ set(differs):
        allowed = f"a sentence about each claim of {PUBLISHED} and about no other"
        raise InputError(f"claimed(): found a gap at {min(gaps)}, allowed: {allowed}; mend the template")
    return claims.page(published, differs, REPORTS)


def bench(part: str) -> str:
    """The machine and the tables of a part of reports/bench.json, "speeds", "peers", "uses" or "waits"."""
    measured = json.loads((REPORTS / "bench.json").read_text(encoding="utf-8"))[part]
    return f"On {measured['machine']}:\n\n{results.TABLES[part](measured['rows'])}"


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


@cache
def _differences(comparison: str) -> dict[tuple[str, str], dict[str, str]]:
    """The lines of reports/differences/<comparison>.csv, by the two recipes that each is about."""
    with _path("differences", f"{comparison}.csv").open(encoding="utf-8", newline="") as file:
        return {(row["first"], row["second"]): row for row in csv.DictReader(file)}


def _path(kind: str, name: str) -> Path:
    path = REPORTS / kind / name
    if not path.exists():
        raise InputError(f"reports/{kind}/{name}: found none, allowed: a recipe that ran; run dvc repro")
    return path
