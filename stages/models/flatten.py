"""Embedded tokens laid end to end: every position has weights of its own."""

from typing import TYPE_CHECKING, Literal

from stages.network.sizes import Common, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Common):
    architecture: Literal["flatten"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks
    from stages.network.backend import keras

    ids = blocks.text(shape)
    embedded, mask = blocks.embed(ids, sizes, shape)
    features = keras.layers.Flatten()(blocks.blank(embedded, mask))
    return blocks.classify(ids, features, sizes, shape)
