"""Long short-term memory (Hochreiter & Schmidhuber 1997, with a forget gate: Gers et al. 2000)."""

from typing import TYPE_CHECKING, Literal

from stages.lib.config import config
from stages.lib.sizes import Recurrent, Shape

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["lstm"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.lib import blocks, recurrent

    return blocks.recurrent(recurrent.LSTM, sizes, shape)
