"""What the architectures have in common in params.yaml. No Keras here: every stage checks these."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.runtime.config import Share, config

Units = Annotated[int, Field(ge=1, le=65_536)]


@dataclass(frozen=True)
class Shape:
    """What a model must fit: how many ids there are, texts' common length in tokens (None if it
    varies from batch to batch), how many classes."""

    vocabulary: int
    length: int | None
    classes: int


@config
class Dropout:
    """Shares set to zero in training: of the tokens, each as a whole; of the numbers that they are embedded
    as; of what enters a recurrent layer; of what enters the dense and output layers."""

    word: Share = 0.0
    embedding: Share = 0.0
    recurrent: Share = 0.0
    dense: Share = 0.0


@config
class Common:
    """The options of every architecture."""

    threads: ClassVar[int] = 2  # of an operation, on any number of cores: results depend on it

    architecture: str
    embedding: Units
    dense: Annotated[int, Field(ge=0, le=65_536)]
    mask: bool
    dropout: Dropout = Dropout()


@config
class Pooled(Common):
    """An architecture that ends in one vector per text by pooling over time."""

    pooling: Literal["mean", "max"]


@config
class Recurrent(Common):
    """A recurrent architecture: a layer for each number of `units`, the next reading the one before.

    segment: in tokens; texts are cut into pieces of so many, which are read side by side, each from a fresh
    state, and pooled together (Johnson & Zhang 2016). It divides the corpus's length; None: read whole.
    """

    # the two directions then run side by side, a core each, faster than each on all cores in turn
    threads: ClassVar[int] = 1

    units: Annotated[list[Units], Field(min_length=1)]
    bidirectional: bool
    pooling: Literal["last", "mean", "max", "mean_max"]
    segment: Units | None = None
