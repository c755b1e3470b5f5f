"""Weights of many labels for many n-grams: what does not fit into the memory is left out before training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.runtime.config import InputError
from stages.tokenizers import ngrams
from stages.tools.fit import experiment, folds, memory

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# each word of a text is in a number of texts of its own
TEXTS = [
    " ".join(f"w{letter}" for i, letter in enumerate(LETTERS) if text % (i + 1) == 0) for text in range(200)
]
SIZES = experiment.Texts(np.array([len(text.split()) for text in TEXTS]), len(LETTERS), 5000)


def with_memory(monkeypatch: pytest.MonkeyPatch, n_grams: int, labels: int) -> None:
    """Have a machine with room for the weights of so many n-grams."""
    needed = 2 * n_grams * labels * memory.LOGISTIC
    monkeypatch.setattr(memory, "size", lambda: needed)
    monkeypatch.setattr(memory, "FEWEST", 50)


def vocabulary(corpus: str, min_texts: int) -> int:
    return ngrams.fit(ngrams.Config(**experiment.ngrams_of(corpus, min_texts)), TEXTS).vocabulary


def test_n_grams_of_many_labels_are_as_many_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = vocabulary("words-2", 1)
    with_memory(monkeypatch, everything // 3, 5000)
    sizes = experiment.with_room(SIZES, TEXTS)
    least = sizes.least["words-2"]
    assert least > 1 and vocabulary("words-2", least) <= everything // 3 < vocabulary("words-2", least // 2)
    assert experiment.corpus_of("mine", "words-2", sizes)["tokenizer"]["min_texts"] == least
    line = experiment.too_rare("mine", sizes, 10.0, False)
    assert line and f"n-grams in fewer than {least} texts (words-2)" in line and "5,000 labels" in line
    assert "experiments/mine.yaml" in line and len(line.splitlines()) == 1


def test_where_there_is_room_nothing_is_left_out() -> None:
    three = replace(SIZES, labels=3)
    sizes = experiment.with_room(three, TEXTS)
    assert {*sizes.least.values()} == {1} and experiment.too_rare("mine", sizes, 10.0, False) is None
    source = {"kind": "files", "path": "texts/mine.csv"}
    texts = [yaml.safe_load(experiment.written("mine", "t", source, each, 10.0)) for each in (three, sizes)]
    assert texts[0] == texts[1]


def test_two_labels_have_one_weight_for_an_n_gram(monkeypatch: pytest.MonkeyPatch) -> None:
    with_memory(monkeypatch, 900, 1)
    assert memory.most(2) == 900 and memory.most(3) == 300


def test_more_labels_than_any_n_grams_have_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_memory(monkeypatch, 49, 5000)
    with pytest.raises(
        InputError, match=r"^found 5,000 labels, allowed: 4,900, whose weights for 50 n-grams "
    ):
        experiment.with_room(SIZES, TEXTS)
    experiment.with_room(replace(SIZES, labels=4900), TEXTS)


def test_the_first_look_takes_no_more_n_grams_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with_memory(monkeypatch, 20, 4)
    assert len(folds.vectorizer(len(TEXTS), 4).fit(TEXTS).vocabulary_) == 20


def test_a_container_has_the_memory_that_it_may_use(tmp_path: Path) -> None:
    whole, limit, none = memory.size([]), tmp_path / "memory.max", tmp_path / "none"
    limit.write_text("1000000\n", encoding="utf-8")
    none.write_text("max\n", encoding="utf-8")
    assert memory.size([none, tmp_path / "absent"]) == whole > memory.size([limit]) == 1_000_000
