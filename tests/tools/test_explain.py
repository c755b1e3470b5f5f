"""`explain` shows on a terminal which words decided."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stages.tools import explain


def test_it_says_where_no_word_speaks_for_the_label_and_where_probabilities_mean_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resident(*_: object) -> Any:
        of_one = np.array([[0.1, 0.9]]), np.array([True])
        return SimpleNamespace(labels=["no", "yes"], doubt="not so", answers=lambda texts: of_one)

    monkeypatch.setattr(explain, "params", lambda: {"recipes": {"mine": {}}})
    monkeypatch.setattr(explain, "Resident", resident)
    against = [("dull", -0.5), ("dull", -0.5), ("the", 0.0)], "no word speaks for it"
    monkeypatch.setattr(explain, "explaining", lambda *_: lambda text, label: against)
    monkeypatch.setattr("sys.argv", ["explain", "mine", "dull dull the"])
    explain.main()
    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["yes, 0.9000", "-1.000\tdull (2 times)", "no word speaks for it"]
    assert printed.err == "note: mine: not so\n"
