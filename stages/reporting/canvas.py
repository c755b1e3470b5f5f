"""What figures are drawn on, and in: SVG files that are the same bytes for the same numbers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from stages.reporting.style import Figures
from stages.runtime import files

MARKERS = "osD^vP*X"
Look = dict[str, Any]


@contextmanager
def canvas(style: Figures, path: Path, height: float) -> Iterator[Figure]:
    """A figure to draw into, saved at `path` when the block ends; on white, so that dark pages show it, too.

    height: of its width.
    """
    settings: Any = {
        "font.size": style.font_size,
        "axes.grid": style.grid,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": style.font_size,
        "figure.titlesize": style.font_size,
        "grid.alpha": 0.3,
        "text.parse_math": False,  # a dollar in a title or label is a dollar
        "svg.hashsalt": "seqstudy",  # element ids that do not change from run to run
        "svg.fonttype": "path",  # letters as shapes: the same picture whatever fonts a reader has
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(style.width, height * style.width), layout="constrained")
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
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)


def looks(style: Figures, wanted: Mapping[str, int]) -> dict[str, Look]:
    """A colour and a marker for each name, none twice: curves can be told apart without their colours.

    wanted: by name the place among colours that it has on every page, -1: none. A place that another name of
    the figure has already is not given twice: then it is the first that is free.
    """
    colors = matplotlib.color_sequences[style.colors]
    places: dict[str, int] = {}
    for name in sorted(wanted, key=lambda name: (wanted[name] < 0, wanted[name])):
        first = [wanted[name] % len(colors)] if wanted[name] >= 0 else []
        free = (place for place in [*first, *range(len(wanted) + len(colors))])
        places[name] = next(place for place in free if place not in places.values())
    return {
        name: {
            "color": colors[places[name] % len(colors)],
            "marker": MARKERS[(places[name] + places[name] // len(colors)) % len(MARKERS)],
        }
        for name in wanted
    }
