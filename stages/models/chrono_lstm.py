"""LSTM whose gates start out remembering (Tallec & Ollivier 2018, "chrono initialization").

Keras starts every forget gate at 0.73, so that half of a memory is gone after two steps, and with it the
gradient that would teach the network to keep it. Here they start so that memories last from one step to
`memory` steps, evenly spread over the units.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.network.sizes import Recurrent, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    """memory: in tokens, how far back the network may have to look."""

    architecture: Literal["chrono_lstm"]
    memory: Annotated[int, Field(ge=3, le=100_000)]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks, recurrent

    model = blocks.recurrent(recurrent.LSTM, sizes, shape)
    for layer in model.layers:
        for lstm in (getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", None)):
            if isinstance(lstm, recurrent.LSTM):
                lstm.cell.bias.assign(biases(lstm.units, sizes.memory))
    return model


def biases(units: int, memory: int) -> np.ndarray:
    """float32[4 * units], in Keras's order of gates: input, forget, cell, output."""
    forget = np.log(np.linspace(1, memory - 1, units))
    rest = np.zeros(2 * units)
    return np.concatenate([-forget, forget, rest]).astype(np.float32)
