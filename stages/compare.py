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
COUNTS = ["epochs", "parameters", "seeds"]
TIMES = ["seconds_per_epoch", "total_seconds", "tokens_per_second", "peak_memory_mib"]


def main(name: str) -> None:
    everything = params()
    comparisons = everything["comparisons"]
    comparison = comparisons[command.one_of(name, comparisons, "comparisons")]
    style = read(Figures, everything["figures"], "figures")
    folder = ROOT / "data" / "gathered" / name
    prune(folder, comparison["recipes"])
    said = everything["pipeline"]["comparisons"][name]
    shown = [results.load(folder / f"{r}.json", said[r]) for r in comparison["recipes"]]
    timings = [json.loads((folder / f"{r.recipe}.timings.json").read_text(encoding="utf-8")) for r in shown]
    out = ROOT / "reports" / "comparisons" / name
    header, rows = table(shown)
    files.write_text(out / "table.csv", csv_text(header, rows))
    files.write_text(out / "timings.csv", csv_text(["recipe", *TIMES], times(shown, timings)))
    tables = [markdown(*for_people(shown)), markdown(*curves(shown))]
    files.write_text(ROOT / "data" / "tables" / f"{name}.md", "\n".join(tables))
    figures.curves(shown, comparison["title"], style, out / "curves.svg")
    for draw in (figures.accuracy, figures.gap, figures.slices, figures.confusions):
        draw(shown, style, out / f"{draw.__name__}.svg")
    figures.timings([r.recipe for r in shown], timings, style, out / "timings.svg")


def prune(folder: Path, recipes: list[str]) -> None:
    """Delete what was gathered of recipes that the comparison no longer shows: DVC leaves it lying,
    and the folder must be the same in every clone."""
    for path in folder.iterdir():
        if path.name.split(".")[0] not in recipes:
            files.remove(path)


def table(shown: list[Result]) -> tuple[list[str], list[list[object]]]:
    """All that is compared, for programs. Measures are means over the seeds; `low` and `high` bound the test
    accuracy with 95 % confidence, `test_accuracy_sd` is its standard deviation over the seeds."""
    header = ["recipe", "test_accuracy", "low", "high", "test_accuracy_sd"]
    header += [m.replace(".", "_") for m in MEASURES[1:]]
    header += ["training_accuracy", "gap", "lowest_loss_epoch", "lowest_val_loss", "roughness", "deepest_dip"]
    rows: list[list[object]] = []
    for r in shown:
        spread = r.metrics.get("sd.accuracy")
        epoch, loss = r.lowest
        numbers = [r.metrics["test.accuracy"], *r.interval]
        measures = [r.metrics[m] for m in [*MEASURES[1:], "training.accuracy"]]
        rows.append(
            [
                r.recipe,
                *(f"{n:.4f}" for n in numbers),
                "" if spread is None else f"{spread:.4f}",
                *(f"{m:.4f}" for m in [*measures, r.gap]),
                epoch,
                *(f"{n:.4f}" for n in (loss, r.roughness, r.dip)),
                *(f"{r.metrics[c]:.1f}".removesuffix(".0") for c in COUNTS),
                r.watched,
                r.duplicates,
            ]
        )
    return [*header, *COUNTS, "validated_on", "duplicates"], rows


def for_people(shown: list[Result]) -> tuple[list[str], list[list[object]]]:
    """What the recipes achieve, in a width that can be read: percent, the best accuracy in bold, with its
    standard deviation over the seeds."""
    header = ["recipe", "test accuracy, %", "95 % interval", "loss", "AUC", "F1", "ECE"]
    best = max(r.metrics["test.accuracy"] for r in shown)
    rows: list[list[object]] = []
    for r in shown:
        accuracy, spread = r.metrics["test.accuracy"], r.metrics.get("sd.accuracy")
        bold = "**" if accuracy == best else ""
        low, high = r.interval
        rows.append(
            [
                r.recipe,
                f"{bold}{100 * accuracy:.1f}{bold}"
                + (f" ± {100 * spread:.1f}" if spread is not None else ""),
                f"{100 * low:.1f} to {100 * high:.1f}",
                *(f"{r.metrics[m]:.3f}" for m in MEASURES[1:5]),
                f"{100 * r.metrics['validation.accuracy']:.1f}",
                r.watched,
                r.duplicates,
                *(f"{r.metrics[c]:,.1f}".removesuffix(".0") for c in COUNTS),
            ]
        )
    return [*header, "validation, %", "validated on", "duplicates", *COUNTS], rows


def curves(shown: list[Result]) -> tuple[list[str], list[list[object]]]:
    """What the curves show: overfitting and smoothness, in percent and points."""
    header = ["recipe", "training, %", "validation, %", "gap, points", "lowest validation loss", "at epoch"]
    rows: list[list[object]] = []
    for r in shown:
        epoch, loss = r.lowest
        shares = [r.metrics["training.accuracy"], r.metrics["validation.accuracy"], r.gap]
        last = r.curve("val_loss").mean[-1]
        numbers = [f"{100 * share:.1f}" for share in shares]
        rows.append(
            [
                r.recipe,
                *numbers,
                f"{loss:.3f}",
                epoch,
                f"{last:.3f}",
                f"{100 * r.roughness:.2f}",
                f"{100 * r.dip:.1f}",
            ]
        )
    return [*header, "at the end", "roughness, points", "deepest dip, points"], rows


def times(shown: list[Result], timings: list[dict[str, object]]) -> list[list[object]]:
    return [[r.recipe, *(t[key] for key in TIMES)] for r, t in zip(shown, timings, strict=True)]


if __name__ == "__main__":
    command.run(main)
