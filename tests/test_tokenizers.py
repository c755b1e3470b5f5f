"""Tokenizers give the ids that they document, always the same, and learn from the training split alone."""

import functools
import importlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import download
from stages.lib import arrays, kinds
from stages.lib.arrays import Split
from stages.lib.config import ROOT, InputError, read
from stages.tokenizers import Tokenizer

VOCABULARY = {"word": {"vocabulary": 60}, "bpe": {"vocabulary": 400}, "subwords8k": {}}
KINDS = ["word", "bpe", "subwords8k"]
LOSSLESS = ["bpe", "subwords8k"]

# keras.preprocessing.text.Tokenizer's default `filters`
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
WORDS = ["the", "film", "don't", "naïve", "привет", "日本", "🎬", "ß", "x\u00a0y", "unk", "pad", "0", "it's"]
WORDS += ["é", "e\u0301", "a\rb", "\x0b", "\u2028", "ok\x00", "straße", "ﬁne", "½", "'", "“so”", "\u2013"]
ODD = [
    "",
    " ",
    "\n\t ",
    "...",
    "[UNK]",
    "[PAD]",
    "[UNK] [PAD] <unk> </s> [CLS]",
    "\x00",
    "a_b__\\c\\u0;",
    "_",
]
ODD += [
    "🎬🏽\u200d",
    "\u2028\x85",
    "don't  stop\n\nnow ",
    " lead",
    "\\65;",
    "é e\u0301",
    "日本語テキスト",
    "x" * 999,
]

SCRIPT = """
import json, sys
from pathlib import Path
from stages.lib import kinds
from stages.lib.config import read
kind = kinds.module("tokenizers", sys.argv[1])
config = read(kind.Config, {"kind": sys.argv[1]} | json.loads(sys.argv[2]), "x")
kind.fit(config, Path(sys.argv[3]).read_text(encoding="utf-8").split("|")).save(Path(sys.argv[4]))
"""


def fit(kind: str, texts: list[str], **changes: Any) -> Tokenizer:
    module = kinds.module("tokenizers", kind)
    config = read(module.Config, {"kind": kind} | VOCABULARY[kind] | changes, "corpora.mine.tokenizer")
    fitted: Tokenizer = module.fit(config, texts)
    return fitted


@functools.cache
def fitted(kind: str) -> Tokenizer:
    return fit(kind, sentences(0))


def ids(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [found.tolist() for found in tokenizer.encode(texts)]


def sentences(seed: int, count: int = 60) -> list[str]:
    """Seeded texts of ordinary and odd words, with punctuation, tabs, newlines and doubled spaces."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        words = rng.choices(WORDS, weights=range(len(WORDS), 0, -1), k=rng.randint(1, 12))
        ends = rng.choices([" ", "  ", ". ", ", ", "\t", "\n", "!? ", "--", " [", "] ", "_"], k=len(words))
        texts.append("".join(word + end for word, end in zip(words, ends, strict=True)))
    return texts


def keras_words(text: str) -> list[str]:
    """What the Keras Tokenizer took for the words of a text."""
    text = text.lower().translate({ord(character): " " for character in FILTERS})
    return [word for word in text.split(" ") if word]


def keras_ids(corpus: list[str], vocabulary: int, texts: list[str]) -> list[list[int]]:
    """The ids of the Keras Tokenizer with num_words=vocabulary and an out-of-vocabulary token."""
    counts = Counter(word for text in corpus for word in keras_words(text))
    index = {word: rank + 2 for rank, (word, _) in enumerate(counts.most_common())}
    return [
        [index[w] if index.get(w, vocabulary) < vocabulary else 1 for w in keras_words(text)]
        for text in texts
    ]


def corpus_without_ties(seed: int) -> list[str]:
    """Texts in which no two words are equally frequent, in mixed case and between odd separators."""
    rng = random.Random(seed)
    words = rng.sample([word for word in WORDS if "\t" not in word and "\n" not in word], 20)
    drawn = [word for i, word in enumerate(words) for _ in range(i + 1)]
    rng.shuffle(drawn)
    cased = [rng.choice([w, w.title() if w.title().lower() == w else w]) for w in drawn]
    ends = rng.choices([" ", ". ", ",", "\t", "\n", "/", " [", "]", " (", "~~"], k=len(cased))
    pieces = [word + end for word, end in zip(cased, ends, strict=True)]
    return ["".join(pieces[i : i + 15]) for i in range(0, len(pieces), 15)]


@pytest.mark.parametrize("vocabulary", [3, 4, 12, 21, 22, 40])
@pytest.mark.parametrize("seed", range(5))
def test_word_ids_are_those_of_the_keras_tokenizer(seed: int, vocabulary: int) -> None:
    corpus = corpus_without_ties(seed)
    counts = Counter(word for text in corpus for word in keras_words(text))
    assert len(set(counts.values())) == len(counts)  # else the reference's order is not the only right one
    texts = [*corpus, *sentences(seed + 100), *ODD]
    tokenizer = fit("word", corpus, vocabulary=vocabulary)
    assert ids(tokenizer, texts) == keras_ids(corpus, vocabulary, texts)


def test_of_equally_frequent_words_the_first_in_alphabetical_order_stay() -> None:
    tokenizer = fit("word", ["pear fig apple fig", "date"], vocabulary=4)
    assert ids(tokenizer, ["fig apple date pear"]) == [[2, 3, 1, 1]]


@pytest.mark.parametrize(("vocabulary", "size"), [(5, 5), (6, 6), (7, 6), (1000, 6)])
def test_word_vocabulary_counts_padding_and_unknown(vocabulary: int, size: int) -> None:
    tokenizer = fit("word", ["a a a a", "b b b", "c c", "d"], vocabulary=vocabulary)
    assert tokenizer.vocabulary == size
    assert max(max(found) for found in ids(tokenizer, ["a b c d"])) == size - 1


@pytest.mark.parametrize("spelled", ["[UNK]", "[PAD]", "[unk] [pad]"])
def test_a_text_that_spells_a_special_entry_has_ordinary_words(spelled: str) -> None:
    tokenizer = fit("word", ["unk pad other", "unk pad", "unk"], vocabulary=10)
    assert set(ids(tokenizer, [spelled])[0]) <= {2, 3}


def test_every_word_is_unknown_to_a_tokenizer_fitted_on_nothing() -> None:
    assert ids(fit("word", [""], vocabulary=10), ["a b", ""]) == [[1, 1], []]


def test_bpe_has_padding_the_bytes_and_as_many_merges_as_asked_for() -> None:
    assert fit("bpe", sentences(1), vocabulary=257).vocabulary == 257
    assert fit("bpe", sentences(1), vocabulary=300).vocabulary == 300
    assert ids(fit("bpe", ["x"], vocabulary=257), ["é"]) != [[1, 1]]


def test_bpe_knows_every_text() -> None:
    found = ids(fitted("bpe"), [*ODD, *sentences(7)])
    assert not any(fitted("bpe").unknown(np.array(row, dtype=np.int32)).any() for row in found)


LETTERS = [
    "a",
    "B",
    " ",
    "_",
    "\\",
    "&",
    "undsc",
    ";",
    "9",
    "\n",
    "\t",
    "\x00",
    "é",
    "日",
    "🎬",
    "\u0301",
    "\u2028",
]
PLAIN = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(LETTERS), max_size=20).map("".join),
    st.sampled_from([*ODD, *sentences(0, 5), *sentences(10, 5)]),
)
ANY = (
    PLAIN
    | st.text(max_size=30)
    | st.text(st.characters(categories=["Cs"], include_characters="a "), max_size=5)
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=250)
@given(data=st.data())
def test_any_text_has_ids_of_the_vocabulary_the_same_once_saved_and_decodes_to_itself(
    kind: str, tmp_path: Path, data: st.DataObject
) -> None:
    texts = st.lists(ANY if kind == "subwords8k" else PLAIN, max_size=8)
    tokenizer = fit(kind, data.draw(texts))
    tokenizer.save(tmp_path)
    loaded = kinds.module("tokenizers", kind).load(tmp_path)
    assert loaded.vocabulary == tokenizer.vocabulary
    others = data.draw(texts)
    found = list(tokenizer.encode(others))
    assert [row.tolist() for row in found] == ids(loaded, others)
    for text, row in zip(others, found, strict=True):
        assert row.dtype == np.int32
        assert ((row >= 1) & (row < tokenizer.vocabulary)).all()
        if kind in LOSSLESS:
            assert loaded.decode(row.tolist()) == text


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_half_of_a_surrogate_pair_is_refused_with_the_number_of_its_text(kind: str) -> None:
    for work in (lambda: fit(kind, ["a", "b\ud800"]), lambda: ids(fitted(kind), ["a", "b\udc00", "\ud800"])):
        with pytest.raises(InputError, match=r"^text 2: half of a surrogate pair at character 1$"):
            work()


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_an_array_for_every_text_and_it_does_not_depend_on_the_others(kind: str) -> None:
    tokenizer = fitted(kind)
    texts = [*ODD, *sentences(12)] * 20  # more than are encoded at once
    together = ids(tokenizer, texts)
    assert len(together) == len(texts)
    assert together[:50] == [ids(tokenizer, [text])[0] for text in texts[:50]]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_text_has_no_ids(kind: str) -> None:
    found = list(fitted(kind).encode(["", "the film", ""]))
    assert [len(row) > 0 for row in found] == [False, True, False]
    assert found[0].dtype == np.int32


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_twice_gives_the_same_files(tmp_path: Path, kind: str) -> None:
    saved = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        fit(kind, sentences(14)).save(tmp_path / name)
        saved.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert saved[0] == saved[1] != {}


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_does_not_depend_on_the_processs_hash_seed(tmp_path: Path, kind: str) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("|".join(sentences(15)), encoding="utf-8")
    saved = set()
    for seed in ("0", "1"):
        (tmp_path / seed).mkdir()
        settings = json.dumps(VOCABULARY[kind])
        command = [sys.executable, "-c", SCRIPT, kind, settings, str(corpus), str(tmp_path / seed)]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed})
        (file,) = (tmp_path / seed).iterdir()
        saved.add(file.read_bytes())
    assert len(saved) == 1


class Stage:
    """The tokenize stage in a project of its own, with a source `mine` and a corpus `words`."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: dict[str, Any]) -> None:
        self.root = root
        self.module = importlib.import_module("stages.tokenize.__main__")
        monkeypatch.setattr(self.module, "ROOT", root)
        corpora = {"words": {"source": "mine", "tokenizer": tokenizer}}
        monkeypatch.setattr(self.module, "params", lambda: {"corpora": corpora})

    def run(self, **texts: list[str]) -> dict[str, arrays.Tokens]:
        source = self.root / "data" / "sources" / "mine"
        source.mkdir(parents=True, exist_ok=True)
        splits = {
            name: Split(found, np.arange(len(found), dtype=np.int8) % 2, ["no", "yes"])
            for name, found in texts.items()
        }
        download.write(source, splits)
        self.module.main("words")
        return {name: arrays.load_tokens(self.out / f"{name}.npz") for name in texts}

    @property
    def out(self) -> Path:
        return self.root / "data" / "tokens" / "words"

    @property
    def facts(self) -> dict[str, Any]:
        path = self.root / "reports" / "corpora" / "words.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch, {"kind": "word", "vocabulary": 100})


def test_words_that_only_the_test_split_has_are_unknown(stage: Stage) -> None:
    found = stage.run(train=["good film", "bad film"], test=["good novel", "awful novel"])
    assert found["test"].ids.tolist() == [4, 1, 1, 1]  # film, bad, good are 2, 3, 4
    assert found["train"].vocabulary == found["test"].vocabulary == 5
    assert stage.facts["train"]["oov_rate"] == 0
    assert stage.facts["test"]["oov_rate"] == 0.75


@pytest.mark.parametrize(
    "tokenizer",
    [{"kind": "word", "vocabulary": 30}, {"kind": "bpe", "vocabulary": 300}, {"kind": "subwords8k"}],
)
def test_the_fitted_tokenizer_does_not_depend_on_the_test_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: dict[str, Any]
) -> None:
    stage = Stage(tmp_path, monkeypatch, tokenizer)
    saved = set()
    for test in (["one"], sentences(20)):
        stage.run(train=sentences(21), test=test)
        (file,) = stage.out.glob("*.json")
        saved.add(file.read_bytes())
    assert len(saved) == 1


def test_every_split_keeps_its_texts_in_order_with_their_labels(stage: Stage) -> None:
    found = stage.run(train=["a b b", "", "b"], test=["b a"], unsupervised=["c", "", ""])
    assert found["train"].ids.tolist() == [3, 2, 2, 2]
    assert found["train"].offsets.tolist() == [0, 3, 3, 4]
    assert found["train"].labels.tolist() == [0, 1, 0]
    assert found["train"].names.tolist() == ["no", "yes"]
    assert found["unsupervised"].offsets.tolist() == [0, 1, 1, 1]
    assert set(stage.facts) == {"vocabulary", "train", "test", "unsupervised"}


def test_a_split_of_empty_texts_has_no_ids_and_nothing_unknown(stage: Stage) -> None:
    found = stage.run(train=["a"], test=["", "..."])
    assert found["test"].ids.tolist() == []
    assert found["test"].ids.dtype == np.int32
    assert stage.facts["test"]["oov_rate"] == 0


def test_the_lengths_that_are_reported_are_those_of_the_texts_in_tokens(stage: Stage) -> None:
    texts = [" ".join(["w"] * n) for n in range(1, 102)]  # 1 to 101 words
    stage.run(train=texts, test=["w"])
    assert stage.facts["train"]["texts"] == 101
    assert stage.facts["train"]["tokens"] == sum(range(1, 102))
    assert stage.facts["train"]["length"] == {"mean": 51.0, "p5": 6, "p50": 51, "p95": 96, "max": 101}
