"""The gated recurrent unit (Cho et al. 2014), as in cuDNN: the reset gate after the matrix product."""

from typing import TYPE_CHECKING, Literal

from stages.lib.config import config
from stages.lib.sizes import Recurrent, Shape

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["gru"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.lib import blocks, recurrent

    return blocks.recurrent(recurrent.GRU, sizes, shape)
