"""The recipes beside each other, in the order of what they held out."""

from collections.abc import Iterator

from stages.reporting.comparison import Result, wilson
from stages.reporting.difference import Difference
from stages.reporting.difference import verdict as worded
from stages.runtime.wording import ends, percent, points
from stages.tools.report.elements import Block, Prose, Table
from stages.tools.report.parts import Evaluated, Experiment, Part
from stages.tools.report.ranking import FEW

TESTED = ["points of test accuracy", "95 % interval", "McNemar's p", "verdict"]


def blocks(experiment: Experiment, part: Part) -> Iterator[Block]:
    chosen, guess = part.chosen, part.train.names[part.guess]
    yield Prose(
        f"The order is that of the {part.measure} on texts of the training split which each training held "
        "out. The test split chooses nothing; its numbers are means over the seeds, ± the standard "
        "deviation. Macro-F1 and balanced accuracy count every label alike. Loss and ECE are those before "
        "calibration."
    )
    header = ["recipe", f"held out, {part.measure}", "test accuracy, %", "95 % interval", "macro-F1"]
    header += ["balanced accuracy, %", "loss", "ECE", "ECE, calibrated", "parameters", "seeds", "role"]
    yield Table(
        header,
        [[one.name, *_numbers(part, one), _role(part, one)] for one in part.recipes],
        ("role",),
        marked=0 if chosen is not None else None,
    )
    yield Prose(
        f"Always answering {guess}, the most frequent label in train, is right in {percent(part.guessing)}."
    )
    baseline = experiment.baseline
    if baseline is not None and baseline.source == part.source and not _there(part, baseline.recipe):
        yield Prose(
            f"{baseline.recipe}, a linear model, has a test accuracy of {percent(baseline.accuracy)}."
        )
    if chosen is None:
        return
    if held := chosen.held:
        texts = held.texts if held.all < FEW else held.per_seed
        low, high = wilson(held.measures["accuracy"] * texts, texts)
        together = f", all seeds {held.texts:,} different ones" if held.all < FEW else ""
        yield Prose(
            f"Each seed holds out {held.per_seed:,} texts{together}. An accuracy like that of {chosen.name}, "
            f"measured on so many, has a 95 % interval of {ends((low, high))}: recipes that are closer than "
            "that may change places."
        )
    if len(part.recipes) > 1:
        yield from _differences(part, chosen)
    if part.steps:
        yield from _steps(part)


def _there(part: Part, name: str) -> bool:
    return name in [one.name for one in part.recipes]


def _differences(part: Part, chosen: Evaluated) -> Iterator[Block]:
    rows = [[name, *_tested(behind)] for name, behind in part.behind.items()]
    yield Table([f"beside {chosen.name}", *TESTED], rows, ("verdict",))
    yield Prose(
        "Both are tested on the same texts. A difference counts as shown if McNemar's exact test of the "
        "first seeds' models and the interval for other texts and seeds (Welch) agree; where both have one "
        "seed, it is for other texts only. Nothing is corrected "
        "for the number of recipes: of twenty equal ones, one may seem to differ by chance."
    )


def _steps(part: Part) -> Iterator[Block]:
    yield Prose(
        "Each recipe of this experiment adds to those before it. Beside the best one before it on held-out "
        "texts:"
    )
    rows = [[rung, best, *_tested(behind)] for rung, best, behind in part.steps]
    yield Table(["recipe", "beside", *TESTED], rows, ("beside", "verdict"))


def _tested(behind: Difference) -> list[str]:
    """The columns of TESTED."""
    return [
        points(-behind.mean),
        f"{points(-behind.high)} to {points(-behind.low)}",
        f"{behind.p:.3f}" if behind.p >= 0.001 else "< 0.001",
        verdict(behind),
    ]


def _role(part: Part, one: Evaluated) -> str:
    roles = ["chosen"] if one is part.chosen else []
    roles += ["strongest linear"] if one is part.linear else []
    roles += ["most frequent label"] if one.kind == "majority" else []
    return ", ".join(roles) or one.kind


def _numbers(part: Part, one: Evaluated) -> list[str]:
    measures, (f1, balanced) = one.result.measures, one.over_classes
    spread = f" ± {100 * measures['sd.accuracy']:.1f}" if "sd.accuracy" in measures else ""
    return [
        part.worth(one.held) if one.held else "none held out",
        f"{100 * measures['test.accuracy']:.1f}{spread}",
        ends(one.result.interval, ""),
        f"{f1:.3f}",
        f"{100 * balanced:.1f}",
        f"{measures['test.loss']:.3f}",
        f"{measures['test.ece']:.3f}",
        calibrated(one.result),
        f"{int(measures['parameters']):,}",
        f"{int(measures['seeds'])}",
    ]


def calibrated(result: Result) -> str:
    return f"{result.measures['calibrated.ece']:.3f}" if "calibrated.ece" in result.measures else ""


def verdict(behind: Difference) -> str:
    """What a recipe's distance to the chosen one shows of it."""
    return worded(-behind.mean, behind.real)
