"""What `fit` does once its file is written: it runs DVC, and its last lines follow from the results."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stages.tools.fit import pipeline
from stages.tools.report import folder as reports
from stages.tools.report import gathered, ranking


def test_the_best_on_held_out_texts_is_named_and_the_report_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"mine-logistic": (0.8, 0.4), "mine-svm": (0.9, 0.5), "mine-bilstm": (0.9, 0.3)}
    study: dict[str, Any] = {
        "comparisons": {"mine": {"recipes": [*held]}},
        "recipes": {name: {"corpus": "c", "seeds": [1], "training": {"kind": "any"}} for name in held},
    }
    study["corpora"] = {"c": {"source": "s"}}
    reported: list[str] = []

    def gather(root: Path, study: dict[str, Any], name: str, by: str) -> Any:
        reported.append(f"{name} by {by}")
        return SimpleNamespace(parts=[])

    def held_out(recipe: str, experiment: str, data: Path) -> ranking.HeldOut:
        accuracy, loss = held[recipe]
        measures = {"accuracy": accuracy, "macro-f1": 0.5, "auc": 0.5, "loss": loss}
        return ranking.HeldOut(recipe, measures, 9, 9, 5000)

    monkeypatch.setattr(pipeline, "repro", lambda targets, shares: None)
    monkeypatch.setattr(pipeline, "imbalance", lambda source, by: None)
    monkeypatch.setattr(pipeline, "metrics", lambda recipe: {"test": {"accuracy": 1 - held[recipe][0]}})
    monkeypatch.setattr(ranking, "held_out", held_out)
    monkeypatch.setattr(gathered, "gather", gather)
    monkeypatch.setattr(reports, "page_of", lambda compared, weighing: tmp_path / "index.html")
    pipeline.run("mine", study, "accuracy", 1.0, 2)
    output = capsys.readouterr().out
    assert "mine-bilstm is chosen by its held-out texts. On the test split: 10.0 % right." in output
    assert output.startswith("2 baselines (logistic, svm), then 1 network (bilstm): about ")
    last = re.findall(r"(mine-\w+) +\d+\.\d", output)[-3:]
    assert last == ["mine-bilstm", "mine-svm", "mine-logistic"]
    assert (
        reported == ["mine by accuracy"]
        and f"python -m webbrowser {(tmp_path / 'index.html').as_uri()}" in output
    )


def test_where_macro_f1_ranks_the_last_line_has_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "metrics", lambda recipe: {"test": {"accuracy": 0.78, "f1": 0.9}})
    best = SimpleNamespace(name="mine-svm", over_classes=(0.512, 0.6))
    compared: Any = SimpleNamespace(parts=[SimpleNamespace(recipes=[best])])
    assert pipeline.on_test("mine-svm", compared, "macro-f1") == "78.0 % right, macro-F1 0.512"
    assert pipeline.on_test("mine-svm", compared, "accuracy") == "78.0 % right"


def test_weights_for_rare_labels_are_advised_where_they_are_not_there_yet() -> None:
    advice = pipeline.weighing("mine", "mine-svm", {"kind": "linear"})
    assert advice and "`svm: {training: {class_weight: balanced}}` under `tweak`" in advice
    assert pipeline.weighing("mine", "mine-svm", {"kind": "linear", "class_weight": "balanced"}) is None
    assert pipeline.weighing("mine", "mine-majority", {"kind": "linear"}) is None
    assert pipeline.weighing("mine", "mine-both", {"kind": "ensemble"}) is None


def test_commands_start_the_python_that_a_person_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "a study" / ".venv"
    own.mkdir(parents=True)
    monkeypatch.setattr(pipeline, "ROOT", own.parent)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert pipeline.python() == "python"  # an environment of another place
    monkeypatch.setattr(sys, "prefix", str(own))
    assert pipeline.python() == f"'{own}/bin/python'"
    monkeypatch.chdir(own.parent)
    assert pipeline.python() == ".venv/bin/python"
    for line in pipeline.next_commands("mine", "mine-svm", "mine", "python -m webbrowser x"):
        assert "python -m" not in line.replace(".venv/bin/python -m", "")
    monkeypatch.setenv("VIRTUAL_ENV", str(own))
    assert pipeline.python() == "python"


def test_of_an_experiment_without_baselines_dvc_runs_no_more_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = {"corpus": "c", "seeds": [1], "training": {"kind": "any"}}
    study: dict[str, Any] = {
        "comparisons": {"mine": {"recipes": ["mine-bilstm"]}},
        "recipes": {"mine-bilstm": recipe},
        "corpora": {"c": {"source": "s"}},
    }

    def repro(targets: Sequence[str], shares: object) -> None:
        raise InterruptedError(f"dvc repro {' '.join(targets)}")

    monkeypatch.setattr(pipeline, "repro", repro)
    monkeypatch.setattr(pipeline, "imbalance", lambda source, by: None)
    with pytest.raises(InterruptedError, match="dvc repro compare@mine"):
        pipeline.run("mine", study, "accuracy", 1.0, 2)
