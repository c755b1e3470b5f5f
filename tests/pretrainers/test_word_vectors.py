"""Word vectors: words of the same company are alike, and the same seed gives the same numbers."""

import numpy as np
import pytest

from stages.artifacts.padded import Padded
from stages.pretrainers import word_vectors
from stages.runtime.config import read

VOCABULARY, WIDTH = 14, 9
CONFIG = {
    "kind": "word_vectors",
    "corpus": "words",
    "embedding": 8,
    "algorithm": "skip_gram",
    "window": 2,
    "negatives": 3,
    "epochs": 30,
}


def split(texts: int, seed: int) -> Padded:
    """Texts of the words 2 to 6 or of the words 7 to 11, padded in front; 12 and 13 are in none."""
    random = np.random.default_rng(seed)
    ids = random.integers(2, 7, (texts, WIDTH)) + 5 * random.integers(0, 2, (texts, 1))
    ids[:, : WIDTH // 3] = 0
    labels = np.full(texts, -1, dtype=np.int16)
    return Padded([ids.astype(np.int32)], [np.arange(texts)], labels, ["no", "yes"], VOCABULARY)


def table(algorithm: str, seed: int = 1) -> np.ndarray:
    config = read(word_vectors.Pretraining, CONFIG | {"algorithm": algorithm}, "pretrainings.x")
    return word_vectors.fit(config, [split(60, 0), split(60, 1)], seed)["embedding"]


@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_words_that_stand_together_are_alike(algorithm: str) -> None:
    vectors = table(algorithm)[2:12]
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = units @ units.T
    assert alike[:5, :5].mean() > alike[:5, 5:].mean() + 0.2


def test_every_word_of_the_texts_has_numbers_as_spread_as_keras_draws_them_and_no_other_id_has() -> None:
    vectors = table("skip_gram")
    assert vectors.shape == (VOCABULARY, 8) and vectors.dtype == np.float32
    assert not vectors[[0, 1, 12, 13]].any() and vectors[2:12].any(axis=1).all()
    assert vectors[2:12].std() == pytest.approx(0.05 / 3**0.5, rel=0.01)


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(table("skip_gram"), table("skip_gram"))
    assert np.abs(table("skip_gram") - table("skip_gram", 2)).max() > 1e-3
