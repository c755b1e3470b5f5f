"""NB-SVM (Wang & Manning 2012) as a network on sets of n-grams: each n-gram counts as much as it tells labels
apart, times a weight that is learned.

logits = gain * 10 * sum(ratio * weight) / norm(ratios) + bias, over a text's n-grams. The ratios are fixed;
they are computed from the texts that are trained on, and from no others.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from stages.artifacts.padded import Padded
from stages.network.sizes import Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras

UNORDERED = True
SCALE = 10.0  # weights stay small, so that Adam's steps of one size reach them soon
SMOOTHING = 0.3  # of the ratios, in texts
FIRST = 2  # id after padding and unknown, which tell nothing


@config
class Sizes:
    threads: ClassVar[int] = 2

    architecture: Literal["nb_svm"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks
    from stages.network.backend import keras

    ids, outputs = blocks.text(shape), 1 if shape.classes == 2 else shape.classes
    table = keras.layers.Embedding
    fixed, learned = (
        table(shape.vocabulary, outputs, "zeros", name=name)(ids) for name in ("ratios", "weights")
    )
    norms = keras.ops.sqrt(keras.ops.sum(fixed * fixed, axis=1) + keras.config.epsilon())
    features = SCALE * keras.ops.sum(fixed * learned, axis=1) / norms
    gain = keras.layers.EinsumDense("bo,o->bo", outputs, bias_axes="o", kernel_initializer="ones")
    model = keras.Model(ids, gain(features), name=sizes.architecture)
    model.get_layer("ratios").trainable = False
    return model


def adapt(model: "keras.Model", train: Padded) -> None:
    """Give a model the ratios of what it is trained on."""
    table = model.get_layer("ratios")
    table.set_weights([ratios(train, table.output_dim)])


def ratios(train: Padded, outputs: int) -> np.ndarray:
    """How much more often an n-gram is in the texts of a label than in the others, in logarithms, times its
    inverse frequency in texts, of variance 1: float32[vocabulary, outputs]. With two labels, of the second.
    """
    counts = np.zeros((len(train.names), train.vocabulary))
    texts = 0
    for rows, ids, lines in zip(train.rows, train.ids, train.lines, strict=True):
        labels, some = train.labels[rows[lines]], np.asarray(ids[lines])
        texts += len(lines)
        for label in np.unique(labels):
            counts[label] += np.bincount(some[labels == label].ravel(), minlength=train.vocabulary)
    counts[:, :FIRST] = 0
    frequencies = np.log((1 + texts) / (1 + counts.sum(axis=0))) + 1
    found = np.zeros((train.vocabulary, outputs), np.float32)
    for output in range(outputs):
        label = 1 if outputs == 1 else output
        ours, others = counts[label] + SMOOTHING, np.delete(counts, label, 0).sum(axis=0) + SMOOTHING
        ratio = (np.log(ours / ours.sum()) - np.log(others / others.sum())) * frequencies
        found[FIRST:, output] = (ratio / ratio[FIRST:].std())[FIRST:]
    return found
