"""Peephole LSTM (Gers & Schmidhuber 2000): the gates also see the cell's state."""

from typing import TYPE_CHECKING, Any, Literal

from stages.network.sizes import Recurrent, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["peephole_lstm"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks, recurrent

    def layer(units: int, return_sequences: bool, dropout: float) -> Any:
        cell = recurrent.PeepholeLSTMCell(units, dropout=dropout)
        return recurrent.PeepholeLSTM(cell, return_sequences=return_sequences)

    return blocks.recurrent(layer, sizes, shape)
