"""The figures of a comparison, as SVG files that are the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.ticker
from matplotlib.lines import Line2D

from stages.reporting.canvas import canvas, color_of, legend, marker_of
from stages.reporting.comparison import Baseline, Result
from stages.reporting.markdown import one_line
from stages.reporting.style import Figures

ROW = 0.36  # inches of height for a bar
INTERVAL = ["test accuracy, with its 95 % interval", "(for other texts and seeds)"]


def draw(
    results: Sequence[Result],
    title: str,
    style: Figures,
    folder: Path,
    prefix: str = "",
    baseline: Baseline | None = None,
) -> None:
    """All figures of a comparison, or of a chapter of it, into files whose names begin with `prefix`."""
    curves(results, title, style, folder / f"{prefix}curves.svg")
    accuracy(results, style, folder / f"{prefix}accuracy.svg", baseline)
    for figure in (gap, slices, confusions, reliability):
        figure(results, style, folder / f"{prefix}{figure.__name__}.svg")


def curves(results: Sequence[Result], title: str, style: Figures, path: Path) -> None:
    """Accuracy and loss per epoch: a color per recipe, solid for validation, dashed for training, the seeds'
    means with a band from their lowest to their highest. A star marks the lowest validation loss. If the
    comparison sets accuracies against a number, a row for each of its values and a color per model."""
    names = list(dict.fromkeys(result.line or result.recipe for result in results))
    places: list[float | None] = [*sorted({r.x for r in results if r.x is not None})] or [None]
    with canvas(style, path, height=(0.2 + 0.3 * len(places)) * style.width) as figure:
        axes = figure.subplots(len(places), 2, squeeze=False)
        for place, pair in zip(places, axes, strict=True):
            for ax, measure in zip(pair, ("accuracy", "loss"), strict=True):
                for result in results:
                    if result.x == place:
                        _curve(ax, result, measure, style, names.index(result.line or result.recipe))
                ax.set(xlabel="epoch", ylabel=measure)
                ax.xaxis.get_major_locator().set_params(integer=True)
                if place is not None:
                    ax.set(title=f"{results[0].against} {place:g}")
        figure.suptitle(one_line(title))
        handles = [_handle(style, i, label) for i, label in enumerate(_watching(results, names))]
        legend(figure, [*handles, *_lines(sorted({result.watched for result in results}))], style)


def accuracy(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None = None) -> None:
    """Accuracy on the test split, the mean over the seeds, with its 95 % interval: a bar per recipe, or, if
    the comparison sets it against a number, a line per model. A dashed line is their source's baseline."""
    if baseline and baseline.source not in {result.source for result in results}:
        baseline = None
    if any(result.x is None for result in results):
        _accuracy_bars(results, style, path, baseline)
    else:
        _accuracy_lines(results, style, path, baseline)


def gap(results: Sequence[Result], style: Figures, path: Path) -> None:
    """For each recipe how far training accuracy is above validation accuracy, of the weights kept."""
    with canvas(style, path, height=1.4 + ROW * len(results)) as figure:
        ax = figure.subplots()
        for i, result in enumerate(results):
            ends = [result.measures[f"{split}.accuracy"] for split in ("validation", "training")]
            look = {"color": color_of(style, i), "markeredgecolor": "black"}
            ax.plot(ends, [i, i], color=color_of(style, i), linewidth=3)
            ax.plot(ends[0], i, marker="o", **look)
            ax.plot(ends[1], i, marker=">", **look)
            ax.text(max(ends), i, f"   {100 * result.gap:+.1f}", va="center")
        low = min(result.measures["validation.accuracy"] for result in results)
        ax.set(xlim=(min(low, 0.95) - 0.02, 1.06), ylim=(-0.6, len(results) - 0.4))
        ax.set(xlabel="accuracy: from validation (o) to training (>), and the gap in points")
        _name_rows(ax, [r.recipe for r in results])


def slices(results: Sequence[Result], style: Figures, path: Path) -> None:
    """Test accuracy of texts in five groups: by their length, and by their share of unknown tokens."""
    labels = {"length": "length of the text, tokens", "oov_rate": "share of tokens out of vocabulary, %"}
    with canvas(style, path, height=0.5 * style.width) as figure:
        for ax, (by, label) in zip(figure.subplots(1, 2, sharey=True), labels.items(), strict=True):
            for i, result in enumerate(results):
                shares = [share for *_, share in result.slices[by]]
                ax.plot(
                    range(len(shares)), shares, color=color_of(style, i), marker=marker_of(i), markersize=4
                )
            _name_groups(ax, [result.slices[by] for result in results], 100 if by == "oov_rate" else 1)
            ax.set(xlabel=label)
        figure.axes[0].set(ylabel="test accuracy")
        handles = [_handle(style, i, r.recipe) for i, r in enumerate(results)]
        legend(figure, handles, style)


def confusions(results: Sequence[Result], style: Figures, path: Path) -> None:
    """For each recipe how many test texts of each label were taken for each label (first seed)."""
    columns = min(len(results), 3)
    lines = -(-len(results) // columns)
    with canvas(style, path, height=lines * style.width / columns * 0.95) as figure:
        grid = list(figure.subplots(lines, columns, squeeze=False).flat)
        for ax in grid[len(results) :]:
            ax.set_axis_off()
        for ax, result in zip(grid, results, strict=False):
            _confusion(ax, result)


def reliability(results: Sequence[Result], style: Figures, path: Path) -> None:
    """How often a model is right, against how sure it is, before calibration and after: on the diagonal
    probabilities mean what they say. Beside it accuracy, if it answers only where it is surest."""
    with canvas(style, path, height=0.45 * style.width) as figure:
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color="grey", linestyle=":")
        for i, result in enumerate(results):
            look = {"color": color_of(style, i), "marker": marker_of(i), "markersize": 4}
            for bins, line in zip(result.reliability[::-1], ("-", "--"), strict=False):
                confidence, shares, _ = zip(*bins, strict=True)
                left.plot(confidence, shares, linestyle=line, alpha=1 if line == "-" else 0.4, **look)
            covered, _, shares = zip(*result.coverage, strict=True)
            right.plot(covered, shares, **look)
        lowest = min(1 / len(result.labels) for result in results)
        left.set(xlim=(lowest, 1.01), ylim=(0, 1.01), xlabel="confidence", ylabel="share that is right")
        right.set(xlabel="share of the texts that is answered", ylabel="accuracy on those")
        calibrated = any(len(result.reliability) > 1 for result in results)
        lines = [Line2D([], [], color="black", linestyle="--", alpha=0.4, label="before calibration")]
        handles = [_handle(style, i, r.recipe) for i, r in enumerate(results)]
        legend(figure, [*handles, *(lines if calibrated else [])], style)


def _accuracy_bars(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None) -> None:
    with canvas(style, path, height=1.4 + ROW * len(results)) as figure:
        ax = figure.subplots()
        for i, result in enumerate(results):
            share, (low, high) = result.measures["test.accuracy"], result.interval
            ax.barh(i, share, color=color_of(style, i), height=0.7)
            ax.errorbar(share, i, xerr=[[share - low], [high - share]], color="black", capsize=3)
            spread = result.measures.get("sd.accuracy")
            words = f"{100 * share:.1f}" if spread is None else f"{100 * share:.1f} ± {100 * spread:.1f}"
            ax.text(high + 0.01, i, f"{words} %", va="center")
        ax.axvline(_chance(results), color="grey", linestyle=":", label="always the most frequent label")
        if baseline:
            ax.axvline(baseline.accuracy, color="black", linestyle="--", linewidth=1, label=_linear(baseline))
        ax.set(xlim=(0, 1.18), xlabel=" ".join(INTERVAL))
        figure.legend(loc="outside upper right", frameon=False)
        _name_rows(ax, [r.recipe for r in results])


def _accuracy_lines(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None) -> None:
    with canvas(style, path, height=0.5 * style.width) as figure:
        ax = figure.subplots()
        for i, line in enumerate(dict.fromkeys(result.line for result in results)):
            points = sorted(
                (r.x, r.measures["test.accuracy"], *r.interval)
                for r in results
                if r.line == line and r.x is not None
            )
            at, shares, lows, highs = zip(*points, strict=True)
            below = [share - low for share, low in zip(shares, lows, strict=True)]
            above = [high - share for share, high in zip(shares, highs, strict=True)]
            look = {"color": color_of(style, i), "marker": marker_of(i), "capsize": 3}
            ax.errorbar(at, shares, yerr=[below, above], label=line, **look)
        places = sorted({result.x for result in results if result.x is not None})
        ax.set_xscale("log")
        ax.set_xticks(places, [f"{place:g}" for place in places])
        ax.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        ax.axhline(_chance(results), color="grey", linestyle=":", label="always the most frequent label")
        if baseline:
            ax.axhline(baseline.accuracy, color="black", linestyle="--", linewidth=1, label=_linear(baseline))
        ax.set(xlabel=results[0].against, ylabel="\n".join(INTERVAL))
        legend(figure, ax.get_legend_handles_labels()[0], style)


def _curve(ax: Any, result: Result, measure: str, style: Figures, i: int) -> None:
    """A recipe's training and validation curve, the i-th of its axes."""
    color = color_of(style, i)
    training, validation = result.curve(measure), result.curve(f"val_{measure}")
    ax.plot(training.epochs, training.mean, linestyle="--", alpha=0.6, linewidth=1, color=color)
    ax.plot(validation.epochs, validation.mean, color=color, marker=marker_of(i), markersize=3)
    ax.fill_between(validation.epochs, validation.low, validation.high, color=color, alpha=0.15)
    if measure == "loss":
        ax.plot(*result.lowest, marker="*", markersize=13, color=color, markeredgecolor="black")


def _watching(results: Sequence[Result], names: Sequence[str]) -> list[str]:
    """The names, and if not all that is results was validated on the same split, on which each was."""
    if len({result.watched for result in results}) == 1:
        return [*names]
    watched = {result.line or result.recipe: result.watched for result in results}
    return [f"{name} ({watched[name]})" for name in names]


def _lines(watched: Sequence[str]) -> list[Line2D]:
    """What a legend says of curves: which line is which split, and what a star marks."""
    solid = " and ".join("test split (chose nothing)" if w == "test" else "validation" for w in watched)
    star = {"marker": "*", "markersize": 11, "markerfacecolor": "white", "markeredgecolor": "black"}
    return [
        Line2D([], [], color="black", linestyle="-", label=solid),
        Line2D([], [], color="black", linestyle="--", linewidth=1, alpha=0.6, label="training"),
        Line2D([], [], linestyle="", label=f"lowest loss, {solid}", **star),  # type: ignore[arg-type]
    ]


def _handle(style: Figures, i: int, label: str) -> Line2D:
    """A recipe's entry in a legend."""
    return Line2D([], [], color=color_of(style, i), marker=marker_of(i), markersize=3, label=label)


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
    places, labels = range(len(result.labels)), [one_line(label) for label in result.labels]
    ax.set_xticks(places, labels)
    ax.set_yticks(places, labels, rotation=90, va="center")
    ax.set(xlabel="predicted", ylabel="actual", title=result.recipe)
    ax.grid(visible=False)


def _linear(baseline: Baseline) -> str:
    return f"{baseline.recipe}: {100 * baseline.accuracy:.1f} %"


def _chance(results: Sequence[Result]) -> float:
    """The accuracy of always guessing the most frequent test label."""
    return max(max(sum(row) for row in r.confusion) / r.texts for r in results)


def _name_rows(ax: Any, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")


def _name_groups(ax: Any, groups: Sequence[list[list[float]]], scale: float) -> None:
    """Ticks that say from where to where a group goes, or, if recipes of several corpora are results, which
    group it is, from low to high."""
    most = max(groups, key=len)
    digits = ",.0f" if scale == 1 else ".1f"
    ranges = [f"{scale * low:{digits}} to\n{scale * high:{digits}}" for low, high, *_ in most]
    same = all([group[:3] for group in one] == [group[:3] for group in most] for one in groups)
    ax.set_xticks(range(len(most)), ranges if same else [f"group {i + 1}" for i in range(len(most))])
