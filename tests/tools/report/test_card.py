"""A model card says what files say, in metadata that the Hub can read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.tools.report import card, classwise
from stages.tools.report.gathered import gather
from tests.project import LABELS as NASTY
from tests.tools.report.left import LABELS, NAME, Made, experiment


def written(root: Path, recipe: Made, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """A card's front matter, and what follows it."""
    gathered = gather(root, experiment(root, [recipe], monkeypatch), NAME)
    [part] = gathered.parts
    text = card.written(gathered, part, part.recipes[0], root / "reports" / "experiments" / NAME)
    assert text.startswith("---\n")
    header, _, body = text.removeprefix("---\n").partition("\n---\n")
    return yaml.safe_load(header), body


@pytest.mark.parametrize(("model", "library"), [("network", "keras"), ("linear", "seqstudy")])
@pytest.mark.parametrize("labels", [LABELS, NASTY, ["---", "no"]])
def test_the_front_matter_is_yaml_with_the_measured_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, library: str, labels: list[str]
) -> None:
    header, _ = written(tmp_path, Made("a", 7, 8, model, labels=labels), monkeypatch)
    assert header["library_name"] == library and header["pipeline_tag"] == "text-classification"
    [entry] = header["model-index"]
    [result] = entry["results"]
    assert entry["name"] == "a" and result["task"]["type"] == "text-classification"
    assert result["dataset"] == {"type": "own", "name": "own", "split": "test"}
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert [*values] == header["metrics"] and values["accuracy"] == 0.7
    assert all(isinstance(value, float) for value in values.values())


def test_what_no_file_says_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, _ = written(tmp_path, Made("a", 7, 8), monkeypatch)
    assert not {"license", "language", "datasets", "base_model"} & set(header)


@pytest.mark.parametrize(("worst", "named"), [(0.922, False), (0.91, True)])
def test_a_label_is_called_the_worst_only_if_it_is_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worst: float, named: bool
) -> None:
    measures = np.array([[0.9, 0.9, f1, 60] for f1 in (0.93, worst, 0.925)])
    monkeypatch.setattr(classwise, "of_each", lambda *given: measures)
    _, body = written(tmp_path, Made("a", 7, 8), monkeypatch)
    assert ("It is worst on sport, with an F1 of" in body) is named
    assert "no mistake" not in body


def test_of_a_perfect_model_no_label_and_no_length_is_the_worst(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, body = written(tmp_path, Made("a", 10, 10), monkeypatch)
    assert "It makes no mistake with the " in body and "worst" not in body


@pytest.mark.parametrize("dropped", [False, True])
def test_a_text_with_several_labels_can_be_right_once_one_of_them_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: bool
) -> None:
    gathered = gather(tmp_path, experiment(tmp_path, [Made("a", 7, 8)], monkeypatch), NAME)
    [part] = gathered.parts
    repeats = {**part.sheet["duplicates"], "dropped": {"train": 3 * dropped, "test": 0}}
    changed = replace(part, sheet={**part.sheet, "contradictory": 3, "duplicates": repeats})
    lines = " ".join(card.limits(changed, part.recipes[0]))
    assert ("no model can be right in all" in lines) is not dropped
    assert ("one of each is left" in lines) is dropped


def test_it_says_where_it_is_weak_and_where_it_is_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, body = written(tmp_path, Made("a", 7, 8), monkeypatch)
    assert "arts, sport, world" in body
    assert "It is worst on sport, with an F1 of 0." in body
    assert "world has 13 test texts: numbers for that label may be far off." in body
    for origin in ("a000000000000000", "a processor", "2.4.6", "stages/train.py | " + "b" * 16):
        assert origin in body
    assert 'Classifier("a", params()["recipes"])' in body
