"""The tokenize stage learns from the training split alone, and keeps every split's texts in order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import tokenize
from stages.artifacts.split import Split, save_split
from stages.artifacts.tokens import Tokens, load_tokens
from stages.runtime import files
from stages.runtime.config import InputError
from stages.tokenization.interface import identity
from tests.tokenizers.texts import sentences

WORD = {"kind": "word", "vocabulary": 100}


class Stage:
    """The stage in a project of its own, with a source `mine` and a corpus `words`."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.out = root / "data" / "tokens" / "words"
        monkeypatch.setattr(tokenize, "ROOT", root)

    def run(self, tokenizer: dict[str, Any] = WORD, **texts: list[str]) -> dict[str, Tokens]:
        source = self.root / "data" / "sources" / "mine"
        source.mkdir(parents=True, exist_ok=True)
        for name, of_split in texts.items():
            labels = np.arange(len(of_split), dtype=np.int16) % 2
            save_split(source / f"{name}.parquet", Split(of_split, labels, ["no", "yes"]))
        files.write_json(source / "labels.json", ["no", "yes"])
        tokenize.main("words", {"corpora": {"words": {"source": "mine", "tokenizer": tokenizer}}})
        return {name: load_tokens(self.out / f"{name}.npz") for name in texts}

    @property
    def facts(self) -> dict[str, Any]:
        path = self.root / "reports" / "corpora" / "words.json"
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return facts


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_words_that_only_the_test_split_has_are_unknown(stage: Stage) -> None:
    splits = stage.run(train=["good film", "bad film"], test=["good novel", "awful novel"])
    assert splits["test"].ids.tolist() == [4, 1, 1, 1]  # film, bad, good are 2, 3, 4
    assert splits["test"].unknown.tolist() == [1, 2]
    assert splits["train"].vocabulary == splits["test"].vocabulary == 5
    assert stage.facts["train"]["oov_rate"] == 0
    assert stage.facts["test"]["oov_rate"] == 0.75


def test_a_source_that_is_missing_is_told_in_one_line(stage: Stage) -> None:
    with pytest.raises(InputError, match=r"train.parquet is missing; make it with: dvc repro$"):
        tokenize.main("words", {"corpora": {"words": {"source": "none", "tokenizer": WORD}}})
    assert not stage.out.exists()


def test_what_lies_between_the_processes_is_gone_afterwards(stage: Stage) -> None:
    stage.run({"kind": "ngrams", "words": 2, "min_texts": 1, "binary": False}, train=["a b", "c"], test=["a"])
    made = ["ngrams.json", "test.npz", "train.npz", "words-2.npy"]
    assert sorted(path.name for path in stage.out.iterdir()) == made
    assert [path.name for path in stage.out.parent.iterdir()] == ["words"]


def test_the_fitted_tokenizer_does_not_depend_on_the_test_split(stage: Stage) -> None:
    saved = set()
    for test in (["one"], sentences(20)):
        splits = stage.run({"kind": "subwords8k"}, train=sentences(21), test=test)
        (file,) = stage.out.glob("*.json")
        saved.add(file.read_bytes())
        assert splits["train"].tokenizer == splits["test"].tokenizer == identity("subwords8k", stage.out)
    assert len(saved) == 1


def test_every_split_keeps_its_texts_in_order_with_their_labels(stage: Stage) -> None:
    splits = stage.run(train=["a b b", "", "b"], test=["b a"], unsupervised=["", "..."])
    assert splits["train"].ids.tolist() == [3, 2, 2, 2]
    assert splits["train"].offsets.tolist() == [0, 3, 3, 4]
    assert splits["train"].labels.tolist() == [0, 1, 0]
    assert splits["train"].names.tolist() == ["no", "yes"]
    assert splits["unsupervised"].ids.tolist() == [] and splits["unsupervised"].ids.dtype == np.int32
    assert set(stage.facts) == {"vocabulary", "train", "test", "unsupervised"}
    assert stage.facts["unsupervised"]["oov_rate"] == 0


def test_the_lengths_that_are_reported_are_those_of_the_texts_in_tokens(stage: Stage) -> None:
    stage.run(train=[" ".join(["w"] * n) for n in range(1, 102)], test=["w"])  # 1 to 101 words
    length = {"mean": 51.0, "p5": 6, "p50": 51, "p95": 96, "max": 101}
    assert stage.facts["train"] == {"texts": 101, "tokens": 5151, "oov_rate": 0.0, "length": length}


def test_where_n_grams_of_characters_begin_is_told_and_a_vocabulary_of_one_part_has_no_file(
    stage: Stage,
) -> None:
    ngrams = {"kind": "ngrams", "words": 2, "characters": 3, "min_texts": 1, "binary": False}
    stage.run(ngrams, train=["a bc", "bc a"], test=["a"])
    [start] = json.loads((stage.out / "parts.json").read_text(encoding="utf-8"))
    assert start == 2 + 2 + 2  # padding and unknown, words, pairs
    assert start < stage.facts["vocabulary"]
    stage.run(ngrams | {"characters": 0}, train=["a bc", "bc a"], test=["a"])
    assert not (stage.out / "parts.json").exists()
