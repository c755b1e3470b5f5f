"""Latent semantic analysis: against NumPy's decomposition; texts of one topic have vectors that are alike."""

import numpy as np
import pytest

from stages.artifacts.padded import Padded
from stages.pretrainers import lsa
from stages.runtime.config import InputError, read

VOCABULARY = 14
CONFIG = {"kind": "lsa", "corpus": "ngrams", "embedding": 3, "passes": 8}


def split(texts: int, seed: int) -> Padded:
    """Sets of the ids 2 to 6 or of the ids 7 to 11, in arrays of two widths; some have the unknown id, 1, and
    one twice; 12 is in no text, 13 in all."""
    random = np.random.default_rng(seed)
    ids = []
    for width in (6, 9):
        some = [random.choice(5, 3, replace=False) + 2 + 5 * (i % 2) for i in range(texts)]
        lines = [[*text, 13, 1, text[0]] for text in some]
        ids.append(np.array([line + [0] * (width - 6) for line in lines], np.int32))
    labels = np.full(2 * texts, -1, dtype=np.int16)
    return Padded(ids, [np.arange(texts), texts + np.arange(texts)], labels, ["no", "yes"], VOCABULARY)


def table(*splits: Padded, seed: int = 1) -> np.ndarray:
    return lsa.fit(read(lsa.Pretraining, CONFIG, "pretrainings.x"), splits, seed)["embedding"]


def weighted(*splits: Padded) -> tuple[np.ndarray, np.ndarray]:
    """Straight from the definition: the weight of each id, and of each text a row of them, of length 1."""
    texts = [set(line) - {0, 1} for one in splits for ids in one.ids for line in ids.tolist()]
    counts = np.array([[float(i in text) for i in range(VOCABULARY)] for text in texts])
    frequency = counts.sum(axis=0)
    weights = np.where(frequency > 0, np.log(len(texts) / np.maximum(frequency, 1)) ** 2, 0)
    rows = counts * weights
    return weights, rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_sums_of_rows_are_the_texts_in_the_first_directions() -> None:
    """Up to signs, a factor and the length of each text."""
    both = split(30, 0), split(20, 1)
    weights, rows = weighted(*both)
    *_, directions = np.linalg.svd(rows, full_matrices=False)
    expected, vectors = (directions[:3] * weights).T, table(*both)
    expected *= np.sign((expected * vectors).sum(axis=0))
    np.testing.assert_allclose(vectors, expected / expected[weights > 0].std(), rtol=1e-3, atol=1e-3)


def test_texts_of_one_topic_are_alike() -> None:
    one = split(60, 0)
    vectors = table(one)[one.ids[0]].sum(axis=1)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = units @ units.T
    assert alike[::2, ::2].mean() > alike[::2, 1::2].mean() + 0.3


def test_ids_that_tell_texts_apart_have_numbers_of_a_standard_deviation_of_1_and_no_others_have_any() -> None:
    numbers = table(split(60, 0))
    assert numbers.shape == (VOCABULARY, 3) and numbers.dtype == np.float32
    assert not numbers[[0, 1, 12, 13]].any() and numbers[2:12].any(axis=1).all()
    assert numbers[2:12].std() == pytest.approx(1, rel=1e-3)


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(table(split(60, 0), seed=3), table(split(60, 0), seed=3))


def test_more_numbers_than_texts_are_refused() -> None:
    config = read(lsa.Pretraining, CONFIG | {"embedding": 9}, "pretrainings.x")
    with pytest.raises(
        InputError, match="embedding of 9 for 6 texts with 14 ids of ngrams, allowed: at most 5"
    ):
        lsa.fit(config, [split(3, 0)], 1)
