"""What a trainer is given, and what it gives back: one model of a recipe, trained for one seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.artifacts.history import History


@dataclass(frozen=True)
class Task:
    """One training.

    architecture: the module of stages/models; sizes: its `Sizes`; training: the trainer's `Training`.
    train, held: what is trained on and what is watched, as the trainer's `load` gives them.
    checkpoint: where a training that is interrupted leaves what it goes on from.
    path: where the model goes; the trainer adds the suffix of its format.
    """

    architecture: Any
    sizes: Any
    training: Any
    train: Any
    held: Any
    seed: int
    history: History
    checkpoint: Path
    path: Path


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind: how many epochs it ran, the one whose weights were kept, and how many
    parameters they are."""

    epochs: int
    kept: int
    parameters: int
