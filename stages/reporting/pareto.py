"""What accuracy costs: a figure of test accuracies against seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.reporting.canvas import canvas, color_of, marker_of
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


def pareto(points: Sequence[Point], title: str, style: Figures, path: Path) -> None:
    """A point for each recipe, hollow for peers, which have names as has every point of the front."""
    edge = front([point for point in points if not point.peer])
    with canvas(style, path, height=0.6 * style.width) as whole:
        ax = whole.subplots()
        ax.set_xscale("log")
        for point in points:
            fill = "none" if point.peer else color_of(style, 0)
            ax.plot(
                point.seconds,
                100 * point.accuracy,
                marker_of(0),
                markerfacecolor=fill,
                color=color_of(style, 0),
            )
        steps = [point.seconds for point in edge], [100 * point.accuracy for point in edge]
        ax.step(*steps, where="post", color=color_of(style, 1), linewidth=1)
        for point in points:
            if point.peer or point in edge:
                place = (point.seconds, 100 * point.accuracy)
                ax.annotate(point.name, place, (4, -9), textcoords="offset points", fontsize="small")
        ax.set(
            xlabel="seconds from raw texts to a finished model, a seed",
            ylabel="test accuracy, %",
            title=title,
        )
