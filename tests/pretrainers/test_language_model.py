"""The language model: what its loss is, what it learns, and that a classifier can start from it."""

import numpy as np
import pytest
from scipy.special import logsumexp

from stages.artifacts.padded import Padded
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.pretrainers import language_model
from stages.runtime.config import InputError, read
from stages.trainers import transfer
from tests.models.small import build, run

VOCABULARY, SEGMENT = 20, 6
CONFIG = read(
    language_model.Pretraining,
    {
        "kind": "language_model",
        "corpus": "words",
        "embedding": 5,
        "units": 6,
        "segment": SEGMENT,
        "negatives": 12,
        "learning_rate": 0.05,
        "batch_size": 16,
        "epochs": 6,
    },
    "pretrainings.x",
)


def split(texts: int) -> Padded:
    """Texts of 12 in which each word follows from the one before it, 2, 3, ..., 9, 2, ..., some padded."""
    start = np.random.default_rng(0).integers(0, 8, texts)
    ids = 2 + (start[:, None] + np.arange(12)) % 8
    ids[::3, :8] = 0
    labels = np.full(texts, -1, dtype=np.int16)
    return Padded([ids.astype(np.int32)], [np.arange(texts)], labels, ["no", "yes"], VOCABULARY)


def test_segments_are_all_pieces_of_texts_that_have_a_token() -> None:
    pieces = language_model.segments(CONFIG, [split(30), split(9)]).ids[0]
    assert pieces.shape == (2 * 39 - 13, SEGMENT) and (pieces > 0).any(axis=1).all()
    whole = np.concatenate([split(30).ids[0], split(9).ids[0]])
    assert (pieces > 0).sum() == (whole > 0).sum()


def test_a_segment_that_does_not_divide_the_length_is_refused() -> None:
    other = Padded([np.ones((2, 9), np.int32)], [np.arange(2)], np.zeros(2, np.int16), ["a", "b"], VOCABULARY)
    with pytest.raises(InputError, match="segments of 6 tokens for arrays of 9 of words"):
        language_model.segments(CONFIG, [other])


def test_the_loss_tells_the_right_word_from_those_drawn() -> None:
    """Against NumPy, with words that are drawn known beforehand."""
    layer = language_model._sampled_softmax()(VOCABULARY, 4)
    random = np.random.default_rng(0)
    states = random.normal(size=(2, 3, 5)).astype(np.float32)
    targets = random.integers(1, VOCABULARY, (2, 3)).astype(np.int32)
    layer.build(states.shape)
    words, bias = random.normal(size=(VOCABULARY, 5)), random.normal(size=(VOCABULARY, 1))
    layer.set_weights([words, bias, *layer.get_weights()[2:]])
    shares = np.array([0.0, 0.5, 0.9, 0.99])
    drawn = np.exp(shares * np.log(VOCABULARY)).astype(int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            keras.random, "uniform", lambda *_, **__: keras.ops.convert_to_tensor(shares, "float32")
        )
        losses = keras.ops.convert_to_numpy(layer(states, targets))

    def score(state: np.ndarray, word: int) -> float:
        return float(state @ words[word] + bias[word, 0] - np.log(np.log1p(1 / max(word, 1))))

    for text, time in np.ndindex(2, 3):
        state, right = states[text, time], int(targets[text, time])
        others = [score(state, word) for word in drawn if word != right]
        expected = logsumexp([score(state, right), *others]) - score(state, right)
        assert losses[text, time] == pytest.approx(expected, rel=1e-4)


def test_it_learns_which_word_comes_next_in_both_directions(capsys: pytest.CaptureFixture[str]) -> None:
    language_model.fit(CONFIG, [split(400)], 1)
    losses = [float(line.rpartition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 6 and losses[0] > 1 and losses[-1] < 0.2


def test_a_classifier_starts_from_it_and_the_seed_decides() -> None:
    weights, again = (language_model.fit(CONFIG, [split(60)], 1) for _ in range(2))
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    model = build("lstm", Shape(VOCABULARY, 12, 2), bidirectional=True, pooling="max", segment=SEGMENT)
    before = run(model, split(4).ids[0])
    transfer.begin(model, weights, "x")
    assert np.abs(run(model, split(4).ids[0]) - before).max() > 1e-4
    layer = next(each for each in model.layers if isinstance(each, keras.layers.Bidirectional))
    np.testing.assert_array_equal(layer.backward_layer.get_weights()[1], weights["backward-1-1"])
    forward = build("lstm", Shape(VOCABULARY, 12, 2), bidirectional=False)
    transfer.begin(forward, weights, "x")  # what reads backwards is of no use to it
    with pytest.raises(InputError, match=r"found forward-1-0 of shape \(5, 24\) in x, allowed: \(5, 28\)"):
        transfer.begin(build("lstm", Shape(VOCABULARY, 12, 2), units=[7]), weights, "x")
