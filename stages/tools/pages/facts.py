"""What the committed reports say, for the templates of pages: numbers, tables, and sentences that hold."""

import csv
import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from stages.reporting.difference import ALIKE, LESS, MORE, Difference, distances
from stages.reporting.difference import verdict as worded
from stages.reporting.markdown import markdown, plain
from stages.runtime import wording
from stages.runtime.config import ROOT, InputError, nearest, parse, read
from stages.study.params import one_of, params
from stages.tools.bench import results
from stages.tools.costs.totals import totals
from stages.tools.pages import claims

REPORTS = ROOT / "reports"
PUBLISHED = "conf/published.yaml"


@cache
def study() -> dict[str, Any]:
    """params.yaml, read and checked once: it takes a quarter of a second."""
    return params()


def test(recipe: str, measure: str = "accuracy") -> float:
    """A recipe's measure on the test split: the mean of its seeds."""
    return float(metrics(recipe)["test"][measure])


def calibrated(recipe: str) -> float:
    """The expected calibration error on the test split after one temperature, as a share."""
    return float(metrics(recipe)["calibrated"]["ece"])


def measure(recipe: str, column: str) -> float:
    """A number of a recipe's line of reports/tables/<comparison>.csv."""
    return float(line(recipe)[column])


def learned(recipe: str) -> float:
    """The training accuracy that Keras reports of the epoch whose weights were kept."""
    return float(metrics(recipe)["running"]["accuracy"])


def held_out(recipe: str, measure: str = "loss") -> float:
    """A recipe's measure on the texts that its training watched: the mean of its seeds."""
    return float(metrics(recipe)["validation"][measure])


def members(ensemble: str) -> int:
    """How many members of an ensemble have a weight above 0, in its first seed's model."""
    return int(metrics(ensemble)["parameters"])


def beats_members(ensemble: str) -> bool:
    """Whether an ensemble is shown to be more accurate than each of its members."""
    return all(each.real and each.mean > 0 for each in _members(ensemble).values())


def best_member(ensemble: str) -> str:
    """The member of an ensemble with the highest test accuracy."""
    tested = _members(ensemble)
    return min(tested, key=lambda member: tested[member].mean)


def beside_members(ensemble: str) -> str:
    """A table of how far each member is behind an ensemble. `compare` can't make it: it sees the recipes of
    one experiment, and members are another's."""
    return markdown(*distances(f"behind {ensemble}", _members(ensemble)), texts=["verdict"])


@cache
def _members(ensemble: str) -> dict[str, Difference]:
    """By member how much more accurate the ensemble is, tested as `compare` tests recipes."""
    from stages.reporting.comparison import load  # with pandas a second, and not all pages need it
    from stages.reporting.significance import differences

    def results(experiment: str) -> list[Any]:
        return load(_path("compared", experiment), study()["comparisons"][experiment])

    recipe = study()["recipes"][ensemble]
    [own] = [result for result in results(recipe["experiment"]) if result.recipe == ensemble]
    members = results(recipe["model"]["members"])
    return {member.recipe: differences([own, member])[ensemble, member.recipe] for member in members}


def finals(recipe: str) -> list[float]:
    """The validation accuracy of the last epoch, of each seed."""
    rows = _rows("history", f"{recipe}.csv")
    return list({row["seed"]: float(row["val_accuracy"]) for row in rows}.values())


def sample(recipe: str, sentence: str) -> float:
    """The probability of the second label, "positive", that a recipe gives a sentence of conf/samples.yaml:
    the mean of its seeds."""
    answers = json.loads(_path("samples", f"{recipe}.json").read_text(encoding="utf-8"))
    if sentence not in answers:
        raise InputError(f"conf/samples.yaml: found no {sentence!r}, allowed: one of {', '.join(answers)}")
    return float(answers[sentence]["probability"])


def read_by(source: str) -> int:
    """How many recipes were evaluated on a source's test split."""
    one_of(source, study()["sources"], "sources")
    count: int = study()["pipeline"]["order"]["tested"][source]
    return count


def trained_on(processor: str) -> int:
    """How many recipes were trained on a processor with this in its name (reports/processors.csv)."""
    return sum(processor in row["processor"] for row in _rows("", "processors.csv"))


def recipes(source: str, architectures: Collection[str]) -> list[str]:
    """All recipes on a source whose models have one of these architectures."""
    corpora = study()["corpora"]
    return [
        name
        for name, recipe in study()["recipes"].items()
        if corpora[recipe["corpus"]]["source"] == source and recipe["model"]["architecture"] in architectures
    ]


def title(comparison: str) -> str:
    """The title that its file in conf/experiments has."""
    return plain(study()["comparisons"][comparison]["title"])


def accuracies(names: Mapping[str, str], *, costs: bool = False) -> str:
    """A table of recipes, each with a name for people: test accuracies, their intervals, the highest bold.

    costs: two more columns, what a training of one seed took, if that is known of any of them."""
    highest = points(max(map(test, names)))
    costs = costs and any(name in timings() for name in names)
    lines = []
    for recipe, name in names.items():
        row = line(recipe)
        accuracy = points(test(recipe))
        if accuracy == highest:
            accuracy = f"**{accuracy}**"
        spread = f" ± {points(float(row['test_accuracy_sd']))}" if row["test_accuracy_sd"] else ""
        interval = f"{points(float(row['low']))} to {points(float(row['high']))}"
        cells = [f"`{recipe}`", name, f"{accuracy}{spread}", interval, row["seeds"]]
        lines.append(cells + (_cost(recipe) if costs else []))
    header = ["recipe", "what it is", "test accuracy, %", "95 % interval", "seeds"]
    return markdown(header + (["seconds", "memory, MiB"] if costs else []), lines, texts=[header[1]])


def timed(names: Collection[str]) -> str:
    """Where the costs in a table of these recipes were measured: sentences, or nothing if none was."""
    known = [name for name in names if name in timings()]
    if not known:
        return ""
    missing = " An empty cell was not timed." if len(known) < len(names) else ""
    machines = " and ".join(dict.fromkeys(timings()[name]["processor"] for name in known))
    return (
        "Seconds are those of a training with one seed, from prepared data, and memory is the most that its "
        f"process took, on {plain(machines)}.{missing}"
    )


def _cost(recipe: str) -> list[str]:
    row = timings().get(recipe)
    return [f"{float(row['total_seconds']):,.0f}", f"{int(row['peak_memory_mib']):,}"] if row else ["", ""]


class Behind(NamedTuple):
    """A recipe beside the most accurate one that was tested on the same texts: by how many points it is less
    accurate on average, and whether that is shown (`compare` tests it: McNemar, and Welch)."""

    best: str
    points: float
    differs: bool


@cache
def behind(recipe: str) -> Behind | None:
    """None for the most accurate recipe itself, the first of several, and where there is no other."""
    comparison = study()["recipes"][recipe]["experiment"]
    paired = {name for pair in _differences(comparison) if recipe in pair for name in pair}
    others = [name for name in study()["comparisons"][comparison]["recipes"] if name in paired]
    best = max(others, key=lambda name: measure(name, "test_accuracy"), default=recipe)
    return None if best == recipe else Behind(best, *difference(best, recipe))


def difference(first: str, second: str) -> tuple[float, bool]:
    """By how many points the first of two recipes of a comparison is more accurate, and whether they are
    shown to differ."""
    pairs = _differences(study()["recipes"][first]["experiment"])
    sign, row = (1, pairs[first, second]) if (first, second) in pairs else (-1, pairs[second, first])
    return sign * 100 * float(row["difference"]), row["real"] == "yes"


def ahead(first: str, second: str) -> bool:
    """Whether the first of two recipes of a comparison is shown to be more accurate."""
    return verdict(first, second) == MORE


def alike(first: str, second: str) -> bool:
    """Whether two recipes of a comparison are not shown to differ."""
    return verdict(first, second) == ALIKE


def verdict(first: str, second: str) -> str:
    """What the tested pair says of the first of two recipes of a comparison, beside the second."""
    return worded(*difference(first, second))


def slope(recipe: str, by: str) -> float:
    """The test accuracy in the last slice of the texts less that in the first: "length" has the longest texts
    last, "oov_rate" those with the largest share of unknown words."""
    accuracies = [float(row["accuracy"]) for row in _rows("slices", f"{recipe}.csv") if row["by"] == by]
    return accuracies[-1] - accuracies[0]


def steps(names: Mapping[str, str]) -> str:
    """A table of recipes, each beside the one before: the points that it adds, and if that is shown."""
    lines = []
    for before, recipe in pairwise(names):
        added, _ = difference(recipe, before)
        lines.append([names[recipe], signed(added / 100), verdict(recipe, before)])
    return markdown(["beside the row above", "points", "verdict"], lines, texts=["verdict"])


def same(*recipes: str) -> bool:
    """Whether no difference of these recipes to the most accurate one, which may be among them, is shown."""
    return not any(each and each.differs for each in map(behind, recipes))


def tested(names: Mapping[str, str]) -> str:
    """Which recipes are less accurate than the best one beside them, and for which none is shown to be; the
    names for people are given."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for recipe, name in names.items():
        if beside := behind(recipe):
            groups.setdefault(beside.best, ([], []))[beside.differs].append(name)
    lines = []
    for best, (equal, less) in groups.items():
        verdicts = [f"{LESS}: {'; '.join(less)}"] if less else []
        verdicts += [f"{ALIKE}: {'; '.join(equal)}"] if equal else []
        name = f"{names[best]} (`{best}`)" if best in names else f"`{best}`"
        lines += [f"- Beside {name}, {verdict}.\n" for verdict in verdicts]
    return "".join(lines)


def holds(condition: bool, sentence: str = "", caller: Callable[[], str] | None = None) -> str:
    """Sentences about results, as long as they are so: as an argument, or as the body of Jinja's `call`."""
    text = caller() if caller else sentence
    if not condition:
        raise InputError(
            "the reports no longer say so, mend the sentence, or write no pages while you try things out: "
            f"{' '.join(text.split())}"
        )
    return text


def reported(recipe: str, measure: str = "test_accuracy") -> float:
    """A number that a lesson reports of a recipe's network."""
    value = getattr(published().claims[recipe], measure)
    if value is None:
        raise InputError(f"{PUBLISHED}: claims.{recipe}: found no {measure}, allowed: a number for this page")
    return float(value)


@cache
def published() -> claims.Published:
    return read(claims.Published, parse(ROOT / PUBLISHED, PUBLISHED), PUBLISHED)


def claimed(differs: Mapping[str, str]) -> str:
    """What the lessons report, conf/published.yaml, beside what was measured, and where that differs."""
    lessons = published()
    for name, claim in lessons.claims.items():
        if claim.lesson not in lessons.sources:
            allowed = nearest(claim.lesson, lessons.sources)
            raise InputError(f"{PUBLISHED}: claims.{name}.lesson: found {claim.lesson!r}, allowed: {allowed}")
    if gaps := set(lessons.claims) ^ set(differs):
        allowed = f"a sentence about each claim of {PUBLISHED} and about no other"
        raise InputError(f"claimed(): found a gap at {min(gaps)}, allowed: {allowed}; mend the template")
    return claims.page(lessons, differs, REPORTS)


def seconds(recipe: str) -> float:
    """From raw texts to a model of one seed, with all that it needs."""
    processor, of_each = _totals()
    if recipe not in of_each:
        raise InputError(f"{recipe}: found no seconds as a whole on {processor}; time it, then make timings")
    return of_each[recipe]


@cache
def _totals() -> tuple[str, dict[str, float]]:
    return totals(study())


def row(part: str, name: str) -> dict[str, Any]:
    """A row of reports/bench.json."""
    measured: dict[str, Any] = _bench()[part]["rows"][name]
    return measured


@cache
def _bench() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((REPORTS / "bench.json").read_text(encoding="utf-8"))
    return content


def bench(part: str) -> str:
    """The machine and the tables of a part of reports/bench.json, "speeds", "peers", "uses" or "waits"."""
    measured = _bench()[part]
    return f"On {measured['machine']}:\n\n{results.TABLES[part](measured['rows'])}"


def points(share: float) -> str:
    """A share, or a difference of shares, 0.0451, as "4.5"."""
    return f"{100 * share:.1f}"


def signed(share: float) -> str:
    """A difference of shares, 0.0451, as "+4.5", with a minus sign as in print."""
    return wording.points(share).replace("-", "\N{MINUS SIGN}")


@cache
def metrics(recipe: str) -> dict[str, Any]:
    """reports/metrics/<recipe>.json."""
    one_of(recipe, study()["recipes"], "recipes")
    content: dict[str, Any] = json.loads(_path("metrics", f"{recipe}.json").read_text(encoding="utf-8"))
    return content


@cache
def timings() -> dict[str, dict[str, str]]:
    """The rows of reports/timings.csv, by recipe."""
    return {row["recipe"]: row for row in _rows("", "timings.csv")}


@cache
def line(recipe: str) -> dict[str, str]:
    """A recipe's line of its comparison's table."""
    experiment = study()["recipes"][recipe]["experiment"]
    return next(row for row in _rows("tables", f"{experiment}.csv") if row["recipe"] == recipe)


@cache
def _differences(comparison: str) -> dict[tuple[str, str], dict[str, str]]:
    """The lines of reports/differences/<comparison>.csv, by the two recipes that each is about."""
    return {(row["first"], row["second"]): row for row in _rows("differences", f"{comparison}.csv")}


def _rows(kind: str, name: str) -> list[dict[str, str]]:
    """The lines of a table of reports/, by column."""
    with _path(kind, name).open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def _path(kind: str, name: str) -> Path:
    path = REPORTS / kind / name
    if not path.exists():
        place = path.relative_to(REPORTS).as_posix()
        raise InputError(f"reports/{place}: found none, allowed: a recipe that ran; run dvc repro")
    return path
