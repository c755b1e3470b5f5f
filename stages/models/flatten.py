"""Embedded tokens laid end to end: every position has weights of its own."""

from typing import TYPE_CHECKING, Literal

from stages.lib.config import config
from stages.lib.sizes import Common, Shape

if TYPE_CHECKING:
    import keras


@config
class Sizes(Common):
    architecture: Literal["flatten"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.lib import blocks
    from stages.lib.backend import keras

    ids = blocks.text(shape)
    embedded, mask = blocks.embed(ids, sizes, shape)
    features = keras.layers.Flatten()(blocks.blank(embedded, mask))
    return blocks.classify(ids, features, sizes, shape)
