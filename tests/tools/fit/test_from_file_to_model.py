"""`fit`, from a person's table to a model that answers, through DVC as it is."""

import sys
from itertools import product
from pathlib import Path

import pytest

from stages.runtime.config import ROOT
from tests.project import SMALL, made
from tests.sources.tables import delimited, save

NEEDED = ["models/majority", "models/logistic", "trainings/linear"]  # of what the first minute offers
THINGS = ["phone", "printer", "screen", "router", "keyboard", "laptop"]
SAYINGS = {
    "support": ["my {} is broken again", "the {} does not start", "how do I repair a {}", "help, {} on fire"],
    "sales": ["what does one {} cost", "I want to buy a {}", "is a {} on sale", "send the bill for a {}"],
}
PLACES = ["today", "at home", "in Graz"]
TICKETS = [
    (f"{saying.format(thing)}, {place}", label)
    for label, sayings in SAYINGS.items()
    for saying, thing, place in product(sayings, THINGS, PLACES)
]


@pytest.mark.slow
def test_a_table_becomes_a_report_and_a_model_that_answers(tmp_path: Path) -> None:
    needed = {name: (ROOT / "conf" / f"{name}.yaml").read_text(encoding="utf-8") for name in NEEDED}
    project = made(tmp_path / "a study", SMALL | needed)
    table = save(project.root / "tickets.csv", delimited([*TICKETS, *TICKETS[:9]], header=("body", "team")))
    output = project.run(sys.executable, "-m", "stages.tools.fit", table.name, "--minutes", "0.01")
    assert f"{len(TICKETS) + 9} rows, 2 labels" in output and "wrote conf/experiments/tickets.yaml" in output
    assert "9 texts repeat another" in output and "all but the first row of a text that repeats" in output
    assert "2 baselines (majority, logistic)" in output and "left out to stay within --minutes" in output
    assert "tickets-logistic is chosen by its held-out texts. On the test split: " in output
    assert "On the test texts, the other recipe is not shown" in output or "Of the 1 other recipe, " in output
    report = project.root / "reports" / "experiments" / "tickets"
    assert {path.name for path in report.iterdir()} == {"README.md", "index.html", "card.md"}
    assert "dropped: " in (report / "README.md").read_text(encoding="utf-8")
    texts = {"how do I repair a router, today": "support", "what does one printer cost, in Graz": "sales"}
    lines = project.run(sys.executable, "-m", "stages.tools.predict", "tickets-logistic", *texts).splitlines()
    answers = [line.split("\t")[0] for line in lines if "\t" in line]  # the others are notes
    assert answers == [*texts.values()]
