"""What the committed reports say, for the templates of pages: numbers, tables, and sentences that hold."""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stages.reporting import claims
from stages.reporting.markdown import markdown
from stages.runtime.config import ROOT, InputError, parse, read
from stages.study.params import one_of, params
from stages.tools.bench import results

REPORTS = ROOT / "reports"


def test(recipe: str, measure: str = "accuracy") -> float:
    """A recipe's measure on the test split: the mean of its seeds."""
    return float(metrics(recipe)["test"][measure])


def calibrated(recipe: str) -> float:
    """The expected calibration error on the test split after one temperature, as a share."""
    return float(metrics(recipe)["calibrated"]["ece"])


def accuracies(names: Mapping[str, str]) -> str:
    """A table of recipes, each with a name for people: test accuracies, their intervals, the highest bold."""
    highest = max(round(test(recipe), 3) for recipe in names)
    lines = []
    for recipe, name in names.items():
        row = line(recipe)
        accuracy = f"{100 * float(row['test_accuracy']):.1f}"
        if round(test(recipe), 3) == highest:
            accuracy = f"**{accuracy}**"
        spread = f" ± {100 * float(row['test_accuracy_sd']):.1f}" if row["test_accuracy_sd"] else ""
        interval = f"{100 * float(row['low']):.1f} to {100 * float(row['high']):.1f}"
        lines.append([f"`{recipe}`", name, f"{accuracy}{spread}", interval, row["seeds"]])
    header = ["recipe", "what it is", "test accuracy, %", "95 % interval", "seeds"]
    return markdown(header, lines, texts=[header[1]])


def holds(condition: bool, sentence: str) -> str:
    """A sentence about results, as long as they are so."""
    if not condition:
        raise InputError(f"the reports no longer say so, mend the template: {sentence}")
    return sentence


def claimed() -> str:
    """What the lessons report, beside what was measured: the table of conf/published.yaml."""
    published = read(claims.Published, parse(ROOT / "conf" / "published.yaml", "conf"), "published")
    return claims.page(published, params()["recipes"], REPORTS)


def bench(part: str) -> str:
    """A table of reports/bench.json: of "speeds", or of "the_rest"."""
    report = json.loads((REPORTS / "bench.json").read_text(encoding="utf-8"))
    table: str = {"speeds": results.speeds, "the_rest": results.the_rest}[part](report)
    return table


def percent(share: float) -> str:
    """0.9217 as "92.2 %"."""
    return f"{100 * share:.1f} %"


def points(share: float) -> str:
    """A difference of shares, 0.0451, as "4.5"."""
    return f"{100 * share:.1f}"


def signed(share: float) -> str:
    """A difference of shares, 0.0451, as "+4.5"."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


@cache
def metrics(recipe: str) -> dict[str, Any]:
    """reports/metrics/<recipe>.json."""
    one_of(recipe, params()["recipes"], "recipes")
    content: dict[str, Any] = json.loads(_path("metrics", f"{recipe}.json").read_text(encoding="utf-8"))
    return content


@cache
def line(recipe: str) -> dict[str, str]:
    """A recipe's line of its comparison's table."""
    experiment = params()["recipes"][recipe]["experiment"]
    with _path("tables", f"{experiment}.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["recipe"] == recipe)


def _path(kind: str, name: str) -> Path:
    path = REPORTS / kind / name
    if not path.exists():
        raise InputError(f"reports/{kind}/{name}: found none, allowed: a recipe that ran; run dvc repro")
    return path
