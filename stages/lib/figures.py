"""The figures of a comparison, as SVG files that are the same bytes for the same numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stages.lib import files
from stages.lib.results import Result
from stages.lib.style import Figures

MARKERS = "osD^vP*X"
ROW = 0.36  # inches of height for a bar


def curves(shown: Sequence[Result], title: str, style: Figures, path: Path) -> None:
    """Accuracy and loss per epoch: a color per recipe, solid for validation, dashed for training."""
    with _figure(style, path, height=0.5 * style.width) as figure:
        axes = figure.subplots(1, 2)
        for ax, measure in zip(axes, ("accuracy", "loss"), strict=True):
            for i, result in enumerate(shown):
                look = {"color": _color(style, i), "marker": _marker(i), "markersize": 3}
                epochs = result.history["epoch"]
                ax.plot(epochs, result.history[measure], linestyle="--", alpha=0.6, linewidth=1, **look)
                ax.plot(epochs, result.history[f"val_{measure}"], linestyle="-", **look)
            ax.set(xlabel="epoch", ylabel=measure)
            ax.xaxis.get_major_locator().set_params(integer=True)
        figure.suptitle(title)
        _legend(figure, shown, style)


def accuracy(shown: Sequence[Result], style: Figures, path: Path) -> None:
    """A bar per recipe: accuracy on the test split, with its 95 % interval."""
    with _figure(style, path, height=1.4 + ROW * len(shown)) as figure:
        ax = figure.subplots()
        for i, result in enumerate(shown):
            share, (low, high) = result.metrics["test.accuracy"], result.interval
            ax.barh(i, share, color=_color(style, i), height=0.7)
            ax.errorbar(share, i, xerr=[[share - low], [high - share]], color="black", capsize=3)
            ax.text(high + 0.01, i, f"{100 * share:.1f} %", va="center")
        ax.axvline(_chance(shown), color="grey", linestyle=":", label="always the most frequent label")
        ax.set(xlim=(0, 1.12), xlabel="test accuracy, with its 95 % interval")
        figure.legend(loc="outside upper right", frameon=False)
        _name_rows(ax, [r.recipe for r in shown])


def confusions(shown: Sequence[Result], style: Figures, path: Path) -> None:
    """For each recipe how many test texts of each label were taken for each label."""
    columns = min(len(shown), 3)
    lines = -(-len(shown) // columns)
    with _figure(style, path, height=lines * style.width / columns * 0.95) as figure:
        grid = list(figure.subplots(lines, columns, squeeze=False).flat)
        for ax in grid[len(shown) :]:
            ax.set_axis_off()
        for ax, result in zip(grid, shown, strict=False):
            _confusion(ax, result)


def timings(recipes: Sequence[str], times: Sequence[dict[str, Any]], style: Figures, path: Path) -> None:
    """A bar per recipe: seconds per epoch."""
    with _figure(style, path, height=1.2 + ROW * len(recipes)) as figure:
        ax = figure.subplots()
        seconds = [float(t["seconds_per_epoch"]) for t in times]
        for i, value in enumerate(seconds):
            ax.barh(i, value, color=_color(style, i), height=0.7)
            ax.text(value, i, f"  {value:.3g} s", va="center")
        ax.set(xlim=(0, 1.15 * max(seconds)), xlabel=f"seconds per epoch on {times[0]['processor']}")
        _name_rows(ax, recipes)


@contextmanager
def _figure(style: Figures, path: Path, height: float) -> Iterator[Figure]:
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


def _legend(figure: Figure, shown: Sequence[Result], style: Figures) -> None:
    watched = sorted({r.watched for r in shown})
    solid = " and ".join("test split (chose nothing)" if w == "test" else "validation" for w in watched)
    handles = [
        Line2D([], [], color=_color(style, i), marker=_marker(i), markersize=3, label=r.recipe)
        for i, r in enumerate(shown)
    ]
    handles.append(Line2D([], [], color="black", linestyle="-", label=solid))
    handles.append(Line2D([], [], color="black", linestyle="--", linewidth=1, alpha=0.6, label="training"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def _confusion(ax: Any, result: Result) -> None:
    shares = [[count / max(sum(row), 1) for count in row] for row in result.confusion]
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(result.confusion):
        for j, count in enumerate(row):
            color = "white" if shares[i][j] > 0.5 else "black"
            ax.text(
                j,
                i,
                f"{count:,}\n{100 * shares[i][j]:.1f} %",
                ha="center",
                va="center",
                color=color,
            )
    places = range(len(result.labels))
    ax.set_xticks(places, result.labels)
    ax.set_yticks(places, result.labels, rotation=90, va="center")
    ax.set(xlabel="predicted", ylabel="actual", title=result.recipe)
    ax.grid(visible=False)


def _chance(shown: Sequence[Result]) -> float:
    """The accuracy of always guessing the most frequent test label."""
    return max(max(sum(row) for row in r.confusion) / r.texts for r in shown)


def _name_rows(ax: Any, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")


def _color(style: Figures, i: int) -> Any:
    colors: Any = matplotlib.colormaps[style.colors].colors  # type: ignore[attr-defined]
    return colors[i % len(colors)]


def _marker(i: int) -> str:
    """Another marker for every recipe, so that the curves can be told apart without their colors."""
    return MARKERS[i % len(MARKERS)]
