"""The figure of test accuracies against seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from stages.reporting.canvas import canvas, looks
from stages.reporting.style import Figures


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


def covered(point: Point, other: Point) -> bool:
    """Whether a name at the right below a point would lie on the other."""
    return 1 < other.seconds / point.seconds < 1.6 and 0 <= point.accuracy - other.accuracy < 0.002


def draw(points: Sequence[Point], style: Figures, path: Path) -> None:
    """A point with its name for each recipe, hollow for peers; a line joins those of the front."""
    edge = front([point for point in points if not point.peer])
    middle = sorted(point.seconds for point in points)[len(points) // 2]
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
            place = point.seconds, 100 * point.accuracy
            ax.plot(*place, "o", markerfacecolor="none" if point.peer else dots, color=dots)
            left = point.seconds > middle  # of the point, so that the name is within the axes
            across, side = (-5, "right") if left else (5, "left")
            down = 4 if any(covered(point, other) for other in points) else -9
            ax.annotate(
                point.name, place, (across, down), textcoords="offset points", ha=side, fontsize="small"
            )
        ax.margins(0.08)
        ax.set(xlabel="seconds from raw texts to a finished model of one seed", ylabel="test accuracy, %")
