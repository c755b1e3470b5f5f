"""word gives the ids of the Keras `Tokenizer`; bpe has the bytes and as many merges as asked for."""

import random
from collections import Counter

import pytest

from stages.runtime.config import InputError
from tests.tokenizers.texts import ODD, WORDS, fit, fitted, ids, sentences

# keras.preprocessing.text.Tokenizer's default `filters`
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


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
    words = rng.sample(WORDS, 20)
    drawn = [word for i, word in enumerate(words) for _ in range(i + 1)]
    rng.shuffle(drawn)
    cased = [rng.choice([w, w.title() if w.title().lower() == w else w]) for w in drawn]
    ends = rng.choices([" ", ". ", ",", "\t", "\n", "/", " [", "]", " (", "~~"], k=len(cased))
    pieces = [word + end for word, end in zip(cased, ends, strict=True)]
    return ["".join(pieces[i : i + 15]) for i in range(0, len(pieces), 15)]


@pytest.mark.parametrize("seed", range(3))
def test_word_ids_are_those_of_the_keras_tokenizer(seed: int) -> None:
    corpus = corpus_without_ties(seed)
    counts = Counter(word for text in corpus for word in keras_words(text))
    assert len(set(counts.values())) == len(counts)  # else the reference's order is not the only right one
    texts = [*corpus, *sentences(seed + 100), *ODD]
    for vocabulary in (3, 4, 12, 21, 22, 40):
        tokenizer = fit("word", corpus, vocabulary=vocabulary)
        assert tokenizer.vocabulary == min(vocabulary, len(counts) + 2)
        assert ids(tokenizer, texts) == keras_ids(corpus, vocabulary, texts)


def test_of_equally_frequent_words_the_first_in_alphabetical_order_stay() -> None:
    tokenizer = fit("word", ["pear fig apple fig", "date"], vocabulary=4)
    assert ids(tokenizer, ["fig apple date pear"]) == [[2, 3, 1, 1]]
    (row,) = tokenizer.encode(["fig apple date pear"])
    assert tokenizer.unknown(row).tolist() == [False, False, True, True]


def test_a_text_that_spells_a_special_entry_has_ordinary_words() -> None:
    tokenizer = fit("word", ["unk pad other", "unk pad", "unk"], vocabulary=10)
    assert ids(tokenizer, ["[UNK]", "[PAD]", "[unk] [pad]"]) == [[2], [3], [2, 3]]


def test_every_word_is_unknown_to_a_tokenizer_fitted_on_nothing() -> None:
    assert ids(fit("word", [""], vocabulary=10), ["a b", ""]) == [[1, 1], []]


def test_bpe_has_padding_the_bytes_and_as_many_merges_as_asked_for() -> None:
    assert fit("bpe", sentences(1), vocabulary=257).vocabulary == 257
    assert fit("bpe", sentences(1), vocabulary=300).vocabulary == 300
    assert len(ids(fit("bpe", ["x"], vocabulary=257), ["é"])[0]) == 2  # its bytes of UTF-8


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_half_of_a_surrogate_pair_is_refused_with_the_number_of_its_text(kind: str) -> None:
    for work in (lambda: fit(kind, ["a", "b\ud800"]), lambda: ids(fitted(kind), ["a", "b\udc00", "\ud800"])):
        with pytest.raises(InputError, match=r"^text 2: half of a surrogate pair at character 1$"):
            work()
