"""A plain recurrent network (Elman 1990): it forgets what lies far back."""

from typing import TYPE_CHECKING, Literal

from stages.network.sizes import Recurrent, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["simple_rnn"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks
    from stages.network.backend import keras

    return blocks.recurrent(keras.layers.SimpleRNN, sizes, shape)
