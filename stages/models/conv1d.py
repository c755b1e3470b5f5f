"""A convolution over time, then its mean or maximum (Kim 2014): it sees `kernel` tokens at once."""

from typing import TYPE_CHECKING, Literal

from stages.network.sizes import Pooled, Shape, Units
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Pooled):
    architecture: Literal["conv1d"]
    filters: Units
    kernel: Units


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks
    from stages.network.backend import keras

    ids = blocks.text(shape)
    embedded, mask = blocks.embed(ids, sizes, shape)
    # "valid" as in the course; with a mask "same", so that a text of fewer tokens than the kernel
    # has outputs too, and zeros beyond its end count as padding wherever the array ends
    border = "valid" if mask is None else "same"
    convolution = keras.layers.Conv1D(sizes.filters, sizes.kernel, padding=border, activation="relu")
    features = convolution(blocks.blank(embedded, mask))
    return blocks.classify(ids, blocks.pool(features, mask, sizes.pooling), sizes, shape)
