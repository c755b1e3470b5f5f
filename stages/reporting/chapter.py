"""A comparison as a page of reports/chapters/, and as a table for programs."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from stages.reporting.comparison import Result
from stages.reporting.difference import Difference, Table, distances
from stages.reporting.figures import CAPTIONS, telling
from stages.reporting.markdown import markdown, plain
from stages.reporting.significance import differences

MEASURES = ["test.accuracy", "test.loss", "test.auc", "test.f1", "test.ece", "validation.accuracy"]
CALIBRATED = "calibrated.ece"  # of recipes that held texts out
COUNTS = ["epochs", "parameters", "seeds"]
PAIR = ["first", "second", "difference", "low", "high", "p", "real"]
Pairs = Mapping[tuple[str, str], Difference]


def chapter(name: str, title: str, results: Sequence[Result], tested: Pairs) -> str:
    """Everything that there is to read of a comparison, chapter by chapter if it has some.

    tested: as by `pairs`.
    """
    chapters = dict.fromkeys(result.chapter for result in results)
    parts = [f"# {plain(title)}\n\n`dvc repro compare@{name}`\n"]
    for part in chapters:
        some = [result for result in results if result.chapter == part]
        parts += [f"\n## {plain(some[0].heading)}\n"] if part else []
        parts += [f"\n{markdown(*achieved(some))}\n{markdown(*curves(some))}\n{notes(some)}"]
        parts += [f"\n{markdown(*behind(group, tested))}" for group in tested_together(some)]
        prefix = f"../comparisons/{name}/{part}-" if part else f"../comparisons/{name}/"
        parts += [f"\n![{CAPTIONS[figure]}]({prefix}{figure}.svg)\n" for figure in telling(some)]
    return "".join(parts)


def notes(results: Sequence[Result]) -> str:
    """What the tables can't say in their headers."""
    classes = dict.fromkeys(tuple(result.labels) for result in results)
    positive = [f"*{plain(labels[1])}*" for labels in classes if len(labels) == 2]
    text = f"F1 is that of {' and '.join(positive)}.\n" if positive else ""
    if any(len(labels) > 2 for labels in classes):
        text += "F1 and AUC of more than two labels are means over the labels.\n"
    if single := [result.recipe for result in results if result.measures["seeds"] == 1]:
        text += f"Of one seed, so with an interval for other texts only: {', '.join(single)}.\n"
    return text


def achieved(results: Sequence[Result]) -> Table:
    """What the recipes achieve, in a width that can be read: percent, the best accuracy in bold, with its
    standard deviation over the seeds."""
    header = ["recipe", "test accuracy, %", "95 % interval", "loss", "AUC", "F1", "ECE", "ECE, calibrated"]
    best = max(result.measures["test.accuracy"] for result in results)
    rows: list[list[object]] = []
    for result in results:
        accuracy, spread = result.measures["test.accuracy"], result.measures.get("sd.accuracy")
        bold = "**" if accuracy == best else ""
        low, high = result.interval
        rows.append(
            [
                result.recipe,
                f"{bold}{100 * accuracy:.1f}{bold}"
                + (f" ± {100 * spread:.1f}" if spread is not None else ""),
                f"{100 * low:.1f} to {100 * high:.1f}",
                *(f"{result.measures[m]:.3f}" for m in MEASURES[1:5]),
                f"{result.measures[CALIBRATED]:.3f}" if CALIBRATED in result.measures else "",
                f"{100 * result.measures['validation.accuracy']:.1f}",
                result.watched,
                result.duplicates,
                *(f"{result.measures[c]:,.1f}".removesuffix(".0") for c in COUNTS),
            ]
        )
    return [*header, "validation, %", "validated on", "duplicates", *COUNTS], rows


def tested_together(results: Sequence[Result]) -> list[list[Result]]:
    """The results in groups that were tested on the same texts, groups of one left out."""
    groups: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.source, result.texts), []).append(result)
    return [group for group in groups.values() if len(group) > 1]


def pairs(results: Sequence[Result]) -> dict[tuple[str, str], Difference]:
    """Of each two recipes that were tested on the same texts, in either order."""
    return {pair: tested for group in tested_together(results) for pair, tested in differences(group).items()}


def differing(results: Sequence[Result], tested: Pairs) -> Table:
    """Each pair of `tested` once, in the results' order, for programs: accuracies, not percent."""
    order = [result.recipe for result in results]
    rows: list[list[object]] = []
    for first, second in combinations(order, 2):
        if pair := tested.get((first, second)):
            numbers = (f"{number:.6f}" for number in (pair.mean, pair.low, pair.high))
            rows.append([first, second, *numbers, f"{pair.p:.3g}", "yes" if pair.real else "no"])
    return PAIR, rows


def behind(results: Sequence[Result], tested: Pairs) -> Table:
    """How far each recipe is behind the best one, in points, and whether that is real."""
    best = max(results, key=lambda result: result.measures["test.accuracy"]).recipe
    others = [result.recipe for result in results if result.recipe != best]
    return distances(f"behind {best}", {recipe: tested[best, recipe] for recipe in others})


def curves(results: Sequence[Result]) -> Table:
    """What the curves show: overfitting and smoothness, in percent and points."""
    header = ["recipe", "training, %", "validation, %", "gap, points", "lowest validation loss", "at epoch"]
    rows: list[list[object]] = []
    for result in results:
        epoch, loss = result.lowest
        shares = [result.measures["training.accuracy"], result.measures["validation.accuracy"], result.gap]
        last = result.curve("val_loss").mean[-1]
        smoothness = [f"{100 * result.roughness:.2f}", f"{100 * result.dip:.1f}"]
        percent = [f"{100 * share:z.1f}" for share in shares]
        rows.append([result.recipe, *percent, f"{loss:.3f}", epoch, f"{last:.3f}", *smoothness])
    return [*header, "at the end", "roughness, points", "deepest dip, points"], rows


def table(results: Sequence[Result]) -> Table:
    """All that is compared, for programs. Measures are means over the seeds; `low` and `high` bound the test
    accuracy with 95 % confidence, `test_accuracy_sd` is its standard deviation over the seeds."""
    header = ["recipe", "test_accuracy", "low", "high", "test_accuracy_sd"]
    header += [m.replace(".", "_") for m in MEASURES[1:]]
    header += ["training_accuracy", "gap", "lowest_loss_epoch", "lowest_val_loss", "roughness", "deepest_dip"]
    rows: list[list[object]] = []
    for result in results:
        spread = result.measures.get("sd.accuracy")
        epoch, loss = result.lowest
        numbers = [result.measures["test.accuracy"], *result.interval]
        measures = [result.measures[m] for m in [*MEASURES[1:], "training.accuracy"]]
        rows.append(
            [
                result.recipe,
                *(f"{n:.6f}" for n in numbers),
                "" if spread is None else f"{spread:.6f}",
                *(f"{m:.6f}" for m in [*measures, result.gap]),
                epoch,
                *(f"{n:.6f}" for n in (loss, result.roughness, result.dip)),
                *(f"{result.measures[c]:.1f}".removesuffix(".0") for c in COUNTS),
                result.watched,
                result.duplicates,
            ]
        )
    return [*header, *COUNTS, "validated_on", "duplicates"], rows
