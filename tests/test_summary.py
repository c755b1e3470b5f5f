"""The pages about sample sentences and corpora."""

from pathlib import Path
from typing import Any

import pytest

from stages import summary
from stages.runtime import files
from tests.project import LABELS, MARKUP

SENTENCES = {"cool": "It was cool.", "dull": "It was | dull."}


def test_sentences_and_corpora_have_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes are grouped by their source, in their order, and only those that were asked."""
    monkeypatch.setattr(summary, "ROOT", tmp_path)
    reports = tmp_path / "reports"
    described = {"oov_rate": 0.0625, "length": {"mean": 232.4, "p5": 1, "p50": 175, "p95": 592, "max": 2332}}
    facts = {"vocabulary": 10000, "train": described, "test": described | {"oov_rate": 0.125}}
    corpora = {corpus: {"source": source} for corpus, source in [("words", "films"), ("other", "tickets")]}
    for corpus in corpora:
        files.write_json(reports / "corpora" / f"{corpus}.json", facts)
    recipes = {name: {"corpus": "other" if name == "c" else "words"} for name in "bcad"}
    for recipe in recipes:
        files.write_json(reports / "samples" / f"{recipe}.json", answers("positive", 0.75))
    order = {"sampled": [*"bca"], "corpora": [*corpora], "tested": {"films": 3, "tickets": 1}}
    params = {"samples": SENTENCES, "corpora": corpora, "recipes": recipes, "pipeline": {"order": order}}
    summary.main(params)
    films, tickets = (reports / "samples.md").read_text(encoding="utf-8").split("Probability of ")[1:]
    assert "source films" in films and films.index("| b |") < films.index("| a |")
    assert "| c |" not in films and "| d |" not in films
    assert "source tickets" in tickets and "| c |" in tickets
    page = (reports / "corpora.md").read_text(encoding="utf-8")
    assert "\n| words | 10,000 | 232.4 | 175 | 592 | 2,332 | 6.25 | 12.50 |\n" in page
    assert page.endswith("| source | recipes |\n| --- | ---: |\n| films | 3 |\n| tickets | 1 |\n")


def answers(label: str, probability: float, **more: Any) -> dict[str, dict[str, Any]]:
    return {name: {"label": label, "probability": probability, **more} for name in SENTENCES}


def test_a_label_stands_above_the_table_or_in_each_cell() -> None:
    three = answers("x", 0.5) | {"dull": {"label": "y", "probability": 0.61}}
    page = summary.sentences(SENTENCES, {"films": {"a": answers("positive", 0.75)}, "tickets": {"b": three}})
    assert "- **cool**: It was cool.\n- **dull**: It was \\| dull.\n" in page
    assert "Probability of *positive*, source films:\n\n| recipe | cool | dull |" in page
    assert "\n| a | 0.750 | 0.750 |\n" in page and "\n| b | x 0.500 | y 0.610 |\n" in page


def test_of_several_seeds_the_mean_is_shown_with_the_lowest_and_the_highest() -> None:
    several = answers("positive", 0.9978, lowest=0.9962, highest=0.9988)
    page = summary.sentences(SENTENCES, {"films": {"a": several}})
    assert "\n| a | 0.998 (0.996 to 0.999) | 0.998 (0.996 to 0.999) |\n" in page


def test_sentences_and_labels_are_no_markup() -> None:
    bad = {"bad": {"label": LABELS[0], "probability": 0.5}}
    page = summary.sentences({"bad": MARKUP}, {"films": {"a": bad}, "b": {"c": bad}})
    assert "<" not in page and " *x*" not in page and " |x|" not in page
    assert all(line.count(" | ") == 1 for line in page.splitlines() if line.startswith("| "))
