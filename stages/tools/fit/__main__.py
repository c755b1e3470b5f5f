"""From a file of your own texts to models that are compared: looks at the data, writes one experiment that is
yours from then on, trains baselines first and then networks, as far as the minutes go, ranks them by what
they held out, and reports on them (stages/tools/report). It ranks by accuracy, macro-F1 (the mean over the
labels, for where some are rare), AUC or loss: by what --by says, else by what the experiment's `choose_by`
says, which is written for labels that are imbalanced. Few texts are cross-validated: each recipe is trained
ten times, each time another tenth is held out, and it says how uncertain the ranking is all the same.

The file: CSV, TSV, JSON, JSON Lines or Parquet, also .gz, with a column of texts and one of labels; or the
name of an experiment that this has written before, whose file is then left as you edited it.

Examples: python -m stages.tools.fit texts/tickets.csv
          python -m stages.tools.fit tickets.csv --text body --label team --test tickets-test.csv --minutes 10
          python -m stages.tools.fit tickets --by macro-f1
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages import compose
from stages.artifacts.split import load_split
from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError
from stages.study import composition
from stages.study.entries import NAME
from stages.study.params import one_of, params
from stages.texts import tables
from stages.tools.fit import experiment, folds, look
from stages.tools.report import ranking

SHARE = 0.2  # of the rows, the test split's
FEWEST = 20  # rows; fewer say nothing
BASELINES = ("majority", "logistic", "svm", "nb-svm", "characters")


def main() -> None:
    parser = command.parser()
    parser.add_argument("data", help="a table of texts and labels, or an experiment made of one")
    parser.add_argument("--text", help="the column of texts (default: a guess, which is told)")
    parser.add_argument("--label", help="the column of labels (default: a guess, which is told)")
    parser.add_argument("--test", help=f"a table with the test split (default: {SHARE:.0%}% of the rows)")
    parser.add_argument(
        "--minutes", type=positive, default=10.0, help="for trainings, roughly (default: %(default)g)"
    )
    parser.add_argument("--name", help="of the experiment (default: the file's)")
    parser.add_argument(
        "--by",
        type=ranking.measure,
        choices=ranking.BY,
        help="what ranks recipes (default: the experiment's choose_by, else accuracy)",
    )
    options = parser.parse_args()
    name = options.data if known(options.data) else written(options)
    study = as_edited(name)
    run(name, study, ranking.choosing(study["experiments"][name], options.by))


def as_edited(name: str) -> dict[str, Any]:
    """params.yaml, composed anew if conf/ was edited since."""
    study = params()
    if study["composed"] != composition.fingerprint(study):
        compose.write(composition.compose([]))
        print("wrote params.yaml anew, as conf/ was edited")
        study = params()
    one_of(name, study["comparisons"], "comparisons")
    return study


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"found {text}, allowed: minutes above 0")
    return number


def known(data: str) -> bool:
    """Whether it is the name of an experiment, which is left as it is."""
    return bool(NAME.fullmatch(data)) and place(data).exists() and not Path(data).exists()


def place(name: str) -> Path:
    return composition.CONF / "experiments" / f"{name}.yaml"


def written(options: argparse.Namespace) -> str:
    """Look at the data, write the experiment unless it is there, compose; its name."""
    path = Path(options.data)
    if not path.is_file():
        raise InputError(
            f"{path}: no such file, allowed: a table of texts and labels, or an experiment made of one"
        )
    name = options.name or re.sub("[^a-z0-9]+", "-", path.name.partition(".")[0].lower()).strip("-")
    if not NAME.fullmatch(name):
        raise InputError(f"--name: found {name!r}, allowed: lower-case letters, digits, single hyphens")
    found = look.look(path)
    names = look.columns(found, options.text, options.label)
    texts, labels = look.usable(found.rows, names)
    print(f"{path}: text is column {names.text!r}, label is column {names.label!r}: {names.why}")
    for line in look.sheet(texts, labels):
        print(f"  {line}")
    if len(texts) < FEWEST:
        raise InputError(f"{path}: found {len(texts)} rows with text and label, allowed: {FEWEST} or more")
    if place(name).exists():
        print(f"{shown(place(name))} is there and stays as it is; delete it to have it written anew")
        return name
    source = entry(path, options.test, found, names, name, len(found.rows) > len(texts))
    lengths = look.lengths(texts)
    vocabulary = len({word for text in texts for word in text.lower().split()})
    some = experiment.Texts(lengths, vocabulary)
    choice = chosen_by(labels, options.by)
    few = len(texts) * (1 if options.test else 1 - SHARE) < folds.FEW
    text = experiment.written(name, path.name, source, some, options.minutes, choice, few)
    files.write_text(place(name), text)
    try:
        compose.write(composition.compose([]))
    except InputError:
        files.remove(place(name))
        raise
    print(f"wrote {shown(place(name))}, which is yours now, and params.yaml")
    return name


def chosen_by(labels: Sequence[str], asked: str | None) -> experiment.Choice | None:
    """What the experiment is to be ranked by, if not by accuracy: what was asked for, or else macro-F1 where
    an accuracy hides rare labels."""
    if asked:
        return experiment.Choice(asked, "as --by said") if asked != "accuracy" else None
    names, numbers = np.unique(labels, return_inverse=True)
    if ranking.imbalance(numbers, names.tolist(), "macro-f1") is None:
        return None
    return experiment.Choice("macro-f1", "the labels are imbalanced: an accuracy hides the rare ones")


def entry(
    path: Path, test: str | None, found: look.Found, names: look.Columns, name: str, bad: bool
) -> dict[str, Any]:
    """The source's entry: the file where it is, or, with a test split of its own, a folder with copies."""
    made: dict[str, Any] = {"kind": "files", "path": shown(path), "text": names.text, "label": names.label}
    if test is None:
        made["split"] = {"test": SHARE}
    else:
        other = Path(test)
        if not other.is_file() or not tables.known(other):
            raise InputError(f"--test: found {other}, allowed: a table as {path.name}")
        folder = ROOT / "texts" / name
        folder.mkdir(parents=True, exist_ok=True)
        for split, file in (("train", path), ("test", other)):
            compressed = tables.COMPRESSED if file.suffix.lower() == tables.COMPRESSED else ""
            shutil.copyfile(file, folder / f"{split}{tables.suffix(file)}{compressed}")
        made["path"] = shown(folder)
    if found.how.encoding != "utf-8":
        made["encoding"] = found.how.encoding
    if found.how.delimiter:
        made["delimiter"] = found.how.delimiter
    if found.how.columns:
        made["columns"] = list(found.how.columns)
    if bad:
        made["bad_rows"] = "drop"
    return made


def shown(path: Path) -> str:
    """From the root of the repository, if it is inside."""
    whole = path.resolve()
    return str(whole.relative_to(ROOT)) if whole.is_relative_to(ROOT) else str(whole)


def run(name: str, entries: dict[str, Any], by: str) -> None:
    """Baselines, their ranking, then everything, the ranking of all, and the report. entries: params.yaml."""
    from stages.tools.report.folder import opened_by  # here: these load scikit-learn
    from stages.tools.report.folder import written as report

    recipes, measure = entries["comparisons"][name]["recipes"], ranking.NAMES[by]
    first = [recipe for recipe in recipes if recipe.removeprefix(f"{name}-") in BASELINES]
    repro([f"evaluate@{recipe}" for recipe in first])
    for line in small_print(entries["corpora"][entries["recipes"][recipes[0]]["corpus"]]["source"], by):
        print(line)
    if len(first) < len(recipes):
        print(f"\nThe baselines, the best on held-out texts by {measure} first; the networks are next.")
        rank(name, first, by)
    repro([f"compare@{name}"])
    print(f"\nAll of {name}, the best on held-out texts by {measure} first:")
    best = rank(name, recipes, by)
    result = metrics(best)["test"]
    print(f"\n{best} is chosen by its held-out texts. On the test split: {result['accuracy']:.1%} right.")
    print(f'Predict:  python -m stages.tools.predict {best} "a text"')
    print(f"Report:   {opened_by(report(name, entries, by))}")
    print(f"Figures:  reports/comparisons/{name}/    Table: reports/tables/{name}.csv")
    print(f"Go on:    edit {shown(place(name))}, then python -m stages.tools.fit {name}")


def small_print(source: str, by: str) -> Iterator[str]:
    """What to keep in mind when the ranking is read."""
    train = load_split(ROOT / "data" / "sources" / source / "train.parquet")
    if line := ranking.imbalance(train.labels, train.names, by):
        yield f"\n{line}"
    if len(train.texts) < folds.FEW:
        yield ""
        yield from folds.sheet(train)


def repro(targets: Sequence[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet", *targets], cwd=ROOT, check=False)
    if done.returncode:
        raise InputError(f"dvc repro {' '.join(targets)} failed, see above; what was finished is kept")


def rank(experiment: str, recipes: Sequence[str], by: str) -> str:
    """Print the recipes by what they are worth on held-out texts, the best first, which is returned."""
    rows = []
    for recipe in recipes:
        if row := ranking.held_out(recipe, experiment, ROOT / "data"):
            rows.append(row)
        else:
            print(f"  {recipe} is watched on the test split, which may choose nothing: it is not ranked")
    if not rows:
        raise InputError(
            f"{experiment}: found no recipe that holds out texts, allowed: a training with "
            f"`validation: {{fraction: 0.1}}`; mend {shown(place(experiment))}"
        )
    rows = ranking.ranked(rows, by)
    if rows[0].all < folds.FEW:
        print(ranking.uncertain(rows[0]))
    for line in ranking.table(rows):
        print(line)
    if rows[0].all < folds.FEW and (told := ranking.undecided(rows)):
        print(told)
    return rows[0].recipe


def metrics(recipe: str) -> dict[str, Any]:
    path = ROOT / "reports" / "metrics" / f"{recipe}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    command.guard(main)
