"""subwords8k gives the ids of TFDS's `SubwordTextEncoder`, decodes to any text, and keeps to its memory."""

import json
import random
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.runtime.config import ROOT
from stages.sources import demo
from stages.tokenizers import subwords8k
from stages.tokenizers.subwords8k import KEPT, UNDERSCORE, Subwords, learn
from tests.tokenizers.texts import LETTERS, ODD, fit, fitted, ids, of_letters, sentences

slow = pytest.mark.slow  # TFDS, which subwords8k is compared with, imports TensorFlow

TOKENS = ROOT / "data" / "tokens" / "imdb-subwords8k"
REPORT = ROOT / "reports" / "corpora" / "imdb-subwords8k.json"
IMDB = ROOT / "data" / "sources" / "imdb"


def tfds_encoder() -> Any:
    tfds = pytest.importorskip("tensorflow_datasets")
    return tfds.deprecated.text.SubwordTextEncoder


def demo_texts() -> list[str]:
    source = demo.Source(kind="demo", splits={"train": 150, "test": 1}, cue_distance=20, seed=1)
    return demo.load(source)["train"].texts


def real_texts(split: str, count: int) -> list[str]:
    if not IMDB.is_dir():
        pytest.skip("no real reviews; make them with: dvc repro download@imdb")
    texts: list[str] = pd.read_parquet(IMDB / f"{split}.parquet", columns=["text"])["text"].tolist()
    return random.Random(0).sample(texts, count)


CORPORA: dict[str, Callable[[], list[str]]] = {
    "random letters": lambda: of_letters(0),
    "letters and underscores": lambda: of_letters(1, [*"ab_ "]),
    "odd words": lambda: sentences(2, 120),
    "demo": demo_texts,
    "one word": lambda: ["word"],
    "real": lambda: real_texts("train", 100),
}


@slow
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("random letters", 258),
        ("random letters", 1000),
        ("letters and underscores", 300),
        ("letters and underscores", 2**13),
        ("odd words", 420),
        ("demo", 420),
        ("one word", 258),
        ("real", 1000),
    ],
)
def test_subwords_and_their_ids_are_those_of_tfds(
    name: str, target: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subwords8k, "TARGET", target)
    texts = CORPORA[name]()
    reference = tfds_encoder().build_from_corpus(texts, target)
    tokenizer = fit("subwords8k", texts)
    tokenizer.save(tmp_path)
    assert json.loads((tmp_path / "vocabulary.json").read_text(encoding="utf-8")) == reference.subwords
    assert tokenizer.vocabulary == reference.vocab_size
    others = [*texts, *of_letters(3), *sentences(4), "", " ", "_", " _ ", "a ", " a", "a\n"]
    others = [text for text in others if not {"\\", "&"} & set(text)]
    others += real_texts("test", 300) if name == "real" else []
    assert ids(tokenizer, others) == [reference.encode(text) for text in others]


@slow
@pytest.mark.parametrize("mixed", ["a\\", "&und", "b\\&", "&undsca", "c_"])
def test_ids_are_those_of_tfds_for_texts_that_read_like_a_subword_with_half_an_underscore(mixed: str) -> None:
    subwords = [mixed, "ab_", "ab", "a_", "sc", "\\&", "& ", "un", "dsc_", "__"]
    reference, tokenizer = tfds_encoder()(subwords), Subwords(subwords)
    letters = [mixed, mixed, "a", "b", "_", " ", " ", "&", "\\", "un", "d"]
    texts = [text for text in of_letters(5, letters, 400) if UNDERSCORE not in text]
    assert ids(tokenizer, texts) == [reference.encode(text) for text in texts]


@slow
def test_ids_of_a_literal_underscore_spelling_are_those_of_tfds_unless_a_subword_covers_it() -> None:
    reference = tfds_encoder()(["ab_", "undsc_", "un", "dsc"])
    # not before a single space, which TFDS then has twice
    texts = [f"ab {UNDERSCORE}", f"a{UNDERSCORE}b", f"{UNDERSCORE}{UNDERSCORE}  ", f"_{UNDERSCORE}_ "]
    assert ids(Subwords(reference.subwords), texts) == [reference.encode(text) for text in texts]


def test_the_real_reviews_have_the_ids_of_the_retired_tfds_config() -> None:
    if not TOKENS.is_dir():
        pytest.skip("no real corpus; make it with: dvc repro tokenize@imdb-subwords8k")
    tokenizer = subwords8k.load(TOKENS)
    assert tokenizer.vocabulary == 8185
    assert ids(tokenizer, ["Hello TensorFlow."]) == [[4025, 222, 6307, 2327, 4043, 2120, 7975]]
    train = json.loads(REPORT.read_text(encoding="utf-8"))["train"]
    assert train["tokens"] == 8_590_945
    assert (train["length"]["mean"], train["length"]["p50"], train["length"]["max"]) == (343.6, 253, 3944)


def test_a_subword_is_learnt_from_where_others_begin_and_its_prefixes_lose_its_count() -> None:
    assert learn({"lower_": 3, "lowest": 2}, 257 + 2)[:2] == ["lower_", "lowest"]
    assert learn({"é": 1}, 1000) == ["é"]  # two bytes; "e" is one and has an id anyway
    assert learn({"e": 1}, 1000) == []
    assert learn({}, 1000) == []
    assert max(map(len, learn({"a" * 50: 9}, 300))) == 20


def test_two_words_that_together_spell_an_underscore_are_two_words() -> None:
    # "und" is there four times, twice of them behind a beginning that "sc" would complete
    assert learn({"\\&und": 2, "sc": 2, "und": 2, "zzzz": 4}, 258) == ["zzzz", "und"]


def word_by_word(subwords: list[str], text: str) -> list[int]:
    """The ids of a text as TFDS finds those of a word: by trying the longest subword first."""
    zero = 1 + len(subwords)
    known = {subword: i for i, subword in enumerate(subwords, start=1)}
    known |= {UNDERSCORE: zero + ord("_"), "_": zero + ord(" ")}
    row = []
    for word in subwords8k._Words(subwords).of(text):
        spelled = word.replace("_", UNDERSCORE)
        if word.endswith(" ") and re.search(r"\w", word):
            spelled = spelled[:-1] + "_"
        while spelled:
            fits = [spelled[:end] for end in range(len(spelled), 0, -1) if spelled[:end] in known]
            row += (
                [known[fits[0]]] if fits else [zero + i for i in spelled[0].encode("utf-8", "surrogatepass")]
            )
            spelled = spelled[len(fits[0] if fits else spelled[0]) :]
    return row


ANY = [*LETTERS, *" _\\&\x00\x01\x7f\ud800\udc00\u0345\u200d²٣", "undsc", "ab" * 9, UNDERSCORE]
VOCABULARIES: dict[str, Callable[[], list[str]]] = {
    "learnt": lambda: learn(Counter(re.findall(r"\w+|\W+", "".join(of_letters(7, ANY)))), 500),
    "half underscores": lambda: [
        "a\\",
        "\\&",
        "&undsc",
        UNDERSCORE,
        "b\\&un",
        "dsc_",
        "B\\&undsc_",
        "aa",
        "u",
    ],
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


@pytest.mark.parametrize("name", VOCABULARIES)
def test_words_are_covered_by_the_longest_subwords_and_decode_to_the_text(name: str) -> None:
    subwords = VOCABULARIES[name]()
    tokenizer = Subwords(subwords)
    rng = random.Random(0)
    texts = [*ODD, *of_letters(8, ANY), " ", "  ", "a ", "a  ", " a", "_ ", " _", ".", ". ", " .", "é "]
    texts += ["".join(chr(rng.randrange(0x110000)) for _ in range(50)) for _ in range(20)]
    rows = ids(tokenizer, texts)
    assert rows == [word_by_word(subwords, text) for text in texts]
    assert [tokenizer.decode(row) for row in rows] == texts


def test_every_single_id_of_the_subwords_decodes_and_none_is_unknown() -> None:
    tokenizer = fitted("subwords8k")
    first = tokenizer.vocabulary - 256
    assert [tokenizer.decode([first + i]) for i in range(128)] == list(map(chr, range(128)))
    assert {tokenizer.decode([first + i]) for i in range(128, 256)} == {"\ufffd"}
    assert all(tokenizer.decode([i]) for i in range(1, first))
    assert tokenizer.decode([0]) == ""
    assert ids(tokenizer, ["Ω"]) == [[first + byte for byte in "Ω".encode()]]
    assert not tokenizer.unknown(np.arange(1, tokenizer.vocabulary)).any()


def test_encoding_takes_no_more_texts_than_it_gives_arrays() -> None:
    texts = iter(["abcd"] * 100)
    next(fitted("subwords8k").encode(texts))
    assert len(list(texts)) == 99


@pytest.mark.parametrize("kept", [0, 1000, 20_000])
def test_ids_do_not_depend_on_which_words_are_remembered(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*ODD, *sentences(16), *of_letters(6)]
    expected = ids(fitted("subwords8k"), texts)
    monkeypatch.setattr(subwords8k, "KEPT", kept)
    tokenizer = fit("subwords8k", sentences(0))
    assert [ids(tokenizer, texts) for _ in range(2)] == [expected, expected]


def test_the_words_of_imdb_are_remembered_and_no_more_than_there_is_memory_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert KEPT > 42_000_000  # else the real reviews' words are forgotten on the way
    monkeypatch.setattr(subwords8k, "KEPT", 2**18)
    tokenizer = Subwords(["ab", "abc"])
    texts = (f"{'日' * (i % 30)}{i} abc{i}" for i in range(5000))  # 2 MB to remember
    tracemalloc.start()
    try:
        for text in chain(
            texts, ["日本" * 10_000]
        ):  # ends with a word that is larger than all that may be kept
            ids(tokenizer, [text])
        assert tracemalloc.get_traced_memory()[0] < 2 * 2**18
    finally:
        tracemalloc.stop()
    ids(tokenizer, ["abcab"])
    assert "abcab" in tokenizer._ids  # after that, words are remembered again
