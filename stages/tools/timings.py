"""How long trainings took: reports/timings.csv, and reports/timings.md for people; and the steps before them:
reports/preparation.csv. And on what the models were trained that dvc.lock names, which may be another
processor: reports/processors.csv.

`train` leaves data/timings/<recipe>.json, which neither DVC nor Git knows, because a clock never says the
same twice, and what comes before it data/timings/<step>/<name>.json. This collects them, a row for each. What
was not done here keeps the row that it has.

Example: python -m stages.tools.timings
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.artifacts import provenance
from stages.reporting.markdown import markdown, plain
from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError, parse, read
from stages.study.params import params
from stages.tools.pages.claims import Claim, Published

CSV = ROOT / "reports" / "timings.csv"
PUBLISHED = "conf/published.yaml"
MEASURED = ROOT / "data" / "timings"  # by stages/train.py
FIGURES = [
    "seconds_per_epoch",
    "total_seconds",
    "tokens_per_second",
    "peak_memory_mib",
    "processor",
    "backend",
]
COLUMNS = ["recipe", *FIGURES, "commit"]  # of what was timed at another state than this layout's; else empty
PREPARATION = ROOT / "reports" / "preparation.csv"
PROCESSORS = ROOT / "reports" / "processors.csv"
PROCESSOR_COLUMNS = ["recipe", "processor"]
MODELS = ROOT / "data" / "models"
STEPS = {
    "tokenize": "corpora",
    "pad": "corpora",
    "pretrain": "pretrainings",
}  # and the sections of their entries
STEP_COLUMNS = ["step", "name", "seconds", "processor"]
SHORT = 10.0  # seconds: a total below has decimals, so that none is 0
BASE = "imdb-words-flatten"  # whose epoch the lesson's seconds are divided by
Row = dict[str, str]

HEAD = """# How long trainings took

Written by `make timings`, not by `dvc repro`: a clock never says the same twice. An epoch is the median over
all epochs and seeds, with its validation; the total is the mean of the seeds; tokens are counted without
padding, and without the validation; an ensemble reads none.

Seconds mean something if the machine is idle and its cores are its own: on shared ones the same training
takes a third longer at some hours. Compare ratios, of trainings on one machine, one after the other.
"""


def main() -> None:
    command.parser().parse_args()
    entries = params()
    rows = collected(entries["recipes"], committed(CSV), measured(MEASURED))
    write(CSV, COLUMNS, rows.values())
    write(PREPARATION, STEP_COLUMNS, prepared(entries, steps(MEASURED)))
    write(PROCESSORS, PROCESSOR_COLUMNS, trained_on(entries["recipes"]))
    published = read(Published, parse(ROOT / PUBLISHED, PUBLISHED), PUBLISHED)
    files.write_text(CSV.with_suffix(".md"), page(entries["comparisons"], published.claims, rows))
    new = sum((MEASURED / f"{recipe}.json").exists() for recipe in rows)
    print(f"wrote reports/timings.csv and .md: {len(rows)} recipes, {new} of them measured here")


def write(path: Path, columns: list[str], rows: Iterable[Row]) -> None:
    files.write_csv(path, columns, ([row[column] for column in columns] for row in rows))


def committed(path: Path) -> dict[str, Row]:
    """The rows that are there, by recipe."""
    return {row["recipe"]: row for row in table(path, COLUMNS)}


def table(path: Path, columns: list[str]) -> list[Row]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if any(list(row) != columns or None in row.values() for row in rows):
        again = f"bring it back with: git checkout reports/{path.name}"
        raise InputError(f"{path}: found a row with other columns than {', '.join(columns)}; {again}")
    return rows


def prepared(entries: Mapping[str, Any], here: Iterable[Row]) -> list[Row]:
    """A row for each step that was ever timed and belongs to an entry; what was measured here goes first."""
    known = {(row["step"], row["name"]): row for row in [*table(PREPARATION, STEP_COLUMNS), *here]}
    return [
        known[step, name]
        for step, section in STEPS.items()
        for name in entries[section]
        if (step, name) in known
    ]


def trained_on(recipes: Iterable[str]) -> list[Row]:
    """A row for each recipe that was ever trained: as the certificate of its model here says, else the row
    that it has."""
    known = {row["recipe"]: row for row in table(PROCESSORS, PROCESSOR_COLUMNS)}
    for recipe in recipes:
        path = MODELS / recipe / provenance.FILE
        if path.exists():
            known[recipe] = {"recipe": recipe} | _content(path, PROCESSOR_COLUMNS[1:])
    return [known[recipe] for recipe in recipes if recipe in known]


def steps(folder: Path) -> Iterator[Row]:
    """The rows of what was done here before trainings."""
    for step in STEPS:
        for path in sorted((folder / step).glob("*.json")):
            yield {"step": step, "name": path.stem} | _content(path, STEP_COLUMNS[2:])


def measured(folder: Path) -> dict[str, Row]:
    """The rows of what was trained here, by recipe."""
    return {path.stem: _row(path) for path in sorted(folder.glob("*.json"))}


def _row(path: Path) -> Row:
    return {"recipe": path.stem, **_content(path, FIGURES), "commit": ""}


def _content(path: Path, names: list[str]) -> Row:
    try:
        timing = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(timing[name]) for name in names}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error!r}); delete it; the next training writes it") from None


def collected(recipes: Iterable[str], before: Mapping[str, Row], here: Mapping[str, Row]) -> dict[str, Row]:
    """A row for each recipe that was ever timed, in the recipes' order; what was measured here goes first."""
    known = {**before, **here}
    return {recipe: known[recipe] for recipe in recipes if recipe in known}


def page(comparisons: Mapping[str, Any], claims: Mapping[str, Claim], rows: Mapping[str, Row]) -> str:
    """reports/timings.md."""
    parts = [HEAD, _old(rows), lesson(claims, rows)]
    timed = [each for each in comparisons.values() if any(recipe in rows for recipe in each["recipes"])]
    parts += [experiment(each["title"], each["recipes"], rows) for each in timed]
    untimed = [plain(each["title"]) for each in comparisons.values() if each not in timed]
    if untimed:
        parts += ["\n## Not timed at all\n\n", *(f"- {title}\n" for title in untimed)]
    return "".join(parts)


def _old(rows: Mapping[str, Row]) -> str:
    """Of which rows the code was another."""
    commits = [row["commit"] for row in rows.values() if row["commit"]]
    if not commits:
        return ""
    counts = [f"{commits.count(commit)} at commit {commit}" for commit in sorted(set(commits))]
    return (
        f"\nOf {len(rows)} rows, {' and '.join(counts)} were timed before the code was laid out as it is,\n"
        "on an idle machine; the last column of `timings.csv` names them. Rows measured since replace them.\n"
    )


def lesson(claims: Mapping[str, Claim], rows: Mapping[str, Row]) -> str:
    """The seconds that the lesson gives of an epoch, and ours, as ratios to flatten's."""
    of_lesson = {recipe: claim.seconds for recipe, claim in claims.items() if claim.seconds}
    if BASE not in of_lesson or BASE not in rows:
        return ""
    base = _seconds(rows[BASE])
    lines = [
        [recipe, f"{seconds:g}", f"{seconds / of_lesson[BASE]:.1f}", f"{_seconds(rows[recipe]) / base:.1f}"]
        for recipe, seconds in of_lesson.items()
        if recipe in rows
    ]
    header = ["recipe", "an epoch in the lesson, s", "times flatten's", "here, times flatten's"]
    return f"\n## Beside the lesson\n\n{markdown(header, lines)}"


def experiment(title: str, recipes: Iterable[str], rows: Mapping[str, Row]) -> str:
    """A section with a row for each recipe that was timed, at least one; the others are named."""
    timed = [rows[recipe] for recipe in recipes if recipe in rows]
    lines = [
        [
            row["recipe"],
            f"{_seconds(row):.2f}",
            f"{total:,.0f}" if (total := float(row["total_seconds"])) >= SHORT else f"{total:.2f}",
            f"{rate:,}" if (rate := int(row["tokens_per_second"])) else "",
            f"{int(row['peak_memory_mib']):,}",
            row["processor"],
        ]
        for row in timed
    ]
    header = ["recipe", "an epoch, s", "in total, s", "tokens/s", "memory, MiB", "processor"]
    missing = [recipe for recipe in recipes if recipe not in rows]
    note = f"\nNot timed: {', '.join(missing)}.\n" if missing else ""
    return f"\n## {plain(title)}\n\n{markdown(header, lines, ['processor'])}{note}"


def _seconds(row: Row) -> float:
    return float(row["seconds_per_epoch"])


if __name__ == "__main__":
    command.guard(main)
