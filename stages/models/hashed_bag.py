"""A bag of words and of hashed n-grams (Joulin et al. 2017, fastText): the mean or maximum of their vectors.
The n-grams are made of word ids by the network itself.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from stages.network.sizes import Pooled, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras

EXACT = 2**24  # whole numbers below it are exact as float32


@config
class Sizes(Pooled):
    """ngrams: of up to so many words; buckets: how many vectors those of two words and more share."""

    architecture: Literal["hashed_bag"]
    ngrams: Annotated[int, Field(ge=2, le=8)]
    buckets: Annotated[int, Field(ge=1, le=EXACT)]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    """With a mask, words with padding between or behind them are no n-gram."""
    from stages.network import blocks
    from stages.network.backend import keras

    ops = keras.ops
    ids = blocks.text(shape)
    words, mask = blocks.embed(ids, sizes, shape)
    vectors = keras.layers.Embedding(sizes.buckets, sizes.embedding, name="ngrams")
    parts, masks, code = [words], [mask], _codes(ids, sizes, shape, 0)
    for place in range(1, sizes.ngrams):
        later = ops.pad(ids, ((0, 0), (0, place)))[:, place:]
        code = code + _codes(later, sizes, shape, place)
        parts.append(_dropped(vectors(ops.mod(code, sizes.buckets)), sizes))
        masks.append(None if mask is None else ops.logical_and(masks[-1], ops.not_equal(later, 0)))
    whole = None if mask is None else ops.concatenate(masks, axis=1)
    features = blocks.pool(ops.concatenate(parts, axis=1), whole, sizes.pooling)
    return blocks.classify(ids, features, sizes, shape)


def _codes(ids: Any, sizes: Sizes, shape: Shape, place: int) -> Any:
    """A whole number below `buckets` for each word, drawn at random for each place in an n-gram, the sum of
    which is the n-gram's hash (tabulation hashing, Carter & Wegman 1979): int32[batch, time]."""
    from stages.network.backend import keras

    drawn = keras.initializers.RandomUniform(0, sizes.buckets, seed=place)  # the same for every training
    table = keras.layers.Embedding(shape.vocabulary, 1, drawn, trainable=False, name=f"codes_{place}")
    codes = keras.ops.cast(keras.ops.floor(table(ids)[:, :, 0]), "int32")
    return keras.ops.minimum(codes, sizes.buckets - 1)  # float32 may round up to it


def _dropped(vectors: Any, sizes: Sizes) -> Any:
    """The n-grams' vectors with the dropout that the words' have (stages/network/blocks.py)."""
    from stages.network.backend import keras

    if sizes.dropout.word:
        vectors = keras.layers.Dropout(sizes.dropout.word, noise_shape=(None, None, 1))(vectors)
    if sizes.dropout.embedding:
        vectors = keras.layers.Dropout(sizes.dropout.embedding)(vectors)
    return vectors
