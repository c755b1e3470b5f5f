"""Reports of a comparison's recipes -> tables and figures: `python -m stages.compare <comparison>`.

In: data/gathered/<comparison>/. Out: reports/comparisons/<comparison>/ with table.csv, timings.csv
and the figures; data/tables/<comparison>.md.
"""

import json
from pathlib import Path

from stages.lib import command, figures, files, results
from stages.lib.config import ROOT, params, read
from stages.lib.results import Result
from stages.lib.style import Figures
from stages.lib.tables import csv_text, markdown

MEASURES = ["test.accuracy", "test.loss", "test.auc", "test.f1", "test.ece", "validation.accuracy"]
COUNTS = ["epochs", "parameters"]
TIMES = ["seconds_per_epoch", "total_seconds", "tokens_per_second", "peak_memory_mib"]


def main(name: str) -> None:
    everything = params()
    comparisons = everything["comparisons"]
    comparison = comparisons[command.one_of(name, comparisons, "comparisons")]
    style = read(Figures, everything["figures"], "figures")
    folder = ROOT / "data" / "gathered" / name
    prune(folder, comparison["recipes"])
    shown = [results.load(folder / f"{recipe}.json") for recipe in comparison["recipes"]]
    timings = [json.loads((folder / f"{r.recipe}.timings.json").read_text(encoding="utf-8")) for r in shown]
    out = ROOT / "reports" / "comparisons" / name
    header, rows = table(shown)
    files.write_text(out / "table.csv", csv_text(header, rows))
    files.write_text(out / "timings.csv", csv_text(["recipe", *TIMES], times(shown, timings)))
    files.write_text(ROOT / "data" / "tables" / f"{name}.md", markdown(*for_people(shown)))
    figures.curves(shown, comparison["title"], style, out / "curves.svg")
    figures.accuracy(shown, style, out / "accuracy.svg")
    figures.confusions(shown, style, out / "confusion.svg")
    figures.timings([r.recipe for r in shown], timings, style, out / "timings.svg")


def prune(folder: Path, recipes: list[str]) -> None:
    """Delete what was gathered of recipes that the comparison no longer shows: DVC leaves it lying,
    and the folder must be the same in every clone."""
    for path in folder.iterdir():
        if path.name.split(".")[0] not in recipes:
            files.remove(path)


def table(shown: list[Result]) -> tuple[list[str], list[list[object]]]:
    """All that is compared, for programs; `low` and `high` bound the test accuracy with 95 % confidence."""
    header = [
        "recipe",
        "test_accuracy",
        "low",
        "high",
        *(m.replace(".", "_") for m in MEASURES[1:]),
    ]
    rows: list[list[object]] = []
    for r in shown:
        low, high = r.interval
        measures = [f"{r.metrics[m]:.4f}" for m in MEASURES[1:]]
        bounds = [f"{r.metrics['test.accuracy']:.4f}", f"{low:.4f}", f"{high:.4f}"]
        counts = (int(r.metrics[c]) for c in COUNTS)
        rows.append([r.recipe, *bounds, *measures, *counts, r.watched, r.duplicates])
    return [*header, *COUNTS, "validated_on", "duplicates"], rows


def for_people(shown: list[Result]) -> tuple[list[str], list[list[object]]]:
    """The same in a width that can be read: percent, the best accuracy in bold."""
    header = ["recipe", "test accuracy, %", "95 % interval", "loss", "AUC", "F1", "ECE"]
    best = max(r.metrics["test.accuracy"] for r in shown)
    rows: list[list[object]] = []
    for r in shown:
        accuracy = r.metrics["test.accuracy"]
        bold = "**" if accuracy == best else ""
        low, high = r.interval
        measures = [f"{r.metrics[m]:.3f}" for m in MEASURES[1:5]]
        share = [f"{bold}{100 * accuracy:.1f}{bold}", f"{100 * low:.1f} to {100 * high:.1f}"]
        validation = f"{100 * r.metrics['validation.accuracy']:.1f}"
        rows.append(
            [
                r.recipe,
                *share,
                *measures,
                validation,
                r.watched,
                r.duplicates,
                *(f"{int(r.metrics[c]):,}" for c in COUNTS),
            ]
        )
    return [*header, "validation, %", "validated on", "duplicates", *COUNTS], rows


def times(shown: list[Result], timings: list[dict[str, object]]) -> list[list[object]]:
    return [[r.recipe, *(t[key] for key in TIMES)] for r, t in zip(shown, timings, strict=True)]


if __name__ == "__main__":
    command.run(main)
