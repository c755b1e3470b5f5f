"""Explanations add up, and what they name matters."""

from collections.abc import Sequence

import numpy as np
import pytest

from stages.artifacts.padding import Bucket
from stages.evaluation.classify import padded
from stages.tokenizers import ngrams
from stages.tools.answering import attribution
from stages.trainers.linear import Linear

TEXTS = [f"word{i % 7} isn't word{i % 5}, but nö{i % 3}! good bad" for i in range(60)]
HOW = Bucket(kind="bucket", boundaries=[8])


def linear(characters: int, outputs: int, edges: bool = False) -> tuple[Linear, ngrams.Ngrams]:
    config = ngrams.Config(
        kind="ngrams", words=3, characters=characters, min_texts=1, binary=False, edges=edges
    )
    tokenizer = ngrams.fit(config, TEXTS)
    random = np.random.default_rng(0)
    size = tokenizer.vocabulary
    return Linear(
        random.random(size).astype(np.float32),
        random.normal(size=(size, outputs)).astype(np.float32),
        np.zeros(outputs, np.float32),
        np.array(tokenizer.parts, dtype=np.int64),
    ), tokenizer


@pytest.mark.parametrize("characters", [0, 4])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("edges", [False, True])
def test_what_a_linear_model_s_words_add_sums_up_to_the_logit(
    characters: int, outputs: int, edges: bool
) -> None:
    model, tokenizer = linear(characters, outputs, edges)
    for text in [TEXTS[3], "word1 word1 word1 unheard isn't word2 word1", "nothing known"]:
        arrays = padded([text], tokenizer, HOW)
        logits = model.logits(arrays)
        for label in range(max(outputs, 2)):
            shares = attribution.exact(model, tokenizer, arrays, text, label)
            assert [word for word, _ in shares] == ngrams.split(text)
            expected = attribution.margins(logits, label)[0]
            assert sum(share for _, share in shares) == pytest.approx(expected, abs=1e-5)


class Counting:
    """Says the second label the more often "good" is there, the less often "bad" is."""

    seeds = ("1",)

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.array([[2.0 * text.split().count("good") - text.split().count("bad")] for text in texts])]


def test_a_word_left_out_lowers_the_logit_by_what_is_said_of_it() -> None:
    shares = attribution.occluded(Counting(), "a good, good  but bad film", 1)
    assert shares == [("a", 0), ("good,", 0), ("good", 2), ("but", 0), ("bad", -1), ("film", 0)]
    assert dict(attribution.occluded(Counting(), "good bad", 0)) == {"good": -2, "bad": 1}


@pytest.mark.parametrize("characters", [0, 4])
def test_without_the_words_that_are_named_the_logit_falls_more_than_without_others(characters: int) -> None:
    model, tokenizer = linear(characters, 1)
    random = np.random.default_rng(1)
    falls = []
    for text in TEXTS[:30]:
        label = int(model.logits(padded([text], tokenizer, HOW))[0, 0] > 0)
        shares = attribution.exact(model, tokenizer, padded([text], tokenizer, HOW), text, label)
        order = np.argsort([-share for _, share in shares])
        named, others = order[:3], random.permutation(order[3:])[:3]
        rest = [
            " ".join(word for i, (word, _) in enumerate(shares) if i not in set(places.tolist()))
            for places in (named, others)
        ]
        logits = attribution.margins(model.logits(padded([text, *rest], tokenizer, HOW)), label)
        falls.append((logits[0] - logits[1], logits[0] - logits[2]))
    named_ones, other_ones = np.mean(falls, axis=0)
    assert named_ones > other_ones + 0.1


class Recurrent:
    """A network in which words interact: a simple RNN with random weights, in NumPy."""

    seeds = ("1",)

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.vectors = {f"w{i}": random.normal(size=8) for i in range(50)}
        self.again, self.out = random.normal(size=(8, 8)) / 3, random.normal(size=(8, 2))

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.stack([self.state(text.split()) @ self.out for text in texts])]

    def state(self, words: Sequence[str]) -> np.ndarray:
        state = np.zeros(8)
        for word in words:
            state = np.tanh(self.again @ state + self.vectors[word])
        return state


def test_without_the_words_that_occlusion_names_a_network_s_logit_falls_more_than_without_others() -> None:
    """All three at once, though each was left out alone."""
    network, random = Recurrent(), np.random.default_rng(0)
    falls = []
    for _ in range(40):
        words = [f"w{i}" for i in random.integers(50, size=12)]
        shares = attribution.occluded(network, " ".join(words), 1)
        assert [word for word, _ in shares] == words
        strongest = np.argsort([-share for _, share in shares])
        removed = (strongest[:3], random.permutation(strongest[3:])[:3])
        less = [" ".join(np.delete(words, places).tolist()) for places in removed]
        logits = attribution.margins(network.logits([" ".join(words), *less])[0], 1)
        falls.append(logits[0] - logits[1:])
    of_named, of_others = np.mean(falls, axis=0)
    assert of_named > 0.5 and of_named > 3 * of_others
