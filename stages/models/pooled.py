"""A bag of embedded tokens: their mean (or maximum), whatever their order."""

from typing import TYPE_CHECKING, Literal

from stages.network.sizes import Pooled, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


UNORDERED = True  # it may read a corpus without order


@config
class Sizes(Pooled):
    architecture: Literal["pooled"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks

    ids = blocks.text(shape)
    embedded, mask = blocks.embed(ids, sizes, shape)
    return blocks.classify(ids, blocks.pool(embedded, mask, sizes.pooling), sizes, shape)
