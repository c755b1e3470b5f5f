"""The figures of a comparison, as SVG files that are the same bytes for the same numbers."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from stages.reporting.canvas import Look, canvas, legend, looks
from stages.reporting.comparison import Baseline, Result
from stages.reporting.markdown import one_line
from stages.reporting.style import Figures

ROW = 0.045  # height of a line of dots, of the figure's width
ACCURACY = "test accuracy, %, with its 95 % interval"
MATRICES, LINES = 9, 12  # more than that nobody can tell apart
BESIDE = 1.03  # of a line's place on an axis of powers, that of the next, so that equal ones are not hidden
SLICES = {"length": "tokens of the text", "oov_rate": "tokens out of vocabulary, %"}
CAPTIONS = {
    "accuracy": "test accuracy",
    "curves": "accuracy and loss per epoch",
    "gap": "accuracy in training and in validation",
    "slices": "test accuracy by length and by share of unknown tokens",
    "confusions": "confusion on the test split",
    "reliability": "confidence and accuracy",
}


def draw(
    results: Sequence[Result],
    title: str,
    style: Figures,
    folder: Path,
    prefix: str = "",
    baseline: Baseline | None = None,
) -> None:
    """The figures that say something of a comparison, or of a chapter of it, into files whose names begin
    with `prefix`."""
    draws: dict[str, Callable[[Path], None]] = {
        "accuracy": lambda path: accuracy(results, style, path, baseline),
        "curves": lambda path: curves(results, title, style, path),
        "gap": lambda path: gap(results, style, path),
        "slices": lambda path: slices(results, style, path),
        "confusions": lambda path: confusions(results, style, path),
        "reliability": lambda path: reliability(results, style, path),
    }
    for name in telling(results):
        draws[name](folder / f"{prefix}{name}.svg")


def telling(results: Sequence[Result]) -> list[str]:
    """The names of the figures, of `CAPTIONS`, that say something of these results: curves need two epochs,
    slices texts that differ; and what has a line or a matrix for each recipe, few of them."""
    points = all(result.x is not None for result in results)
    few = len({result.name for result in results}) <= LINES
    says = {
        "accuracy": True,
        "curves": few and bool(_in_epochs(results)),
        "gap": not points,
        "slices": few and not points and bool(_sliced(_deciding(results))),
        "confusions": not points and len(results) <= MATRICES,
        "reliability": few and not points,
    }
    return [name for name in CAPTIONS if says[name]]


def curves(results: Sequence[Result], title: str, style: Figures, path: Path) -> None:
    """Accuracy and loss per epoch: a color per name, solid for validation, dashed for training, the seeds'
    means with a band from their lowest to their highest. A star marks the lowest validation loss. If the
    comparison sets accuracies against a number, a row for each of its values. What has one epoch has no
    curve."""
    look = looks(style, _wanted(results))
    results = _in_epochs(results)
    places: list[float | None] = [*sorted({r.x for r in results if r.x is not None})] or [None]
    with canvas(style, path, height=0.15 + 0.4 * len(places)) as figure:
        axes = figure.subplots(len(places), 2, squeeze=False)
        for place, pair in zip(places, axes, strict=True):
            for ax, measure in zip(pair, ("accuracy", "loss"), strict=True):
                for result in results:
                    if result.x == place:
                        _curve(ax, result, measure, look[result.name])
                ax.set(xlabel="epoch", ylabel="accuracy, %" if measure == "accuracy" else "loss, nats")
                ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
                if measure == "accuracy":
                    ax.set_ylim(top=min(ax.get_ylim()[1], 100.5))
                if place is not None:
                    ax.set(title=f"{results[0].against} {place:g}")
        figure.suptitle(one_line(title))
        handles = [_handle(look[name], label) for name, label in _watching(results).items()]
        legend(figure, [*handles, *_lines(sorted({result.watched for result in results}))], style)


def accuracy(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None = None) -> None:
    """Accuracy on the test split, the mean over the seeds, with its 95 % interval: a dot per recipe, or, if
    the comparison sets it against a number, a line per name. A dashed line is their source's baseline."""
    if baseline and baseline.source not in {result.source for result in results}:
        baseline = None
    if any(result.x is None for result in results):
        _accuracy_dots(results, style, path, baseline)
    else:
        _accuracy_lines(results, style, path, baseline)


def gap(results: Sequence[Result], style: Figures, path: Path) -> None:
    """For each recipe how far training accuracy is above validation accuracy, of the weights kept."""
    look = looks(style, _wanted(results))
    with canvas(style, path, height=0.15 + ROW * len(results)) as figure:
        ax = figure.subplots()
        for i, result in enumerate(results):
            color = look[result.name]["color"]
            ends = [100 * result.measures[f"{split}.accuracy"] for split in ("validation", "training")]
            ax.plot(ends, [i, i], color=color, linewidth=3)
            ax.plot(ends[0], i, marker="o", color=color, markeredgecolor="black")
            ax.plot(ends[1], i, marker=">", color=color, markeredgecolor="black")
            _beside(ax, i, f"{100 * result.gap:+z.1f}")
        low = min(100 * result.measures["validation.accuracy"] for result in results)
        ax.set(xlim=(max(min(low, 95) - 3, 0), 101), ylim=(-0.6, len(results) - 0.4))
        ax.set(xlabel="accuracy, %: from validation (o) to training (>); at the right the gap in points")
        _name_rows(ax, [r.name for r in results])


def slices(results: Sequence[Result], style: Figures, path: Path) -> None:
    """Test accuracy of texts in five groups: by their length, by their share of unknown tokens, or by both if
    the texts differ in both. What says the same of every text is left out."""
    look = looks(style, _wanted(results))
    results = _deciding(results)
    drawn = _sliced(results)
    with canvas(style, path, height=0.55) as figure:
        axes = figure.subplots(1, len(drawn), sharey=True, squeeze=False)
        for ax, by in zip(axes[0], drawn, strict=True):
            most = max(len(result.slices[by]) for result in results)
            for result in results:
                shares = [100 * share for *_, share in result.slices[by]]
                places = np.linspace(0, most - 1, len(shares)) if len(shares) > 1 else [(most - 1) / 2]
                ax.plot(places, shares, markersize=4, **look[result.name])
            _name_groups(ax, [result.slices[by] for result in results], 100 if by == "oov_rate" else 1)
            ax.set(xlabel=SLICES[by])
        figure.axes[0].set(ylabel="test accuracy, %")
        legend(figure, [_handle(look[name], name) for name in _wanted(results)], style)


def confusions(results: Sequence[Result], style: Figures, path: Path) -> None:
    """For each recipe how many test texts of each label were taken for each label (first seed)."""
    columns = min(len(results), 3)
    lines = -(-len(results) // columns)
    with canvas(style, path, height=lines / columns * 0.95) as figure:
        grid = list(figure.subplots(lines, columns, squeeze=False).flat)
        for ax in grid[len(results) :]:
            ax.set_axis_off()
        for ax, result in zip(grid, results, strict=False):
            _confusion(ax, result)


def reliability(results: Sequence[Result], style: Figures, path: Path) -> None:
    """How often a model is right, against how sure it is, before calibration and after: on the diagonal
    probabilities mean what they say. Beside it accuracy, if it answers only where it is surest. What says the
    same of every text is left out."""
    look = looks(style, _wanted(results))
    results = _deciding(results)
    with canvas(style, path, height=0.55) as figure:
        left, right = figure.subplots(1, 2)
        left.plot([0, 100], [0, 100], color="grey", linestyle=":")
        for result in results:
            each = {**look[result.name], "markersize": 4}
            for bins, line in zip(result.reliability[::-1], ("-", "--"), strict=False):
                confidence, shares = ([100 * row[column] for row in bins] for column in (0, 1))
                left.plot(confidence, shares, linestyle=line, alpha=1 if line == "-" else 0.4, **each)
            covered, shares = ([100 * row[column] for row in result.coverage] for column in (0, 2))
            right.plot(covered, shares, **each)
        lowest = min(100 / len(result.labels) for result in results)
        left.set(xlim=(lowest, 101), ylim=(0, 101), xlabel="confidence, %", ylabel="texts that are right, %")
        right.set(xlabel="texts that are answered, the surest first, %", ylabel="accuracy on those, %")
        right.set(xlim=(0, 101), ylim=(None, min(right.get_ylim()[1], 100.5)))
        calibrated = any(len(result.reliability) > 1 for result in results)
        lines = [Line2D([], [], color="black", linestyle="--", alpha=0.4, label="before calibration")]
        handles = [_handle(look[name], name) for name in _wanted(results)]
        legend(figure, [*handles, *(lines if calibrated else [])], style)


def _wanted(results: Sequence[Result]) -> dict[str, int]:
    """By name the place that it would have among colours."""
    return {result.name: result.color for result in results}


def _in_epochs(results: Sequence[Result]) -> list[Result]:
    """Those that were trained for more than one epoch."""
    return [result for result in results if len(set(result.history["epoch"])) > 1]


def _deciding(results: Sequence[Result]) -> list[Result]:
    """Those that do not say the same of every text, or all if there are none: beside a model that does, the
    differences between the others would be a few pixels."""
    return [result for result in results if not result.constant] or [*results]


def _sliced(results: Sequence[Result]) -> list[str]:
    """By what the test texts were parted into several groups, of `SLICES`."""
    return [by for by in SLICES if any(len(result.slices[by]) > 1 for result in results)]


def _accuracy_dots(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None) -> None:
    look = looks(style, _wanted(results))
    with canvas(style, path, height=0.15 + ROW * len(results)) as figure:
        ax = figure.subplots()
        deciding = _deciding(results)
        for i, result in enumerate(results):
            share, low, high = (100 * s for s in (result.measures["test.accuracy"], *result.interval))
            ax.errorbar(share, i, xerr=[[share - low], [high - share]], capsize=3, **look[result.name])
            spread = result.measures.get("sd.accuracy")
            _beside(ax, i, f"{share:.1f}" + ("" if spread is None else f" ± {100 * spread:.1f}"))
        bottom = min(result.interval[0] for result in deciding)
        inside = [each for each in results if each in deciding or each.measures["test.accuracy"] > bottom]
        ends = [100 * end for result in inside for end in result.interval]
        ends += [100 * baseline.accuracy] if baseline else []
        chance = 100 * _chance(results)
        if chance >= min(ends) - 5:
            ax.axvline(chance, color="grey", linestyle=":", label="always the most frequent label")
            ends.append(chance)
        if baseline:
            ax.axvline(
                100 * baseline.accuracy, color="black", linestyle="--", linewidth=1, label=_linear(baseline)
            )
        room = max(0.06 * (max(ends) - min(ends)), 0.3)
        left = max(min(ends) - room, -1)
        ax.set(xlim=(left, min(max(ends) + room, 101)), ylim=(-0.6, len(results) - 0.4))
        beyond = [i for i, result in enumerate(results) if 100 * result.measures["test.accuracy"] < left]
        if beyond:
            ax.plot(
                [left] * len(beyond), beyond, "<", color="grey", clip_on=False, label="further to the left"
            )
        ax.set(xlabel=f"{ACCURACY}; at the right ± the seeds' standard deviation")
        if ax.get_legend_handles_labels()[0]:
            figure.legend(loc="outside upper right", frameon=False)
        _name_rows(ax, [r.name for r in results])


def _accuracy_lines(results: Sequence[Result], style: Figures, path: Path, baseline: Baseline | None) -> None:
    look = looks(style, _wanted(results))
    with canvas(style, path, height=0.55) as figure:
        ax = figure.subplots()
        factors = _beside_each_other(results, len(look))
        for factor, (name, each) in zip(factors, look.items(), strict=True):
            points = sorted(
                (
                    result.x * factor,
                    *(100 * share for share in (result.measures["test.accuracy"], *result.interval)),
                )
                for result in results
                if result.name == name and result.x is not None
            )
            at, shares, lows, highs = zip(*points, strict=True)
            below = [share - low for share, low in zip(shares, lows, strict=True)]
            above = [high - share for share, high in zip(shares, highs, strict=True)]
            ax.errorbar(at, shares, yerr=[below, above], label=name, capsize=3, **each)
        places = sorted({result.x for result in results if result.x is not None})
        ax.set_xscale("log")
        ax.set_xticks(places, [f"{place:g}" for place in places])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_ylim(top=min(ax.get_ylim()[1], 101))
        ax.axhline(
            100 * _chance(results), color="grey", linestyle=":", label="always the most frequent label"
        )
        if baseline:
            ax.axhline(
                100 * baseline.accuracy, color="black", linestyle="--", linewidth=1, label=_linear(baseline)
            )
        ax.set(xlabel=results[0].against, ylabel=ACCURACY)
        legend(figure, ax.get_legend_handles_labels()[0], style)


def _beside_each_other(results: Sequence[Result], lines: int) -> list[float]:
    """By what each line's places are multiplied: by little, so that no line reaches another place."""
    places = sorted({result.x for result in results if result.x is not None})
    nearest = min((high / low for low, high in pairwise(places)), default=BESIDE**lines)
    step = min(BESIDE, nearest ** (1 / (2 * lines)))
    return [step ** (line - (lines - 1) / 2) for line in range(lines)]


def _curve(ax: Any, result: Result, measure: str, look: Look) -> None:
    """A recipe's training and validation curve."""
    color, scale = look["color"], 100 if measure == "accuracy" else 1
    training, validation = (result.curve(f"{prefix}{measure}") for prefix in ("", "val_"))
    mean, low, high = ([scale * v for v in values] for values in validation[1:])
    ax.plot(training.epochs, [scale * v for v in training.mean], linestyle="--", alpha=0.6, lw=1, color=color)
    ax.plot(validation.epochs, mean, markersize=3, **look)
    ax.fill_between(validation.epochs, low, high, color=color, alpha=0.15)
    if measure == "loss":
        ax.plot(*result.lowest, marker="*", markersize=13, color=color, markeredgecolor="black")


def _watching(results: Sequence[Result]) -> dict[str, str]:
    """By name what a legend calls it: if not all was validated on the same split, with its own."""
    if len({result.watched for result in results}) == 1:
        return {result.name: result.name for result in results}
    return {result.name: f"{result.name} ({result.watched})" for result in results}


def _lines(watched: Sequence[str]) -> list[Line2D]:
    """What a legend says of curves: which line is which split, and what a star marks."""
    solid = "test split (chose nothing)" if watched == ["test"] else "validation"
    if len(watched) > 1:
        solid += ", on the split that the name says"
    star = {"marker": "*", "markersize": 11, "markerfacecolor": "white", "markeredgecolor": "black"}
    return [
        Line2D([], [], color="black", linestyle="-", label=solid),
        Line2D([], [], color="black", linestyle="--", linewidth=1, alpha=0.6, label="training"),
        Line2D([], [], linestyle="", label=f"lowest loss, {solid.partition(',')[0]}", **star),  # type: ignore[arg-type]
    ]


def _handle(look: Look, label: str) -> Line2D:
    """A name's entry in a legend."""
    return Line2D([], [], markersize=4, label=label, **look)


def _confusion(ax: Any, result: Result) -> None:
    shares = [[count / max(sum(row), 1) for count in row] for row in result.confusion]
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(result.confusion):
        for j, count in enumerate(row):
            ax.text(
                j,
                i,
                f"{count:,}\n{100 * shares[i][j]:.1f} %",
                ha="center",
                va="center",
                color="white" if shares[i][j] > 0.5 else "black",
            )
    places, labels = range(len(result.labels)), [one_line(label) for label in result.labels]
    ax.set_xticks(places, labels)
    ax.set_yticks(places, labels, rotation=90, va="center")
    ax.set(xlabel="predicted", ylabel="actual", title=result.name)
    ax.grid(visible=False)


def _linear(baseline: Baseline) -> str:
    return f"{baseline.name}: {100 * baseline.accuracy:.1f} %"


def _chance(results: Sequence[Result]) -> float:
    """The accuracy of always guessing the most frequent test label."""
    return max(max(sum(row) for row in r.confusion) / r.texts for r in results)


def _beside(ax: Any, row: int, text: str) -> None:
    """A text at the right of a row, outside the axes."""
    ax.annotate(
        text,
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
    )


def _name_rows(ax: Any, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")


def _name_groups(ax: Any, groups: Sequence[list[list[float]]], scale: float) -> None:
    """Ticks that say from where to where a group goes, or, if recipes of several corpora are results, whose
    groups differ, only at which end the low ones are."""
    most = max(groups, key=len)
    digits = ",.0f" if scale == 1 else ".1f"
    ranges = [f"{scale * low:{digits}} to\n{scale * high:{digits}}" for low, high, *_ in most]
    same = all([group[:3] for group in one] == [group[:3] for group in most] for one in groups)
    ends = ["fewest", *[""] * (len(most) - 2), "most"][: len(most)]
    ax.set_xticks(range(len(most)), ranges if same else ends)
