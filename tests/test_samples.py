"""Sample sentences: a table per source, a row per recipe, a probability per sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import samples
from tests.project import LABELS, MARKUP

SENTENCES = {"cool": "It was cool.", "dull": "It was | dull."}
TWO = (["negative", "positive"], np.array([[[0.25, 0.75], [0.9, 0.1]]]))


class Trained:
    """A classifier that has an answer for each recipe."""

    def __init__(self, name: str, recipes: dict[str, dict[str, str]], seeds: str) -> None:
        assert seeds == "all"
        corpus = recipes[name]["corpus"]
        self.labels = [f"not {corpus}", corpus]

    def probabilities(self, texts: list[str]) -> Any:
        return np.full((1, len(texts), 2), 0.5)


def test_recipes_are_grouped_by_their_source_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "ROOT", tmp_path)
    monkeypatch.setattr(samples, "Classifier", Trained)
    sources = {"words": "films", "other": "tickets", "pieces": "films"}
    corpora = {corpus: {"source": source} for corpus, source in sources.items()}
    recipes = {"b": {"corpus": "words"}, "c": {"corpus": "other"}, "a": {"corpus": "pieces"}}
    samples.main({"samples": SENTENCES, "corpora": corpora, "recipes": recipes})
    page = (tmp_path / "data" / "samples.md").read_text(encoding="utf-8")
    films, tickets = page.split("Probability of ")[1:]
    assert "source films" in films and films.index("| b |") < films.index("| a |") and "| c |" not in films
    assert "source tickets" in tickets and "| c |" in tickets


def test_of_two_labels_the_second_ones_probability_is_shown_of_more_the_most_probable() -> None:
    three = (["x", "y", "z"], np.array([[[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]]))
    page = samples.page(SENTENCES, {"films": {"a": TWO}, "tickets": {"b": three}})
    assert "- **cool**: It was cool.\n- **dull**: It was \\| dull.\n" in page
    assert "Probability of *positive*, source films:\n\n| recipe | cool | dull |" in page
    assert "\n| a | 0.750 | 0.100 |\n" in page and "\n| b | y 0.500 | x 0.600 |\n" in page


def test_of_several_seeds_the_mean_is_shown_with_the_lowest_and_the_highest() -> None:
    two = (["negative", "positive"], np.array([[[0.6, 0.4], [0.9, 0.1]], [[0.1, 0.9], [0.7, 0.3]]]))
    three = (["x", "y", "z"], np.array([[[0.1, 0.6, 0.3]], [[0.5, 0.2, 0.3]]]))
    page = samples.page(SENTENCES, {"films": {"a": two}})
    assert "\n| a | 0.650 (0.40 to 0.90) | 0.200 (0.10 to 0.30) |\n" in page
    assert "\n| b | y 0.400 (0.20 to 0.60) |\n" in samples.page({"cool": "."}, {"tickets": {"b": three}})


def test_sentences_and_labels_are_no_markup() -> None:
    three = ([*LABELS, "z"], np.array([[[0.5, 0.2, 0.3]]]))
    page = samples.page({"bad": MARKUP}, {"films": {"a": (LABELS[::-1], TWO[1][:, :1])}, "b": {"c": three}})
    assert "<" not in page and " *x*" not in page and " |x|" not in page
    assert all(line.count(" | ") == 1 for line in page.splitlines() if line.startswith("| "))
