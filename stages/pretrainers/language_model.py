"""A language model in both directions: an LSTM that has read a text up to a word says which one comes next,
from either end. Its weights start a classifier (Dai & Le 2015).

The loss is the sampled softmax (Jean et al. 2015): the right word is told from some that are drawn for each
batch, frequent ones more often. It takes ids for ranks by frequency, which those of the kind `word` are.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.padded import Padded
from stages.network.sizes import Units
from stages.runtime.config import Count, InputError, config

if TYPE_CHECKING:
    import keras


@config
class Pretraining:
    """segment: in tokens; texts are read in pieces of so many, each from a fresh state, as by the classifier
    that starts from it. It divides the corpus's length. negatives: words drawn for a batch.
    """

    kind: Literal["language_model"]
    corpus: str
    embedding: Units
    units: Units
    segment: Units
    negatives: Count
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    batch_size: Count  # segments
    epochs: Annotated[int, Field(ge=1, le=1000)]


def fit(config: Pretraining, splits: Sequence[Padded], seed: int) -> dict[str, np.ndarray]:
    """`embedding`, float32[vocabulary, embedding], and of the LSTM in each direction `forward-1-0` (from the
    inputs), `forward-1-1` (from its state), `forward-1-2` (bias), as Keras has them."""
    from stages.network import backend
    from stages.network.backend import keras
    from stages.network.batches import Batches, feed
    from stages.network.lazy_adam import LazyAdam

    backend.threads(1)  # as recurrent classifiers: the two directions side by side
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    batches = Batches(segments(config, splits), config.batch_size, seed)
    model, recurrent = build(config, splits[0].vocabulary)
    steps = config.epochs * len(batches)
    rate = keras.optimizers.schedules.PolynomialDecay(config.learning_rate, steps, end_learning_rate=0.0)
    model.compile(LazyAdam(rate), loss=_mean)
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: _tell(config, epoch, logs))
    model.fit(
        feed(batches),
        epochs=config.epochs,
        callbacks=[batches.shuffling, told],
        shuffle=False,  # Batches does it, from the seed alone
        verbose="auto" if sys.stdout.isatty() else 0,
    )
    found = {"embedding": model.get_layer("embedding").embeddings}
    for direction in ("forward", "backward"):
        weights = getattr(recurrent, f"{direction}_layer").weights
        found |= {f"{direction}-1-{number}": weight for number, weight in enumerate(weights)}
    return {name: keras.ops.convert_to_numpy(weight) for name, weight in found.items()}


def segments(config: Pretraining, splits: Sequence[Padded]) -> Padded:
    """All pieces of all texts that have a token."""
    pieces = []
    for split in splits:
        for ids in split.ids:
            if ids.shape[1] % config.segment:
                raise InputError(
                    f"pretrainings: found segments of {config.segment} tokens for arrays of {ids.shape[1]} "
                    f"of {config.corpus}, allowed: a divisor of its fixed length; mend conf/pretrainings"
                )
            pieces.append(np.asarray(ids).reshape(-1, config.segment))
    joined = np.concatenate(pieces)
    joined = joined[(joined > 0).any(axis=1)]
    nothing = np.zeros(len(joined), dtype=np.int16)
    return Padded([joined], [np.arange(len(joined))], nothing, ["", ""], splits[0].vocabulary)


def build(config: Pretraining, vocabulary: int) -> tuple["keras.Model", Any]:
    """A model from ids, int32[batch, time], to float32[batch, 2]: the sum of the losses of a text's words,
    and their number; and its recurrent layer."""
    from stages.network import recurrent
    from stages.network.backend import keras

    ops = keras.ops
    ids = keras.Input((config.segment,), dtype="int32")
    mask = ops.not_equal(ids, 0)
    embedded = keras.layers.Embedding(vocabulary, config.embedding, name="embedding")(ids)
    layer = keras.layers.Bidirectional(
        recurrent.LSTM(config.units, return_sequences=True), merge_mode=None, name="recurrent"
    )
    ahead, back = layer(embedded, mask=mask)
    softmax = _sampled_softmax()(vocabulary, config.negatives, name="softmax")
    losses = ops.concatenate([softmax(ahead[:, :-1], ids[:, 1:]), softmax(back[:, 1:], ids[:, :-1])], axis=1)
    both = ops.cast(ops.logical_and(mask[:, 1:], mask[:, :-1]), "float32")  # a word and the one before it
    counted = ops.concatenate([both, both], axis=1)
    output = ops.stack([ops.sum(losses * counted, axis=1), ops.sum(counted, axis=1)], axis=1)
    return keras.Model(ids, output), layer


def _sampled_softmax() -> Any:
    """The layer's class, made when Keras is there."""
    from stages.network.backend import keras

    ops = keras.ops

    class SampledSoftmax(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        """states float32[batch, time, units], targets int32[batch, time] -> losses float32[batch, time]."""

        def __init__(self, vocabulary: int, negatives: int, **options: Any) -> None:
            super().__init__(**options)
            self._vocabulary, self._negatives = vocabulary, negatives
            self._seeds = keras.random.SeedGenerator()

        def build(self, shape: Any, *_: Any) -> None:
            self._words = self.add_weight((self._vocabulary, shape[-1]), "glorot_uniform", name="words")
            self._bias = self.add_weight((self._vocabulary, 1), "zeros", name="bias")

        def call(self, states: Any, targets: Any) -> Any:
            drawn = keras.random.uniform((self._negatives,), seed=self._seeds)
            drawn = ops.cast(ops.exp(drawn * float(np.log(self._vocabulary))), "int32")
            drawn = ops.minimum(drawn, self._vocabulary - 1)
            words, bias = ops.take(self._words, targets, axis=0), ops.take(self._bias, targets, axis=0)
            right = ops.sum(states * words, axis=-1) + bias[..., 0] - _log_share(targets)
            words, bias = ops.take(self._words, drawn, axis=0), ops.take(self._bias, drawn, axis=0)
            wrong = ops.matmul(states, ops.transpose(words)) + bias[:, 0] - _log_share(drawn)
            wrong = ops.where(ops.equal(drawn, targets[..., None]), -1e9, wrong)
            return ops.logaddexp(right, ops.logsumexp(wrong, axis=-1)) - right

    return SampledSoftmax


def _log_share(ids: Any) -> Any:
    """The logarithm of how often an id is drawn, but for a constant: log(1 + 1 / id), of 0 as of 1."""
    from stages.network.backend import keras

    ranks = keras.ops.maximum(keras.ops.cast(ids, "float32"), 1.0)
    return keras.ops.log(keras.ops.log1p(1.0 / ranks))


def _mean(_: Any, sums: Any) -> Any:
    """The loss of a word, in nats, the mean over a batch's."""
    from stages.network.backend import keras

    return keras.ops.sum(sums[:, 0]) / keras.ops.maximum(keras.ops.sum(sums[:, 1]), 1.0)


def _tell(config: Pretraining, epoch: int, logs: Any) -> None:
    if not sys.stdout.isatty():
        print(f"{config.corpus}: epoch {epoch + 1}/{config.epochs}: loss {logs['loss']:.4f}", flush=True)
