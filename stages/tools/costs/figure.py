"""The figure of test accuracies against seconds."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from stages.reporting.canvas import canvas, color_of, marker_of
from stages.reporting.pareto import Point, front
from stages.reporting.style import Figures


def draw(points: Sequence[Point], title: str, style: Figures, path: Path) -> None:
    """A point with its name for each recipe, hollow for peers; a line joins those of the front."""
    edge = front([point for point in points if not point.peer])
    middle = sorted(point.seconds for point in points)[len(points) // 2]
    with canvas(style, path, height=0.6 * style.width) as figure:
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda second, _: f"{second:,g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.step(
            [point.seconds for point in edge],
            [100 * point.accuracy for point in edge],
            where="post",
            color=color_of(style, 1),
            linewidth=1,
        )
        for point in points:
            place = point.seconds, 100 * point.accuracy
            fill = "none" if point.peer else color_of(style, 0)
            ax.plot(*place, marker_of(0), markerfacecolor=fill, color=color_of(style, 0))
            left = point.seconds > middle  # of the point, so that the name is within the axes
            offset, side = ((-5, -9), "right") if left else ((5, -9), "left")
            ax.annotate(point.name, place, offset, textcoords="offset points", ha=side, fontsize="small")
        ax.margins(0.08)
        ax.set(
            xlabel="seconds from raw texts to a finished model of one seed",
            ylabel="test accuracy, %",
            title=title,
        )
