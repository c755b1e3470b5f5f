"""What figures are drawn on, and in: SVG files that are the same bytes for the same numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from stages.reporting.style import Figures
from stages.runtime import files

MARKERS = "osD^vP*X"


@contextmanager
def canvas(style: Figures, path: Path, height: float) -> Iterator[Figure]:
    """A figure to draw into, saved at `path` when the block ends."""
    settings: Any = {
        "font.size": style.font_size,
        "axes.grid": style.grid,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "text.parse_math": False,  # a dollar in a title or label is a dollar
        "svg.hashsalt": "seqstudy",  # element ids that do not change from run to run
        "svg.fonttype": "path",  # letters as shapes: the same picture whatever fonts a reader has
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(style.width, height), layout="constrained")
        yield figure
        with files.replacing(path) as draft:
            figure.savefig(draft, format="svg", metadata={"Date": None, "Creator": None})


def legend(figure: Figure, handles: Sequence[Any], style: Figures) -> None:
    """A legend below, of as many columns, up to three, as the figure has room for."""
    labels = [len(handle.get_label()) for handle in handles]
    room = 72 * style.width / (0.55 * style.font_size)  # letters: on average 0.55 of the font's size wide

    def width(columns: int) -> int:
        return sum(6 + max(column) for column in np.array_split(labels, columns) if len(column))

    columns = next((n for n in (3, 2) if width(n) <= room), 1)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def color_of(style: Figures, i: int) -> Any:
    colors: Any = matplotlib.colormaps[style.colors].colors  # type: ignore[attr-defined]
    return colors[i % len(colors)]


def marker_of(i: int) -> str:
    """Another marker for every recipe, so that the curves can be told apart without their colors."""
    return MARKERS[i % len(MARKERS)]
