"""What the pipeline left of an experiment, read for its report; what is missing or of another run is
refused."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from stages.artifacts.provenance import FILE as CERTIFICATE
from stages.artifacts.split import Split, load_split
from stages.artifacts.storage import load_arrays
from stages.evaluation.metrics import confusion, probabilities
from stages.reporting import comparison
from stages.reporting.chapter import table
from stages.reporting.comparison import Result
from stages.reporting.figures import CAPTIONS, telling
from stages.runtime.config import InputError
from stages.tools.answering import credibility
from stages.tools.report.parts import Evaluated, Experiment, Part
from stages.tools.report.ranking import choosing, held_out, ranked

T = TypeVar("T")


@dataclass(frozen=True)
class Files:
    """The files of an experiment below the root of the repository; params: params.yaml."""

    root: Path
    params: Mapping[str, Any]
    name: str

    def read(self, path: str, reader: Callable[[Path], T]) -> T:
        """What `reader` makes of a file, or one line that names it."""
        place = self.present(path)
        try:
            return reader(place)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}); delete it, then run: {self._remedy}") from None

    def json(self, path: str) -> Any:
        return self.read(path, lambda place: json.loads(place.read_text(encoding="utf-8")))

    def present(self, path: str) -> Path:
        if not (self.root / path).exists():
            raise InputError(f"{self.name}: {path} is missing; make it with: {self._remedy}")
        return self.root / path

    def same(self, agree: bool, path: str, other: str) -> None:
        """Refuse two files that do not agree."""
        if not agree:
            raise InputError(
                f"{self.name}: {path} is of another run than {other}; bring both up to date: {self._remedy}"
            )

    @property
    def _remedy(self) -> str:
        return f"dvc repro compare@{self.name}"


def gather(root: Path, params: Mapping[str, Any], name: str, by: str | None = None) -> Experiment:
    """All that there is of an experiment. by: what chooses, of `ranking.BY`; None: as its entry says."""
    files, entry = Files(root, params, name), params["comparisons"][name]
    for recipe in entry["recipes"]:
        if not (root / "reports" / "compared" / name / f"{recipe}.json").exists():
            raise InputError(
                f"{name}: found no results of {recipe}, allowed: an experiment that was compared; run: "
                f"dvc repro compare@{name}"
            )
    results = files.read(f"reports/compared/{name}", lambda folder: comparison.load(folder, entry))
    cells = files.read(f"reports/tables/{name}.csv", _cells)
    header, rows = table(results)
    drawn = [header, *([str(cell) for cell in row] for row in rows)]
    files.same(cells == drawn, f"reports/tables/{name}.csv", f"reports/compared/{name}")
    of_source: dict[str, list[Result]] = {}
    for result in results:
        of_source.setdefault(result.source, []).append(result)
    rungs = entry["recipes"] if params["experiments"][name].get("cumulative") else []
    by = choosing(params["experiments"][name], by)
    parts = [_part(files, source, some, by, rungs) for source, some in of_source.items()]
    if "baseline" in entry:
        files.present(entry["reads"])
    return Experiment(name, entry["title"], parts, _figures(files, results), comparison.baseline(entry, root))


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


def _part(files: Files, source: str, results: Sequence[Result], by: str, rungs: Sequence[str]) -> Part:
    sheet = files.json(f"reports/sources/{source}.json")
    train, test = (_split(files, source, split, sheet) for split in ("train", "test"))
    recipes = {result.recipe: _evaluated(files, result, test) for result in results}
    order = [row.recipe for row in ranked([one.held for one in recipes.values() if one.held], by)]
    others = [name for name in recipes if name not in order]
    corpora = {
        corpus: {**files.params["corpora"][corpus], "facts": files.json(f"reports/corpora/{corpus}.json")}
        for corpus in dict.fromkeys(one.entry["corpus"] for one in recipes.values())
    }
    every = [recipes[name] for name in [*order, *others]]
    own = files.params["sources"][source]
    return Part(source, sheet, corpora, train, test, every, by, [*rungs], own)


def _split(files: Files, source: str, name: str, sheet: Mapping[str, Any]) -> Split:
    path = f"data/sources/{source}/{name}.parquet"
    split = files.read(path, load_split)
    files.same(sheet[name]["texts"] == len(split.texts), f"reports/sources/{source}.json", path)
    return split


def _evaluated(files: Files, result: Result, test: Split) -> Evaluated:
    name = result.recipe
    certificate, facts = (files.json(f"data/models/{name}/{file}") for file in (CERTIFICATE, "training.json"))
    temperatures = files.json(f"data/calibrations/{name}.json")
    files.same(
        temperatures["key"] == certificate["key"], f"data/calibrations/{name}.json", f"data/models/{name}"
    )
    path = f"data/logits/test/{files.name}/{name}.npz"
    logits = files.read(path, load_arrays)
    labels, names = logits.pop("labels"), logits.pop("names").tolist()
    alike = names == test.names == result.labels and np.array_equal(labels, test.labels)
    files.same(alike, path, f"data/sources/{result.source}/test.parquet")
    counts = confusion(probabilities(next(iter(logits.values()))), labels).tolist()
    files.same(counts == result.confusion, f"reports/compared/{files.name}/{name}.json", path)
    entry = files.params["recipes"][name]
    data = files.root / "data"
    held = held_out(name, files.name, data)
    degrees, training_logits = temperatures["temperatures"], credibility.logits_of(data, name, files.name)
    too_sure = credibility.too_sure(degrees, facts["validation"], training_logits)
    return Evaluated(entry, result, facts, certificate, labels, logits, degrees, too_sure, held)


def _figures(files: Files, results: Sequence[Result]) -> dict[str, Path]:
    """Of each chapter those that were drawn, but for confusions, which are a table here."""
    figures: dict[str, Path] = {}
    for chapter in dict.fromkeys(result.chapter for result in results):
        of_chapter = [result for result in results if result.chapter == chapter]
        for figure in telling(of_chapter):
            if figure != "confusions":
                name = f"{chapter}-{figure}" if chapter else figure
                path = files.present(f"reports/comparisons/{files.name}/{name}.svg")
                heading = of_chapter[0].heading
                figures[f"{heading}: {CAPTIONS[figure]}" if chapter else CAPTIONS[figure]] = path
    return figures
