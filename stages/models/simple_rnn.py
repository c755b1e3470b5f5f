"""A plain recurrent network (Elman 1990): it forgets what lies far back."""

from typing import TYPE_CHECKING, Literal

from stages.lib.config import config
from stages.lib.sizes import Recurrent, Shape

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["simple_rnn"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.lib import blocks
    from stages.lib.backend import keras

    return blocks.recurrent(keras.layers.SimpleRNN, sizes, shape)
