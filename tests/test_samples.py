"""What a recipe says of sample sentences."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import samples

SENTENCES = {"dull": "It was | dull.", "cool": "It was cool."}


class Trained:
    """A classifier that has an answer."""

    labels = ("negative", "positive")

    def __init__(self, name: str, recipes: dict[str, dict[str, str]], seeds: str) -> None:
        assert name in recipes and seeds == "all"

    def probabilities(self, texts: list[str]) -> Any:
        assert texts == [*SENTENCES.values()]
        return np.array([[[0.9, 0.1], [0.25, 0.75]]])


def test_each_sentence_has_an_answer_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "ROOT", tmp_path)
    monkeypatch.setattr(samples, "Classifier", Trained)
    samples.main("a", {"samples": SENTENCES, "recipes": {"a": {}}})
    answers = json.loads((tmp_path / "reports" / "samples" / "a.json").read_text(encoding="utf-8"))
    assert [*answers.items()] == [
        ("dull", {"label": "positive", "probability": 0.1}),
        ("cool", {"label": "positive", "probability": 0.75}),
    ]


def test_of_two_labels_the_second_ones_probability_is_told_of_more_the_most_probable() -> None:
    shares = np.array([[[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]])
    assert samples.answered(["a", "b"], shares[:, 1:, :2]) == [{"label": "b", "probability": 0.2}]
    of_three = samples.answered(["x", "y", "z"], shares)
    assert of_three == [{"label": "y", "probability": 0.5}, {"label": "x", "probability": 0.6}]


def test_of_several_seeds_the_mean_is_told_with_the_lowest_and_the_highest() -> None:
    two = np.array([[[0.6, 0.4], [0.9, 0.1]], [[0.1, 0.9], [0.7, 0.3]]])
    first, second = samples.answered(["negative", "positive"], two)
    assert first == {"label": "positive", "probability": 0.65, "lowest": 0.4, "highest": 0.9}
    assert second == {"label": "positive", "probability": 0.2, "lowest": 0.1, "highest": 0.3}
    [three] = samples.answered(["x", "y", "z"], np.array([[[0.1, 0.6, 0.3]], [[0.5, 0.2, 0.3]]]))
    assert three == {"label": "y", "probability": 0.4, "lowest": 0.2, "highest": 0.6}
