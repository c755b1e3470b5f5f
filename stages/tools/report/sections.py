"""What a report says, section by section."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from stages.evaluation.metrics import calibration_error
from stages.reporting.difference import ALIKE, LESS, MORE
from stages.runtime.wording import counted, ends, percent
from stages.tools.answering.answers import Weigh
from stages.tools.report import datasheet, detail, quoted, side_by_side
from stages.tools.report.elements import Block, Code, Facts, Figure, Heading, Link, Prose, Quotes
from stages.tools.report.parts import Evaluated, Experiment, Part
from stages.tools.report.places import Pair, places
from stages.tools.report.quoted import Quoted
from stages.tools.report.ranking import HeldOut


def written(experiment: Experiment, quotes: int, weighing: Callable[[Evaluated], Weigh]) -> list[Block]:
    """All of an experiment's page.

    quotes: how many texts each list of them has; weighing: of a recipe, what says which words decided.
    """
    blocks: list[Block] = [*opening(experiment)]
    for part in experiment.parts:
        of = f": {part.source}" if len(experiment.parts) > 1 else ""
        blocks += [Heading(f"In short{of}"), *short(part)]
        blocks += [Heading(f"The texts{of}"), *datasheet.texts(part)]
        blocks += [Heading(f"Ranking{of}"), *side_by_side.blocks(experiment, part)]
        if (chosen := part.chosen) is not None:
            blocks += [Heading(f"How good {chosen.name} is"), *detail.blocks(chosen)]
            if quotes:
                blocks += [
                    Heading(f"Where {chosen.name} fails"),
                    *failures(part, chosen, quotes, weighing(chosen)),
                ]
    blocks += [Heading("Figures"), *(Figure(path, alt) for alt, path in experiment.figures.items())]
    best = [part.chosen for part in experiment.parts if part.chosen is not None]
    if best:
        blocks += [Heading("Use it"), *use(best)]
    return blocks


def opening(experiment: Experiment) -> Iterator[Block]:
    yield Heading(experiment.title, 1)
    recipes = sum(len(part.recipes) for part in experiment.parts)
    sources = ", ".join(part.source for part in experiment.parts)
    yield Prose(
        f"The experiment {experiment.name}: {counted(recipes, 'recipe')} on texts of {sources}. The first "
        "command makes its results again, the second writes this page from them."
    )
    yield Code([f"dvc repro compare@{experiment.name}", f"python -m stages.tools.report {experiment.name}"])
    for part in experiment.parts:
        if part.chosen is not None:
            yield Link(card_file(experiment, part), f"The model card of {part.chosen.name}")


def card_file(experiment: Experiment, part: Part) -> str:
    """The file of a part's model card, beside the report."""
    return "card.md" if len(experiment.parts) == 1 else f"card-{part.source}.md"


def short(part: Part) -> Iterator[Block]:
    chosen = part.chosen
    if chosen is None or chosen.held is None:
        yield Prose(
            "No recipe held texts out: all were validated on the test split, which may choose nothing, so "
            "none is chosen."
        )
        return
    result, held = chosen.result, chosen.held
    (f1, _), (f1_interval, _) = chosen.over_classes, chosen.over_classes_ends
    yield Facts(
        [
            ("chosen", chosen.name, f"by {held.per_seed:,} held-out texts a seed"),
            ("test accuracy", percent(result.measures["test.accuracy"]), f"95 %: {ends(result.interval)}"),
            ("macro-F1", f"{f1:.3f}", f"95 %: {f1_interval[0]:.3f} to {f1_interval[1]:.3f}"),
            ("calibration error", *_calibration(chosen)),
            ("most frequent label", percent(part.guessing), "test accuracy of always answering it"),
        ]
    )
    yield Prose(_choice(part, chosen, held))
    yield from (Prose(doubt) for doubt in detail.at_a_limit(chosen))
    if part.behind:
        yield Prose(others(part))
    if (linear := part.linear) is not None and linear is not chosen:
        yield Prose(
            f"The strongest linear model on held-out texts is {linear.name}, with a test accuracy of "
            f"{percent(linear.result.measures['test.accuracy'])}: "
            f"{side_by_side.verdict(part.behind[linear.name])}."
        )


def _calibration(chosen: Evaluated) -> tuple[str, str]:
    """The error, and what to read beside it. Where no temperature could be fitted a low one is no merit."""
    doubtful = detail.at_limits(chosen)
    if chosen.served in doubtful:
        return "not known", "its probabilities are not calibrated"
    if doubtful:  # of which a mean would say nothing
        error = calibration_error(chosen.calibrated, chosen.labels)
        return f"{error:.3f}", f"ECE, calibrated, of seed {chosen.served}, which predict uses"
    return side_by_side.calibrated(chosen.result), f"ECE, calibrated{detail.mean(chosen)}"


def others(part: Part) -> str:
    """How many of the other recipes differ from the chosen one on the test split."""
    verdicts = Counter(map(side_by_side.verdict, part.behind.values()))
    more, less, none = (verdicts[v] for v in (MORE, LESS, ALIKE))
    others = counted(len(part.behind), "other recipe")
    if not more + less:
        which = "the other recipe is not" if len(part.behind) == 1 else f"none of the {others} is"
        return f"On the test texts, {which} shown to differ from it in accuracy."
    alike = f"; {_are(none)} not shown to differ" if none else ""
    return (
        f"Of the {others}, {_are(more)} shown to be more accurate than it on the test texts, "
        f"{_are(less)} shown to be less accurate{alike}."
    )


def undecided(part: Part) -> list[str]:
    """The other recipes that are not shown to differ from the chosen one on the test split."""
    return [name for name, behind in part.behind.items() if not behind.real]


def _are(number: int) -> str:
    return f"{number or 'none'} {'are' if number > 1 else 'is'}"


def _choice(part: Part, chosen: Evaluated, held: HeldOut) -> str:
    return (
        f"{chosen.name} is chosen from {counted(len(part.recipes), 'recipe')} by its {part.measure} on texts "
        f"of the training split that were held out, {held.per_seed:,} for each seed: {part.worth(held)}. The "
        f"test split, {counted(len(part.test.texts), 'text')}, chose nothing: on it {chosen.name} is right "
        f"in {percent(chosen.result.measures['test.accuracy'])}, and always answering "
        f"{part.train.names[part.guess]} would be right in {percent(part.guessing)}."
    )


def failures(part: Part, chosen: Evaluated, count: int, weigh: Weigh) -> Iterator[Block]:
    wrong = quoted.most_wrong(part, chosen, count, weigh)
    unsure = quoted.least_sure(part, chosen, count)
    wanted = {_pair(part, quote) for quote in [*wrong, *unsure]}
    own = places(part.source, part.entry, "test", wanted)

    def placed(quotes: Sequence[Quoted]) -> Quotes:
        return Quotes([quoted.at(quote, own.names.get(_pair(part, quote))) for quote in quotes])

    yield Prose(f"Each text is given with its place. {own.note}")
    yield Heading("Surest, and wrong", 3)
    if not wrong:
        yield Prose("None: the first seed's model classifies every test text right.")
    else:
        yield Prose(
            "The test texts whose wrong label has the highest probability, that of the first seed's model, "
            "calibrated. Look at their own labels, too: some may be the mistake."
        )
        yield placed(wrong)
    yield Heading("Least sure", 3)
    yield Prose(
        "The test texts whose most probable label has the lowest probability, whether it is right or not."
    )
    yield placed(unsure)


def _pair(part: Part, quote: Quoted) -> Pair:
    return part.test.texts[quote.row], quote.label


def use(chosen: Sequence[Evaluated]) -> Iterator[Block]:
    for one in chosen:
        yield Code(
            [
                f'python -m stages.tools.predict {one.name} "a text"',
                f"python -m stages.tools.serve {one.name}",
                f"python -m stages.tools.export {one.name}",
            ]
        )
