"""The parts that architectures are put together from, in backend-neutral Keras 3.

Shapes are written dtype[batch, ...]; `mask` is bool[batch, time], true where there is a token, or
None for a model that reads padding as a token like any other.
"""

from collections.abc import Callable
from typing import Any

from stages.network.backend import keras
from stages.network.sizes import Common, Recurrent, Shape

Tensor = Any  # a KerasTensor, or the backend's own


def text(shape: Shape) -> Tensor:
    """The model's input, int32[batch, time]."""
    return keras.Input((shape.length,), dtype="int32", name="ids")


def embed(ids: Tensor, sizes: Common, shape: Shape) -> tuple[Tensor, Tensor | None]:
    """float32[batch, time, embedding] and the mask."""
    embedded = keras.layers.Embedding(shape.vocabulary, sizes.embedding, name="embedding")(ids)
    if sizes.dropout.word:
        embedded = keras.layers.Dropout(sizes.dropout.word, noise_shape=(None, None, 1))(embedded)
    embedded = _dropout(embedded, sizes.dropout.embedding)
    return embedded, keras.ops.not_equal(ids, 0) if sizes.mask else None


def blank(sequence: Tensor, mask: Tensor | None) -> Tensor:
    """The sequence, float32[batch, time, features], with zeros where there is padding."""
    return sequence if mask is None else sequence * _weights(mask)


def pool(sequence: Tensor, mask: Tensor | None, how: str) -> Tensor:
    """float32[batch, time, features] -> float32[batch, features], "mean" or "max" over the tokens; twice as
    many for "mean_max".

    A text without tokens gives zeros ("mean") or the least value there is ("max").
    """
    ops = keras.ops
    if how == "mean_max":
        return ops.concatenate([pool(sequence, mask, "mean"), pool(sequence, mask, "max")], axis=-1)
    if how == "mean":
        if mask is None:
            return ops.mean(sequence, axis=1)
        tokens = ops.maximum(ops.sum(_weights(mask), axis=1), 1.0)
        return ops.sum(blank(sequence, mask), axis=1) / tokens
    if mask is not None:
        least = ops.min(sequence, axis=1, keepdims=True)  # no token's value is lower
        sequence = ops.where(ops.expand_dims(mask, -1), sequence, least)
    return ops.max(sequence, axis=1)


def classify(ids: Tensor, features: Tensor, sizes: Common, shape: Shape) -> keras.Model:
    """The model from `ids` to logits: float32[batch, 1] for two classes, else float32[batch, classes]."""
    features = _dropout(features, sizes.dropout.dense)
    if sizes.dense:
        features = keras.layers.Dense(sizes.dense, activation="relu", name="dense")(features)
        features = _dropout(features, sizes.dropout.dense)
    outputs = 1 if shape.classes == 2 else shape.classes
    logits = keras.layers.Dense(outputs, name="logits")(features)
    return keras.Model(ids, logits, name=sizes.architecture)


def recurrent(layer: Callable[..., Any], sizes: Recurrent, shape: Shape) -> keras.Model:
    """Stacked recurrent layers, made by `layer(units, return_sequences=..., dropout=...)`."""
    ids = text(shape)
    sequence, mask = embed(ids, sizes, shape)
    read = mask
    if sizes.segment:
        sequence = keras.ops.reshape(sequence, (-1, sizes.segment, sizes.embedding))
        read = None if mask is None else keras.ops.reshape(mask, (-1, sizes.segment))
    for depth, units in enumerate(sizes.units, start=1):
        inner = depth < len(sizes.units) or sizes.pooling != "last"
        made = layer(units, return_sequences=inner, dropout=sizes.dropout.recurrent)
        made = keras.layers.Bidirectional(made) if sizes.bidirectional else made
        sequence = made(sequence, mask=read)
    if sizes.segment:
        sequence = keras.ops.reshape(sequence, (-1, shape.length, sequence.shape[-1]))
    features = sequence if sizes.pooling == "last" else pool(sequence, mask, sizes.pooling)
    return classify(ids, features, sizes, shape)


def _weights(mask: Tensor) -> Tensor:
    return keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)


def _dropout(features: Tensor, share: float) -> Tensor:
    return keras.layers.Dropout(share)(features) if share else features
