"""How the figures look: the section `figures` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.runtime.config import config


@config
class Figures:
    width: Annotated[float, Field(ge=3, le=30)]  # inches
    font_size: Annotated[int, Field(ge=4, le=40)]  # points
    colors: Literal["petroff10", "tab10", "Set2", "Dark2", "Paired", "tab20"]  # matplotlib's color sequences
    grid: bool
