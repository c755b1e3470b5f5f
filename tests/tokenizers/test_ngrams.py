"""N-grams are those that scikit-learn's CountVectorizer finds, as often as it does."""

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from stages.tokenizers import ngrams
from tests.tokenizers.texts import ODD, fit, sentences

WORDS = ["a", "b", "c", "not", "don't", "!", "ß", "日本"]
PIECES = [
    *[
        "a",
        "b",
        "c",
        "not",
        "don't",
        "don't've",
        "''",
        "'a'",
        "\u2019",
        "a\u2019b",
        "!",
        "?!",
        "_",
        "a_b",
        "1",
    ],
    *[
        "exactly8",
        "exactly8s",
        "exactly8t",
        "it'sexac",
        "a" * 40,
        "ß",
        "日本",
        "naïve",
        "é",
        "\u212a",
        "İ",
        "\0",
    ],
    *[" ", "\n", "\x1c", "\x85", "\u2028", "\t ", "<br />", "<BR>", "<br", "/>", "\ud800", "🎬", "e\u0301"],
]
ANY = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map("".join)
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=12)


def vectorized(texts: list[str], others: list[str], least: int, **options: Any) -> list[Counter[str]]:
    """What scikit-learn counts in the other texts, of what is in so many of the texts."""
    vectorizer = CountVectorizer(**options)
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # no words at all
        return [Counter() for _ in others]
    names = vectorizer.get_feature_names_out()
    frequent = {name for name, n in zip(names, (counts > 0).sum(axis=0).A1, strict=True) if n >= least}
    return [
        Counter(
            {names[i]: int(n) for i, n in zip(row.indices, row.data, strict=True) if names[i] in frequent}
        )
        for row in vectorizer.transform(others)
    ]


def made(texts: list[str], **options: Any) -> Any:
    return fit("ngrams", texts, **options)


def counted(tokenizer: Any, texts: list[str], first: int = 2) -> list[Counter[str]]:
    """The n-grams of each text whose ids are `first` or higher."""
    return [Counter(tokenizer.name(i) for i in ids if i >= first) for ids in tokenizer.encode(texts)]


@given(TEXTS, TEXTS, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_ngrams_of_words_are_scikit_learn_s(
    texts: list[str], others: list[str], words: int, least: int, binary: bool
) -> None:
    tokenizer = made(texts, words=words, characters=0, min_texts=least, binary=binary)
    expected = vectorized(
        texts, others, least, ngram_range=(1, words), analyzer="word", token_pattern=r"\S+", binary=binary
    )
    # scikit-learn also has n-grams that are frequent although a word of theirs is not; there are none
    assert counted(tokenizer, others) == expected


@given(TEXTS, TEXTS, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_a_text_s_edges_are_in_ngrams_of_several_words_only(
    texts: list[str], others: list[str], words: int, least: int, binary: bool
) -> None:
    tokenizer = made(texts, words=words, characters=0, min_texts=least, binary=binary, edges=True)
    framed, framed_others = (
        [f"{ngrams.START} {text} {ngrams.END}" if text.split() else "" for text in some]
        for some in (texts, others)
    )
    options = {"ngram_range": (1, words), "analyzer": "word", "token_pattern": r"\S+", "binary": binary}
    expected = vectorized(framed, framed_others, least, **options)
    for each in expected:
        each.pop(ngrams.START, None), each.pop(ngrams.END, None)
    assert counted(tokenizer, others) == expected


def test_a_text_s_edges_are_named_and_have_no_characters() -> None:
    tokenizer = made(["Area man"], words=2, characters=2, min_texts=1, binary=False, edges=True)
    (ids,) = tokenizer.encode(["man"])
    assert tokenizer.decode(ids) == "[man][man </s>][ m][an][ma][n ]"


@given(TEXTS, TEXTS, st.integers(2, 6), st.integers(1, 3))
def test_ngrams_of_characters_are_scikit_learn_s(
    texts: list[str], others: list[str], characters: int, least: int
) -> None:
    tokenizer = made(texts, words=1, characters=characters, min_texts=least)
    expected = vectorized(texts, others, least, ngram_range=(2, characters), analyzer="char_wb")
    assert counted(tokenizer, others, first=tokenizer._starts[-2]) == expected


def test_a_word_is_lower_cased_letters_with_apostrophes_inside_or_one_mark() -> None:
    text = "It's GOOD<br /><br />-- isn\u2019t it?! <br/>10/10 'so' naïve_x"
    assert ngrams.split(text) == [
        *["it's", "good", "-", "-", "isn\u2019t", "it", "?", "!", "10", "/", "10"],
        *["'", "so", "'", "naïve_x"],
    ]


@given(st.one_of(st.text(st.characters(max_codepoint=127)), ANY.filter(str.isascii)))
def test_words_in_ascii_are_found_in_its_bytes_as_by_the_regular_expression(text: str) -> None:
    spaced = " " + ngrams.plain(text) + " "
    starts, ends = ngrams.bounds(spaced.encode())
    words = [spaced[start:end] for start, end in zip(starts, ends, strict=True)]
    assert words == ngrams.split(text)


@given(
    st.lists(ANY, max_size=6),
    st.lists(ANY, max_size=6),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_every_text_has_the_ids_of_its_ngrams_by_name_at_first_and_after_many_texts(
    texts: list[str], others: list[str], words: int, binary: bool, characters: bool, edges: bool
) -> None:
    options = {"words": words, "characters": 3 * characters, "min_texts": 1, "binary": binary, "edges": edges}
    tokenizer = made(texts, **options)
    expected = [named(tokenizer, text, words, binary) for text in [*texts, *others]]
    for _ in range(2):
        ids = list(tokenizer.encode([*texts, *others]))
        assert [own.tolist() for own in ids] == expected
        assert all(own.dtype == np.int32 for own in ids)
        after_many(tokenizer)


def named(tokenizer: Any, text: str, words: int, binary: bool) -> list[int]:
    """The ids of a text, from the names of its n-grams, one by one."""
    parts = [0, *tokenizer._starts]
    ids = {
        (part == len(parts) - 2, tokenizer.name(i)): i
        for part, (start, end) in enumerate(pairwise(parts))
        for i in range(max(start, 2), end)
    }
    tokens = tokenizer.split(text)
    text_ids = [ids.get((False, word), 1) for word in tokens if word not in ngrams.EDGES]
    for n in range(2, words + 1):
        names = (" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
        text_ids += [ids[False, name] for name in names if (False, name) in ids]
    inside = [name for word in tokens for name in ngrams.characters(word, tokenizer._longest)]
    text_ids += [ids[True, name] for name in inside if (True, name) in ids]
    return sorted(set(text_ids) if binary else text_ids)


def after_many(tokenizer: Any) -> None:
    """As if so many texts had been encoded that their words are read as bytes."""
    tokenizer._read = 1 << 60


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 40)


@given(st.sets(NUMBERS), st.lists(NUMBERS), st.data())
def test_a_key_has_its_place_in_the_table_and_any_other_none(
    keys: set[int], others: list[int], drawn: st.DataObject
) -> None:
    table = sorted(keys)
    asked = others + drawn.draw(st.lists(st.sampled_from(table))) if table else others
    expected = [table.index(key) if key in keys else -1 for key in asked]
    places = ngrams.Places(np.array(table, dtype=np.int64))
    assert places.of(np.array(asked, dtype=np.int64)).tolist() == expected


def test_keys_that_want_one_slot_have_places_of_their_own() -> None:
    """Even if the slot is the last one, after which the first is tried."""
    keys = np.arange(100_000)
    any_of_that_size = ngrams.Places(keys[:30])
    table = keys[any_of_that_size._first(keys) == any_of_that_size._last][:30]
    places = ngrams.Places(table)
    assert {*places._first(table).tolist()} == {places._last} and len(table) == 30
    assert places.of(table).tolist() == [*range(30)]
    assert {*places.of(np.setdiff1d(keys, table)).tolist()} == {-1}


def test_keys_are_found_although_a_first_call_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    places = ngrams.Places(np.arange(1000))
    with monkeypatch.context() as patched:
        patched.setattr(ngrams.Places, "_first", interrupt)
        with pytest.raises(KeyboardInterrupt):
            places.of(np.arange(10))
    assert places.of(np.arange(10)).tolist() == [*range(10)]


def interrupt(places: ngrams.Places, keys: np.ndarray) -> np.ndarray:
    raise KeyboardInterrupt


def test_many_texts_have_the_ids_that_they_have_one_by_one() -> None:
    tokenizer = made(sentences(0), words=3, characters=0)
    texts = [*sentences(1, 400), *ODD] * 5
    whole = list(tokenizer.encode(texts))
    assert tokenizer._short is not None
    for text, own in zip(texts, whole, strict=True):
        [alone] = made(sentences(0), words=3, characters=0).encode([text]) if text in ODD else [own]
        assert own.tolist() == alone.tolist()


def test_ids_are_padding_unknown_words_by_frequency_then_pairs_triples_and_characters() -> None:
    tokenizer = made(["b a", "b a c", "b"], words=2, characters=2, min_texts=2)
    names = [tokenizer.name(i) for i in range(tokenizer.vocabulary)]
    assert names == ["[PAD]", "[UNK]", "b", "a", "b a", " a", " b", "a ", "b "]
    ((one, *rest),) = [ids.tolist() for ids in tokenizer.encode(["zzz b a"])]
    assert one == 1 and rest == [2, 3, 4, 5, 6, 7, 8]
    assert tokenizer.unknown(np.array([0, 1, 2])).tolist() == [False, True, False]
    assert tokenizer.decode([2, 4, 1]) == "[b][b a][[UNK]]"


def test_an_ngram_does_not_reach_over_an_unknown_word_or_into_the_next_text() -> None:
    tokenizer = made(["a b", "a b", "b a", "b a"], words=2, characters=0, min_texts=2)
    assert [counted(tokenizer, ["a x b"])[0], counted(tokenizer, ["x a", "b"])[0]] == [
        Counter({"a": 1, "b": 1}),
        Counter({"a": 1}),
    ]


@pytest.mark.parametrize("binary", [True, False])
def test_binary_has_each_ngram_once(binary: bool) -> None:
    tokenizer = made(sentences(0), binary=binary)
    rows = list(tokenizer.encode(sentences(1)))
    assert all((np.diff(row) >= 0).all() for row in rows)
    assert all((np.diff(row) > 0).all() for row in rows) == binary


def test_counting_a_few_texts_at_a_time_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*sentences(3, 200), *ODD]
    whole = [made(texts).name(i) for i in range(made(texts).vocabulary)]
    monkeypatch.setattr(ngrams, "CHUNK", 7)
    blocks = made(texts)
    assert [blocks.name(i) for i in range(blocks.vocabulary)] == whole


def test_more_words_than_ids_are_cut_off_the_rare_ones_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "BITS", 2)
    tokenizer = made(["a a b", "a b c", "a b c d", "a"], words=3, characters=0, min_texts=1)
    assert [tokenizer.name(i) for i in range(2, 5)] == ["a", "b", "c"]
    assert "a b c" in counted(tokenizer, ["a b c d"])[0] and "b c d" not in counted(tokenizer, ["a b c d"])[0]
