"""An ensemble is tested beside each of its members, as the recipes of a comparison are."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.reporting.comparison import Result
from stages.runtime import files
from stages.tools import members
from tests.recipes import result

TEXTS = 400
RIGHT = {"one-good": 0.9, "one-bad": 0.6, "both-all": 0.9}  # shares of the texts
ENTRIES: dict[str, Any] = {
    "recipes": {
        "one-good": {"experiment": "one", "model": {}},
        "one-bad": {"experiment": "one", "model": {}},
        "both-all": {"experiment": "both", "model": {"members": "one"}},
        "lost-all": {"experiment": "lost", "model": {"members": "gone"}},
    },
    "comparisons": {"one": {"recipes": ["one-good", "one-bad"]}, "both": {"recipes": ["both-all"]}},
}


def loaded(folder: Path, shown: Mapping[str, Any]) -> list[Result]:
    """What `evaluate` left in data/compared/<experiment>/."""
    random, texts = np.random.default_rng(len(folder.name)), [[TEXTS, 0], [0, 0]]
    rights = {recipe: random.random((2, TEXTS)) < RIGHT[recipe] for recipe in shown["recipes"]}
    return [
        result(recipe, right=[np.packbits(row).tobytes().hex() for row in right], confusion=texts)
        for recipe, right in rights.items()
    ]


def test_each_pair_has_a_row_and_ensembles_of_elsewhere_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ["lost-all", "gone-a", "0.100000", "0.050000", "0.150000", "0.001", "yes"]
    files.write_csv(tmp_path / "members.csv", members.COLUMNS, [kept])
    for experiment in ENTRIES["comparisons"]:
        (tmp_path / "compared" / experiment).mkdir(parents=True)
    monkeypatch.setattr(members, "CSV", tmp_path / "members.csv")
    monkeypatch.setattr(members, "COMPARED", tmp_path / "compared")
    monkeypatch.setattr(members, "params", lambda: ENTRIES)
    monkeypatch.setattr("stages.reporting.comparison.load", loaded)
    monkeypatch.setattr("sys.argv", ["members"])
    members.main()
    with members.CSV.open(encoding="utf-8", newline="") as file:
        good, bad, lost = [[*row.values()] for row in csv.DictReader(file)]
    assert (good[:2], bad[:2], lost) == (["both-all", "one-good"], ["both-all", "one-bad"], kept)
    assert (good[-1], bad[-1]) == ("no", "yes") and 0.2 < float(bad[2]) < 0.4
