"""reports/walkthrough.ipynb runs as it stands, and what it shows is what it gives."""

from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from stages.runtime.config import ROOT

NOTEBOOK = ROOT / "reports" / "walkthrough.ipynb"


def committed() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook: Any) -> list[Any]:
    """Of each code cell what it shows."""
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def text(cell: Any) -> str:
    return "".join(output.get("text", "") or output.data.get("text/plain", "") for output in cell)


def test_it_was_run_from_the_first_cell_to_the_last() -> None:
    counts = [cell.execution_count for cell in committed().cells if cell.cell_type == "code"]
    assert counts == list(range(1, 16))
    assert not any(output.output_type == "error" for cell in outputs(committed()) for output in cell)


def test_its_last_cell_shows_the_committed_table() -> None:
    table = pd.read_csv(ROOT / "reports" / "tables" / "demo.csv", index_col="recipe")
    rounded: Any = table[["test_accuracy", "low", "high", "test_ece", "parameters"]].round(3)
    [output] = outputs(committed())[-1]
    renew = "run reports/walkthrough.ipynb anew: reports/tables/demo.csv has other numbers"
    assert output.data["text/plain"] == str(rounded), renew
    assert output.data["text/html"] == rounded._repr_html_(), renew


@pytest.mark.slow
def test_it_runs_and_shows_what_is_committed() -> None:
    before, after = committed(), committed()
    NotebookClient(after, timeout=600, resources={"metadata": {"path": str(ROOT / "reports")}}).execute()
    old, new = outputs(before), outputs(after)
    kinds = [[{o.output_type for o in cell} for cell in each] for each in (old, new)]
    assert kinds[0] == kinds[1]
    for was, is_now in list(zip(old, new, strict=True))[1:7]:  # until the training, nothing rounds
        assert text(was) == text(is_now)
    tested = [float(text(cell[9]).split("accuracy")[1].split()[0]) for cell in (old, new)]
    assert tested == pytest.approx([1.0, 1.0], abs=0.02)
    linear = text(new[11])
    assert float(linear.split("counts of words ")[1].split()[0]) < 60, linear
