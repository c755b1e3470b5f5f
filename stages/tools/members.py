"""Is an ensemble more accurate than each of its members? reports/members.csv, which `compare` can't write: it
sees the recipes of one experiment, and members are another's.

Each ensemble that was evaluated here has a row for each of its members, tested as `compare` tests recipes
(stages/reporting/significance.py): accuracies, the ensemble's less the member's. Other ensembles keep their
rows.

Example: python -m stages.tools.members
"""

import csv
from collections.abc import Mapping
from typing import Any

from stages.reporting import chapter, comparison
from stages.reporting.significance import differences
from stages.runtime import command, files
from stages.runtime.config import ROOT
from stages.study.params import params

CSV = ROOT / "reports" / "members.csv"
COMPARED = ROOT / "data" / "compared"
COLUMNS = ["ensemble", "member", *chapter.PAIR[2:]]


def main() -> None:
    command.parser().parse_args()
    entries = params()
    known = committed()
    rows = list[list[object]]()
    for name, recipe in entries["recipes"].items():
        if members := recipe["model"].get("members"):
            here = [(COMPARED / experiment).is_dir() for experiment in (recipe["experiment"], members)]
            rows += tested(entries, name, members) if all(here) else known.get(name, [])
    files.write_csv(CSV, COLUMNS, rows)
    print(f"wrote reports/{CSV.name}: {len(rows)} pairs")


def committed() -> dict[str, list[list[object]]]:
    """The rows that are there, by ensemble."""
    rows: dict[str, list[list[object]]] = {}
    if CSV.exists():
        with CSV.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows.setdefault(row["ensemble"], []).append([row[column] for column in COLUMNS])
    return rows


def tested(entries: Mapping[str, Any], ensemble: str, members: str) -> list[list[object]]:
    """The rows of an ensemble. members: the experiment whose recipes they are."""
    own = results(entries, entries["recipes"][ensemble]["experiment"])
    together = [*(each for each in own if each.recipe == ensemble), *results(entries, members)]
    pairs = {pair: each for pair, each in differences(together).items() if pair[0] == ensemble}
    return chapter.differing(together, pairs)[1]


def results(entries: Mapping[str, Any], experiment: str) -> list[comparison.Result]:
    return comparison.load(COMPARED / experiment, entries["comparisons"][experiment])


if __name__ == "__main__":
    command.guard(main)
