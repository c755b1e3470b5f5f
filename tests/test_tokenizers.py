"""Tokenizers give the ids that they document, always the same, and learn from the training split alone."""

import functools
import importlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages import download
from stages.lib import arrays, covering, kinds
from stages.lib.arrays import Split
from stages.lib.config import ROOT, read
from stages.lib.subwords import learn
from stages.sources import demo
from stages.tokenizers import Tokenizer, subwords8k

slow = pytest.mark.slow  # TFDS, which subwords8k is compared with, imports TensorFlow

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
FOLDER = ROOT / "data" / "tokens" / "imdb-subwords8k"
IMDB = ROOT / "data" / "sources" / "imdb"
UNDERSCORE = "\\&undsc"  # TFDS's spelling of an underscore within a word

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


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("seed", range(3))
def test_decoding_gives_back_any_text(kind: str, seed: int) -> None:
    rng = random.Random(seed)
    letters = ["a", "B", " ", "_", "\\", ";", "9", "\n", "\t", "\x00", "é", "日", "🎬", "\u0301", "\u2028"]
    texts = ["".join(rng.choices(letters, k=rng.randint(0, 30))) for _ in range(150)]
    for text in [*texts, *ODD, *sentences(seed + 10)]:
        assert fitted(kind).decode(ids(fitted(kind), [text])[0]) == text


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_from_1_to_the_vocabulary_and_never_padding(kind: str) -> None:
    tokenizer = fitted(kind)
    texts = [*ODD, *sentences(0), *sentences(11)]
    for found in tokenizer.encode(texts):
        assert found.dtype == np.int32
        assert ((found >= 1) & (found < tokenizer.vocabulary)).all()


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
def test_a_saved_and_loaded_tokenizer_gives_the_same_ids(tmp_path: Path, kind: str) -> None:
    fitted(kind).save(tmp_path)
    loaded = kinds.module("tokenizers", kind).load(tmp_path)
    texts = [*ODD, *sentences(13)]
    assert loaded.vocabulary == fitted(kind).vocabulary
    assert ids(loaded, texts) == ids(fitted(kind), texts)


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


def test_subwords_spell_in_bytes_what_they_do_not_cover_so_that_nothing_is_unknown() -> None:
    tokenizer = fitted("subwords8k")
    spelled = np.array(ids(tokenizer, ["Ω"])[0])
    assert len(spelled) == 2 and (spelled >= tokenizer.vocabulary - 256).all()  # two bytes of UTF-8
    assert not tokenizer.unknown(spelled).any()


# What subwords8k is made for: the ids of TFDS. Texts of these letters have every case but one that has
# a test of its own, the backslash or ampersand that reads like the spelling of an underscore.
LETTERS = [*"aaabbcAB  __..,9\n\té日🎬\u0301Ωß½", "  ", "\u2028", "the ", "the_", "__", "!?!", " a", "\u00a0"]


def corpus(seed: int, letters: list[str] = LETTERS, count: int = 120) -> list[str]:
    """Seeded texts of random letters; their words often share a beginning."""
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=rng.randint(0, 60))) for _ in range(count)]


def tfds_encoder() -> Any:
    tfds = pytest.importorskip("tensorflow_datasets")
    return tfds.deprecated.text.SubwordTextEncoder


def subwords_of(tokenizer: Tokenizer, folder: Path) -> list[str]:
    tokenizer.save(folder)
    found: list[str] = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    return found


def real_texts(split: str, count: int) -> list[str]:
    texts: list[str] = pd.read_parquet(IMDB / f"{split}.parquet", columns=["text"])["text"].tolist()
    return random.Random(0).sample(texts, count)


def demo_texts() -> list[str]:
    source = demo.Source(kind="demo", splits={"train": 150, "test": 1}, cue_distance=20, seed=1)
    return demo.load(source)["train"].texts


CORPORA: dict[str, Callable[[], list[str]]] = {
    "random letters": lambda: corpus(0),
    "other random letters": lambda: corpus(1, [*"ab_ "]),
    "odd words": lambda: sentences(2, 120),
    "demo": demo_texts,
    "one word": lambda: ["word"],
}


@slow
@pytest.mark.parametrize("target", [258, 300, 420, 1000, 2**13])
@pytest.mark.parametrize("name", CORPORA)
def test_subwords_and_their_ids_are_those_of_tfds(
    name: str, target: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subwords8k, "TARGET", target)
    texts = CORPORA[name]()
    reference = tfds_encoder().build_from_corpus(texts, target)
    tokenizer = fit("subwords8k", texts)
    assert subwords_of(tokenizer, tmp_path) == reference.subwords
    assert tokenizer.vocabulary == reference.vocab_size
    others = [*texts, *corpus(3), *sentences(4), "", " ", "_", " _ ", "a ", " a", "a\n"]
    others = [text for text in others if not {"\\", "&"} & set(text)]
    assert ids(tokenizer, others) == [reference.encode(text) for text in others]


@slow
@pytest.mark.parametrize("mixed", ["a\\", "&und", "b\\&", "&undsca", "c_"])
def test_ids_are_those_of_tfds_for_texts_that_read_like_a_subword_with_half_an_underscore(mixed: str) -> None:
    subwords = [mixed, "ab_", "ab", "a_", "sc", "\\&", "& ", "un", "dsc_", "__"]
    reference = tfds_encoder()(subwords)
    letters = [mixed, mixed, "a", "b", "_", " ", " ", "&", "\\", "un", "d"]
    texts = [text for text in corpus(5, letters, 400) if UNDERSCORE not in text]
    tokenizer = subwords8k.Subwords(subwords)
    assert ids(tokenizer, texts) == [reference.encode(text) for text in texts]
    assert [tokenizer.decode(found) for found in ids(tokenizer, texts)] == texts


@slow
def test_ids_of_a_literal_underscore_spelling_are_those_of_tfds_unless_a_subword_covers_it() -> None:
    reference = tfds_encoder()(["ab_", "undsc_", "un", "dsc"])
    # not before a single space, which TFDS then has twice
    texts = [f"ab {UNDERSCORE}", f"a{UNDERSCORE}b", f"{UNDERSCORE}{UNDERSCORE}  ", f"_{UNDERSCORE}_ "]
    tokenizer = subwords8k.Subwords(reference.subwords)
    assert ids(tokenizer, texts) == [reference.encode(text) for text in texts]


@slow
@pytest.mark.skipif(not IMDB.is_dir(), reason="no real reviews; make them with: dvc repro download@imdb")
def test_subwords_and_ids_of_real_reviews_are_those_of_tfds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subwords8k, "TARGET", 1000)
    texts = real_texts("train", 100)
    reference = tfds_encoder().build_from_corpus(texts, 1000)
    tokenizer = fit("subwords8k", texts)
    assert subwords_of(tokenizer, tmp_path) == reference.subwords
    others = real_texts("test", 300)
    assert ids(tokenizer, others) == [reference.encode(text) for text in others]


def test_a_subword_is_learnt_from_where_others_begin_and_its_prefixes_lose_its_count() -> None:
    assert learn({"lower_": 3, "lowest": 2}, 257 + 2)[:2] == ["lower_", "lowest"]
    assert learn({"é": 1}, 1000) == ["é"]  # two bytes; "e" is one and has an id anyway
    assert learn({"e": 1}, 1000) == []
    assert learn({}, 1000) == []
    assert max(map(len, learn({"a" * 50: 9}, 300))) == 20


def test_two_words_that_together_spell_an_underscore_are_two_words() -> None:
    # "und" is there four times, twice of them behind a beginning that "sc" would complete
    assert learn({"\\&und": 2, "sc": 2, "und": 2, "zzzz": 4}, 258) == ["zzzz", "und"]


@pytest.mark.parametrize("seed", range(3))
def test_decoding_subwords_gives_back_texts_that_read_like_a_spelled_underscore(seed: int) -> None:
    letters = ["\\", "&", "undsc", UNDERSCORE, "_", "_", " ", "a", "u", "ndsc", "é", "\ud800", "\udc00"]
    texts = corpus(seed, letters, 200)
    trained = fit("subwords8k", [text for text in texts if text.isascii()])  # a file is UTF-8
    given = subwords8k.Subwords(["a\\", "\\&", "&undsc", "\\&undsc", "a\\&un", "dsc_", "c\\&undsc_", "u"])
    for tokenizer in (trained, given):
        for text in texts:
            (found,) = ids(tokenizer, [text])
            assert tokenizer.decode(found) == text
            assert all(1 <= i < tokenizer.vocabulary for i in found)


def test_decoding_subwords_gives_back_random_unicode() -> None:
    rng = random.Random(0)
    for _ in range(300):
        text = "".join(chr(rng.randrange(rng.choice([0x80, 0x800, 0x110000]))) for _ in range(40))
        assert fitted("subwords8k").decode(ids(fitted("subwords8k"), [text])[0]) == text


def test_every_single_id_of_the_subwords_decodes() -> None:
    tokenizer = fitted("subwords8k")
    first = tokenizer.vocabulary - 256
    assert [tokenizer.decode([first + i]) for i in range(128)] == list(map(chr, range(128)))
    assert {tokenizer.decode([first + i]) for i in range(128, 256)} == {"\ufffd"}
    assert all(tokenizer.decode([i]) for i in range(1, first))
    assert tokenizer.decode([0]) == ""


def word_by_word(subwords: list[str], text: str) -> list[int]:
    """The ids of a text as `Subwords` documents them: its words one by one, then character by character."""
    zero = 1 + len(subwords)
    known = {subword: i for i, subword in enumerate(subwords, start=1)}
    known |= {UNDERSCORE: zero + ord("_"), "_": zero + ord(" ")}
    found = []
    for word in subwords8k._Words(filter(subwords8k.MIXED, subwords)).of(text):
        spelled = word.replace("_", UNDERSCORE)
        if word.endswith(" ") and re.search(r"\w", word):
            spelled = spelled[:-1] + "_"
        while spelled:
            fit = next((spelled[:end] for end in range(len(spelled), 0, -1) if spelled[:end] in known), None)
            found += [known[fit]] if fit else [zero + i for i in spelled[0].encode("utf-8", "surrogatepass")]
            spelled = spelled[len(fit or spelled[0]) :]
    return found


ANY = [
    *LETTERS,
    *" _\\&\x00\x01\x7f",
    " ",
    "\ud800",
    "\udc00",
    "\u0345",
    "\u200d",
    "²",
    "٣",
    "undsc",
    "ab" * 9,
]
GIVEN: dict[str, Callable[[], list[str]]] = {
    "learnt": lambda: learn(Counter(re.findall(r"\w+|\W+", "".join(corpus(7, ANY)))), 500),
    "half underscores": lambda: ["a\\", "\\&", "&undsc", UNDERSCORE, "b\\&un", "dsc_", "B\\&undsc_", "aa"],
    "nested": lambda: [
        "a",
        "aab",
        "aabb_",
        "ab",
        "b_",
        "  ",
        " ,",
        "éa",
        "\ud800",
        "\ud800\udc00",
        "\x00\x00",
    ],
    "none": lambda: [],
}


@pytest.mark.parametrize("batch", [1, 3, 40, 2**18])
@pytest.mark.parametrize("given", GIVEN)
def test_subwords_in_batches_are_those_of_one_word_after_the_other(
    given: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subwords8k, "BATCH", batch)
    subwords = GIVEN[given]()
    ends = ["", "", " ", "  ", "a", "a ", "a  ", " a", "_", "_ ", " _", ".", ". ", " .", "é ", "\x00", ""]
    rng = random.Random(batch)
    texts = [
        *rng.choices(ends, k=150),
        *corpus(8, ANY, 80),
        *ODD,
        *corpus(9, [*ANY, UNDERSCORE], 20),
        "",
        "a ",
        "",
    ]
    texts += ["".join(chr(rng.randrange(0x110000)) for _ in range(50)) for _ in range(20)]
    assert ids(subwords8k.Subwords(subwords), texts) == [word_by_word(subwords, text) for text in texts]


def test_subwords_cut_words_at_every_character_as_pythons_regular_expressions_do() -> None:
    texts = ["".join(f"a{chr(i)}a {chr(i)} " for i in range(j, j + 2**12)) for j in range(0, 0x110000, 2**12)]
    assert not any(UNDERSCORE in text for text in texts)
    words = subwords8k._Words([])
    for text in texts:
        starts = [*words.starts([text]).tolist(), len(text)]
        assert [text[i:j] for i, j in itertools.pairwise(starts)] == words.of(text)


def test_encoding_takes_no_more_texts_than_a_batch_before_it_gives_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subwords8k, "BATCH", 10)
    texts = iter(["abcd"] * 100)
    next(fitted("subwords8k").encode(texts))
    assert len(list(texts)) == 98


@pytest.mark.parametrize(("words", "of_ids"), [(3, 2**23), (2**19, 5), (40, 60)])
def test_ids_do_not_depend_on_which_words_are_remembered(
    words: int, of_ids: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*ODD, *sentences(16), *corpus(6)]
    expected = ids(fitted("subwords8k"), texts)
    monkeypatch.setattr(subwords8k, "BATCH", 30)
    monkeypatch.setattr(covering, "KEPT", words)
    monkeypatch.setattr(covering, "KEPT_IDS", of_ids)
    tokenizer = fit("subwords8k", sentences(0))
    assert [ids(tokenizer, texts) for _ in range(2)] == [expected, expected]


def test_subwords_are_learnt_and_used_without_tensorflow() -> None:
    code = (
        "import sys; from stages.tokenizers import subwords8k as s; "
        "k = s.fit(s.Config(kind='subwords8k'), ['a b']); list(k.encode(['a'])); "
        "print({'tensorflow', 'tensorflow_datasets'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout == "set()\n"


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


@pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no real corpus; make it with: dvc repro tokenize@imdb-subwords8k"
)
def test_subwords_of_the_real_reviews_are_those_of_the_retired_tfds_config() -> None:
    tokenizer = kinds.module("tokenizers", "subwords8k").load(FOLDER)
    assert tokenizer.vocabulary == 8185
    assert ids(tokenizer, ["Hello TensorFlow."]) == [[4025, 222, 6307, 2327, 4043, 2120, 7975]]
    train = arrays.load_tokens(FOLDER / "train.npz")
    assert len(train.ids) == 8_590_945
    assert round(float(train.lengths.mean()), 1) == 343.6
    assert int(np.median(train.lengths)) == 253
    assert int(train.lengths.max()) == 3944
