"""A text as one vector, the sum of fixed vectors of its n-grams, and a linear layer on it. What texts
without labels know is in the vectors, which a pretraining makes (`start`, as of the kind `lsa`).

logits = weights * 10 * sum(vectors) / norm(sum) + bias.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from stages.network.sizes import Shape, Units
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras

UNORDERED = True
SCALE = 10.0  # weights stay small, so that Adam's steps of one size reach them soon


@config
class Sizes:
    """embedding: the numbers of a vector."""

    threads: ClassVar[int] = 2

    architecture: Literal["document_vectors"]
    embedding: Units


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    """The table is float16: it is nearly all of the model, and is not trained."""
    from stages.network import blocks
    from stages.network.backend import keras

    ops = keras.ops
    ids, outputs = blocks.text(shape), 1 if shape.classes == 2 else shape.classes
    table = keras.layers.Embedding(shape.vocabulary, sizes.embedding, dtype="float16", name="embedding")
    vectors = blocks.blank(ops.cast(table(ids), "float32"), ops.not_equal(ids, 0))
    total = ops.sum(vectors, axis=1)
    norm = ops.sqrt(ops.sum(total * total, axis=1, keepdims=True) + keras.config.epsilon())
    logits = keras.layers.Dense(outputs, name="logits")(SCALE * total / norm)
    model = keras.Model(ids, logits, name=sizes.architecture)
    table.trainable = False
    return model
