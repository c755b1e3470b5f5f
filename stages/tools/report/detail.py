"""One recipe on the test split: by label, by length, what it mixes up, whether its probabilities are true."""

from collections.abc import Iterator, Sequence

import numpy as np

from stages.reporting.comparison import Result, wilson
from stages.runtime.wording import between, ends
from stages.tools.answering import credibility
from stages.tools.report import classwise
from stages.tools.report.elements import Block, Heading, Prose, Table
from stages.tools.report.parts import Evaluated

MOST = 50  # labels that a table lists
SQUARE = 12  # labels that a table of confusions has room for
MIXED = 20  # pairs of labels that are listed where it has not
WORSE = 1.01  # times the loss before calibration: what is less is chance
COVERED = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)  # shares of the texts that are answered


def blocks(chosen: Evaluated) -> Iterator[Block]:
    result = chosen.result
    yield from _classes(chosen)
    yield from _confusion(result)
    yield from _calibration(chosen)
    yield Heading("By length and by unknown words", 3)
    names = {"length": "length, tokens", "oov_rate": "unknown tokens, %"}
    for by, name in names.items():
        scale = 100 if by == "oov_rate" else 1
        rows = [
            [
                between(scale * low, scale * high),
                f"{int(count):,}",
                f"{100 * share:.1f}",
                ends(wilson(share * count, int(count)), ""),
            ]
            for low, high, count, share in result.slices[by]
        ]
        yield Table([name, "test texts", "accuracy, %", "95 % interval"], rows)


def _classes(chosen: Evaluated) -> Iterator[Block]:
    yield Heading("By label", 3)
    measures = classwise.of_each(chosen.labels, chosen.predicted, len(chosen.result.labels))
    order = np.argsort(-measures[:, 3], kind="stable")[:MOST].tolist()
    rows = [
        [chosen.result.labels[i], *(f"{value:.3f}" for value in measures[i, :3]), f"{int(measures[i, 3]):,}"]
        for i in order
    ]
    yield Table(["label", "precision", "recall", "F1", "test texts"], rows)
    scope = f"The {MOST} most frequent of {len(measures):,} labels. " if len(measures) > MOST else ""
    yield Prose(f"{scope}Means over the seeds; a label that is never predicted has a precision of 0.")


def _confusion(result: Result) -> Iterator[Block]:
    yield Heading("What is taken for what", 3)
    if len(result.labels) <= SQUARE:
        rows = [
            [label, *(f"{count:,}" for count in row)]
            for label, row in zip(result.labels, result.confusion, strict=True)
        ]
        shares = [[count / max(sum(row), 1) for count in row] for row in result.confusion]
        yield Table(["actual, predicted", *result.labels], rows, shares=shares)
    else:
        rows = [
            [
                result.labels[i],
                result.labels[j],
                f"{count:,}",
                f"{100 * count / sum(result.confusion[i]):.1f}",
            ]
            for count, i, j in _mixed_up(result)[:MIXED]
        ]
        yield Table(["actual", "predicted", "test texts", "of the label, %"], rows, ("predicted",))
    yield Prose("Test texts, by the model of the first seed, which is the one that predict uses.")


def _mixed_up(result: Result) -> list[tuple[int, int, int]]:
    """How many texts of a label were taken for another, the most first: (texts, label, other)."""
    pairs = [(count, i, j) for i, row in enumerate(result.confusion) for j, count in enumerate(row)]
    return sorted(((count, i, j) for count, i, j in pairs if count and i != j), key=lambda pair: -pair[0])


def uncalibrated(chosen: Evaluated) -> Iterator[str]:
    """Why its calibrated probabilities should not be believed, if that is so."""
    yield from at_a_limit(chosen)
    measures = chosen.result.measures
    if measures.get("calibrated.loss", 0.0) > WORSE * measures["test.loss"] and not chosen.too_sure:
        yield (
            f"Calibration makes the loss on the test split higher{mean(chosen)}: held-out texts are too few "
            "for it, or differ from test texts."
        )


def at_a_limit(chosen: Evaluated) -> Iterator[str]:
    """The same, but only where no temperature could be fitted."""
    if chosen.too_sure:
        yield (
            f"With {_seeds(chosen.too_sure)} the model classifies every held-out text right, or all but too "
            "few, so no temperature can be fitted, or only the lowest that is allowed: its probabilities are "
            "not calibrated, and a threshold means little. More texts, or a larger part of them held out, "
            "would mend that."
            f"{_of_the_served(chosen, chosen.too_sure)}"
        )
    if hot := credibility.too_unsure(chosen.temperatures):
        yield (
            f"With {_seeds(hot)} the highest temperature allowed is taken, {credibility.HOTTEST:g}: the "
            "model knows little about the held-out texts, its probabilities are not calibrated, and a "
            f"threshold means little.{_of_the_served(chosen, hot)}"
        )


def mean(chosen: Evaluated) -> str:
    """What stands behind a measure's name if several models have it."""
    return f", the mean of {len(chosen.logits)} seeds" if len(chosen.logits) > 1 else ""


def at_limits(chosen: Evaluated) -> list[str]:
    """The seeds of which no temperature could be fitted."""
    return [*chosen.too_sure, *credibility.too_unsure(chosen.temperatures)]


def _of_the_served(chosen: Evaluated, seeds: Sequence[str]) -> str:
    """Whether a doubt about some seeds is one about the model that people use; nothing if it is about all."""
    if len(seeds) == len(chosen.logits):
        return ""
    if chosen.served in seeds:
        return f" Predict, serve and export use one of these, the model of seed {chosen.served}."
    return f" Predict, serve and export use another, the model of seed {chosen.served}."


def _seeds(seeds: Sequence[str]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"


def _calibration(chosen: Evaluated) -> Iterator[Block]:
    result, measures = chosen.result, chosen.result.measures
    yield Heading("Can its probabilities be believed?", 3)
    yield from (Prose(doubt) for doubt in uncalibrated(chosen))
    if "calibrated.ece" in measures:
        degrees = ", ".join(f"{degree:.2f}" for degree in chosen.temperatures.values())
        yield Table(
            [f"on the test split{mean(chosen)}", "before calibration", "calibrated"],
            [
                ["ECE", f"{measures['test.ece']:.3f}", f"{measures['calibrated.ece']:.3f}"],
                ["loss", f"{measures['test.loss']:.3f}", f"{measures['calibrated.loss']:.3f}"],
            ],
        )
        yield Prose(
            "ECE is the expected calibration error: how far confidence is from accuracy. Calibration "
            f"divides the logits by a temperature, fitted on held-out texts for each seed: {degrees}. "
            "Predict, serve and export do the same with the model of the first seed."
        )
    rows = [
        [f"{confidence:.3f}", f"{100 * accuracy:.1f}", f"{int(count):,}"]
        for confidence, accuracy, count in result.reliability[-1]
    ]
    yield Table(["mean confidence", "accuracy, %", "predictions of all seeds"], rows)
    rows = [
        [f"{100 * share:.0f}", f"{lowest:.3f}", f"{100 * accuracy:.1f}"]
        for share, lowest, accuracy in result.coverage
        if any(abs(share - wanted) < 1e-6 for wanted in COVERED)
    ]
    yield Table(["surest texts that are answered, %", "lowest confidence", "accuracy on those, %"], rows)
