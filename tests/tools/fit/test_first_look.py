"""`fit`'s first look: it measures on training texts alone, on none that it was trained on."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.split import Split
from stages.runtime.config import read
from stages.sources import files
from stages.tools.fit import first_look, folds
from stages.tools.report import ranking
from tests.sources.splits import split
from tests.sources.tables import delimited, save

WORDS = {
    "sport": ["ball", "team", "score"],
    "arts": ["stage", "novel", "paint"],
    "world": ["vote", "war", "law"],
}


def rows(count: int, wrong: float = 0.1) -> list[tuple[str, str]]:
    """Texts whose label four words give away, but for a share of them."""
    draw = random.Random(0)
    names = [*WORDS]
    made = []
    for i in range(count):
        label = names[i % 3]
        says = WORDS[draw.choice(names) if draw.random() < wrong else label]
        made.append((f"number {i} {' '.join(draw.choices(says, k=4))}", label))
    return made


def source(path: Path, **more: Any) -> dict[str, Any]:
    entry = {"kind": "files", "path": str(path), "text": "text", "label": "label", "split": {"test": 0.2}}
    return entry | more


def split_of(path: Path, **more: Any) -> Split:
    train = first_look.training_split("mine", source(path, **more))
    assert train
    return train


def percentages(lines: Sequence[str]) -> dict[str, float]:
    """The accuracy of each model, in %."""
    rows = re.findall(r"^  (.+?) +accuracy +([\d.]+) %", "\n".join(lines), re.MULTILINE)
    return {name: float(number) for name, number in rows}


def test_so_many_labels_that_it_would_take_minutes_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    train = split(*((f"text {i} of {i % 3}", i % 3) for i in range(1200)), names=("a", "b", "c"))
    assert percentages([*first_look.sheet(train)])
    monkeypatch.setattr(first_look, "MANY", 2)
    lines = [*first_look.sheet(train)]
    assert not percentages(lines) and any("With 3 labels nothing is measured" in line for line in lines)


def test_the_labels_of_the_test_split_change_nothing(tmp_path: Path) -> None:
    table = rows(1500)
    renamed = [
        (text, random.Random(text).choice([*WORDS]) if files.place(text) < 0.2 else label)
        for text, label in table
    ]
    assert renamed != table
    one, other = (
        list(first_look.sheet(split_of(save(tmp_path / f"{name}.csv", delimited(made)))))
        for name, made in (("a", table), ("b", renamed))
    )
    assert one == other and len(percentages(one)) == 3


def test_its_texts_are_those_that_the_source_puts_into_its_training_split(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", delimited([*rows(300), *rows(40)]))
    for more in ({}, {"duplicates": "drop exact"}, {"split": {"test": 0.3, "by": "shares of labels"}}):
        train = split_of(path, **more)
        whole = files.load(read(files.Source, source(path, **more), "sources.mine"))
        expected = dict.fromkeys(whole["train"].texts) if "duplicates" in more else whole["train"].texts
        assert [*train.texts] == [*expected]


def test_what_a_linear_model_can_learn_is_seen_and_no_more() -> None:
    table = rows(2000)
    labels = np.array([[*WORDS].index(label) for _, label in table], dtype=np.int16)
    lines = list(first_look.sheet(Split([text for text, _ in table], labels, [*WORDS])))
    accuracy = percentages(lines)
    assert [*accuracy] == ["majority", "TF-IDF + linear SVM", "TF-IDF + logistic regression"]
    assert 28 < accuracy["majority"] < 39
    # a tenth of the texts has the words of a label drawn by chance, which is right for a third of them
    assert all(89 < accuracy[name] < 97 for name in [*accuracy][1:])
    assert "2,000 texts" in lines[1] and "(400)" in lines[1] and "first look" in lines[-1]


def test_texts_that_repeat_each_other_are_on_one_side(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[set[str]] = []

    def measured(train: Split, held: Split) -> list[str]:
        sides.extend([set(train.texts), set(held.texts)])
        return []

    monkeypatch.setattr(first_look, "measured", measured)
    texts = [f"text {i % 700}" for i in range(1400)]
    list(first_look.sheet(Split(texts, np.arange(1400, dtype=np.int16) % 700 % 2, ["a", "b"])))
    train, held = sides
    assert train and held and not train & held


def test_of_many_texts_some_are_drawn_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "MOST", 1200)
    texts = [f"text {i} {'good' if i % 2 else 'bad'}" for i in range(3000)]
    many = Split(texts, np.arange(3000, dtype=np.int16) % 2, ["a", "b"])
    one, other = (list(first_look.sheet(many)) for _ in range(2))
    assert one == other and "1,200 texts drawn from 3,000" in one[1]


def test_few_texts_are_cross_validated_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "sheet", lambda train: [f"{len(train.texts)} texts by folds"])
    few = split(*((f"text {i}", i % 2) for i in range(ranking.FEW - 1)))
    assert list(first_look.sheet(few))[1] == "999 texts by folds"


def test_a_label_of_too_few_texts_is_left_out_by_name() -> None:
    table = [*((f"text {i} {'good' if i % 2 else 'bad'}", i % 2) for i in range(1200)), ("lone", 2)]
    lines = list(first_look.sheet(split(*table, names=("no", "yes", "rare"))))
    assert "labelled 'rare'" in lines[1] and len(percentages(lines)) == 3


def test_what_has_to_be_prepared_first_is_not_looked_at() -> None:
    entry = {"kind": "demo", "splits": {"train": 9, "test": 9}, "cue_distance": 3, "seed": 1}
    assert first_look.training_split("demo", entry) is None


@pytest.mark.parametrize("count", [300, 1500])
def test_where_labels_are_hardly_learnt_it_asks_whether_they_are_the_labels(count: int) -> None:
    draw = random.Random(0)
    chance = [(f"text {i} {draw.randrange(40)}", draw.randrange(5)) for i in range(count)]
    hint = "Hardly better than always saying the most frequent label: is it the label?."
    lines = list(first_look.sheet(split(*chance, names=(*"abcde",)), "is it the label?"))
    assert lines[-2] == hint
    assert hint not in first_look.sheet(split(*chance, names=(*"abcde",)))
    learnt = [(f"text {i} {'good' if i % 2 else 'bad'}", i % 2) for i in range(count)]
    assert hint not in first_look.sheet(split(*learnt), "is it the label?")


def test_rare_labels_make_an_accuracy_near_the_majority_no_hardly_better_one() -> None:
    assert first_look.hardly_better({"majority": 0.141, "svm": 0.168})
    assert not first_look.hardly_better({"majority": 0.95, "svm": 0.97})


def test_a_label_that_is_rare_among_those_drawn_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "MOST", 1200)
    labels = np.zeros(3000, dtype=np.int16)
    labels[1::2], labels[:8], labels[8] = 1, 2, 3
    many = Split([f"text {i}" for i in range(3000)], labels, ["a", "b", "seen eight times", "once"])
    drawn, *_ = [line for line in first_look.sheet(many) if line.startswith("Fewer")]
    assert drawn.startswith("Fewer than 5 different texts of the 1,200 drawn are labelled ")
    assert "'once'" in drawn
