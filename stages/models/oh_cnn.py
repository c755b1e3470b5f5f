"""A convolution over words as they are, without word vectors (Johnson & Zhang 2015): each place of a region
has a table of its own, so that words in their order have a vector that is not made of theirs.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from stages.network.sizes import Pooled, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras

UNKNOWN = 1


@config
class Sizes(Pooled):
    """region: how many tokens are seen at once; they give `embedding` numbers."""

    architecture: Literal["oh_cnn"]
    region: Annotated[int, Field(ge=1, le=64)]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    """The region from a token on: relu(sum of table_place[id at this place]). The places after a text's end
    read padding, whose row of a table says that it has ended; no region begins there.
    """
    from stages.network import blocks
    from stages.network.backend import keras

    ids = blocks.text(shape)
    read = _without(ids, sizes.dropout.word)
    regions: Any = 0
    for place in range(sizes.region):
        table = keras.layers.Embedding(shape.vocabulary, sizes.embedding, name=f"place_{place}")
        regions = regions + table(keras.ops.pad(read, ((0, 0), (0, place)))[:, place:])
    regions = keras.layers.ReLU()(regions)
    if sizes.dropout.embedding:
        regions = keras.layers.Dropout(sizes.dropout.embedding)(regions)
    mask = keras.ops.not_equal(ids, 0) if sizes.mask else None
    return blocks.classify(ids, blocks.pool(regions, mask, sizes.pooling), sizes, shape)


def _without(ids: Any, share: float) -> Any:
    """The ids, in training a share of them unknown."""
    from stages.network.backend import keras

    if not share:
        return ids
    drawn = keras.layers.Dropout(share)(keras.ops.cast(keras.ops.ones_like(ids), "float32"))
    return keras.ops.where(drawn > 0, ids, keras.ops.minimum(ids, UNKNOWN))
