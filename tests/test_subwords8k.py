"""subwords8k gives the ids of TFDS's `SubwordTextEncoder`, batch by batch, and decodes to any text."""

import itertools
import json
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

from stages.lib import arrays, covering, kinds
from stages.lib.config import ROOT
from stages.lib.subwords import learn
from stages.sources import demo
from stages.tokenizers import Tokenizer, subwords8k
from tests.test_tokenizers import ODD, fit, fitted, ids, sentences

slow = pytest.mark.slow  # TFDS, which subwords8k is compared with, imports TensorFlow

FOLDER = ROOT / "data" / "tokens" / "imdb-subwords8k"
IMDB = ROOT / "data" / "sources" / "imdb"
UNDERSCORE = "\\&undsc"  # TFDS's spelling of an underscore within a word


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
