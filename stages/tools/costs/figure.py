"""The figure of test accuracies against seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from stages.reporting.canvas import canvas, looks
from stages.reporting.style import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 0.15  # behind the most accurate point, as a share
DOT = 4  # half the width of a point that names leave free, in points
# where a name may stand beside its point: offset in points, alignment
PLACES = [
    ((6, -3), "left", "top"),
    ((6, 3), "left", "bottom"),
    ((-6, -3), "right", "top"),
    ((-6, 3), "right", "bottom"),
    ((0, -7), "center", "top"),
    ((0, 7), "center", "bottom"),
]


@dataclass(frozen=True)
class Point:
    """seconds: from raw texts to a finished model; accuracy: of the test split, the mean of the seeds.
    peer: whether it is another project's model, not a recipe."""

    name: str
    seconds: float
    accuracy: float
    peer: bool = False


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no faster one is as accurate as, fastest first."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.seconds, -point.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def near(points: Sequence[Point]) -> list[Point]:
    """Those that are worth a place: the others would press these together at the upper edge."""
    best = max(point.accuracy for point in points)
    return [point for point in points if point.accuracy >= best - FAR]


def draw(points: Sequence[Point], style: Figures, path: Path) -> None:
    """A point for each recipe, hollow for peers; a line joins those of the front. Names are of the front, of
    peers, and of as many others, the most accurate first, as there is room for."""
    points = near(points)
    edge = front([point for point in points if not point.peer])
    dots, line = (each["color"] for each in looks(style, {"points": 0, "front": 1}).values())
    with canvas(style, path, height=0.6) as figure:
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda second, _: f"{second:,g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.step(
            [point.seconds for point in edge],
            [100 * point.accuracy for point in edge],
            where="post",
            color=line,
            linewidth=1,
        )
        for point in points:
            fill = "none" if point.peer else dots
            ax.plot(point.seconds, 100 * point.accuracy, "o", markerfacecolor=fill, color=dots)
        ax.margins(0.08)
        ax.set(xlabel="seconds from raw texts to a finished model of one seed", ylabel="test accuracy, %")
        first = [*edge[::-1], *(point for point in points if point.peer)]
        rest = sorted(set(points) - set(first), key=lambda point: (-point.accuracy, point.name))
        figure.draw_without_rendering()  # so that texts have extents
        annotate(ax, figure.dpi, [*first, *rest], points)


def annotate(ax: "Axes", dpi: float, named: Sequence[Point], points: Sequence[Point]) -> None:
    """Write names beside points, each where it covers no other name, no point, not the line of the front and
    no edge of the axes; those that find no such place are left out."""
    inside, dot = ax.get_window_extent(), dpi * DOT / 72
    edge = front([point for point in points if not point.peer])
    middles, corners = (
        [ax.transData.transform((point.seconds, 100 * point.accuracy)) for point in some]
        for some in (points, edge)
    )
    taken = [Bbox.from_extents(x - dot, y - dot, x + dot, y + dot) for x, y in middles]
    for (x, y), (after, above) in pairwise(corners):
        taken += [Bbox([(x, y), (after, y)]).padded(1), Bbox([(after, y), (after, above)]).padded(1)]
    for point in named:
        place = point.seconds, 100 * point.accuracy
        for name, ((across, down), side, height) in product(lines(point.name), PLACES):
            text = ax.annotate(
                name,
                place,
                (across, down),
                textcoords="offset points",
                ha=side,
                va=height,
                fontsize="small",
            )
            box = text.get_window_extent()
            within = all(inside.contains(*corner) for corner in box.corners())
            if within and not box.count_overlaps(taken):
                taken.append(box)
                break
            text.remove()


def lines(name: str) -> list[str]:
    """A name in one line and, if it has several words, in two: broken at the space nearest to its middle."""
    spaces = [place for place, character in enumerate(name) if character == " "]
    if not spaces:
        return [name]
    middle = min(spaces, key=lambda place: abs(2 * place - len(name)))
    return [name, f"{name[:middle]}\n{name[middle + 1 :]}"]
