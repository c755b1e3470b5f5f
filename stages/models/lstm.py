"""Long short-term memory (Hochreiter & Schmidhuber 1997, with a forget gate: Gers et al. 2000)."""

from typing import TYPE_CHECKING, Literal

from stages.network.sizes import Recurrent, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["lstm"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks, recurrent

    return blocks.recurrent(recurrent.LSTM, sizes, shape)
