"""From your own texts to models that are compared: looks at the data, writes one experiment that is yours
from then on, says at once what scikit-learn makes of the training split, trains baselines first and then
networks, as far as the minutes go, ranks them by what they held out, and reports on them
(stages/tools/report). It ranks by accuracy, macro-F1 (the mean over the labels, for where some are rare), AUC
or loss: by what --by says, else by the experiment's `choose_by`, which is written for labels that are
imbalanced. Few texts are cross-validated (Monte Carlo): each recipe is trained ten times, each time another
tenth, drawn at random, is held out, and it says how uncertain the ranking is all the same.

What it takes:
  a table with a column of texts and one of labels: CSV, TSV, JSON, JSON Lines, Parquet or
  .xlsx, also as .gz;
  a folder: of .txt files in a folder for each label, with train/ and test/ around these or without; or of
  two tables, train and test;
  tfds:<name>, a data set that TensorFlow Datasets has prepared in TFDS_DATA_DIR, or hf:<name>, one of Hugging
  Face's in its cache, or hf:<folder>, as `save_to_disk` writes it: of both the texts are copied into texts/;
  the name of an experiment that this has written before, whose file is then left as you edited it.

Examples: python -m stages.tools.fit texts/tickets.csv
          python -m stages.tools.fit tickets.csv --text body --label team --test tickets-test.csv --minutes 10
          python -m stages.tools.fit tickets.csv --text subject --text body
          python -m stages.tools.fit tfds:imdb_reviews/plain_text --minutes 30
          python -m stages.tools.fit tickets --by macro-f1
"""

import argparse
import math
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from stages import compose
from stages.runtime import command, files
from stages.runtime.config import InputError, alike
from stages.runtime.wording import counted
from stages.study import composition
from stages.study.entries import NAME
from stages.study.params import one_of, params
from stages.tools.answering.options import encoding
from stages.tools.fit import (
    copies,
    experiment,
    first_look,
    from_folder,
    from_huggingface,
    from_table,
    from_tfds,
    header,
    look,
    pipeline,
    spelling,
    stated,
)
from stages.tools.fit.data_set import DataSet, refuse_options
from stages.tools.fit.experiment import from_root, place
from stages.tools.report import ranking

FEWEST = 20  # rows; fewer say nothing
MINUTES = 10.0  # if the command line has none
LONGEST = 60  # letters of a name that a file gives: the names of recipes add some, and may have 100


def main() -> None:
    parser = command.parser()
    parser.add_argument("data", help="a table or a folder of texts and labels, a data set, or an experiment")
    parser.add_argument(
        "--text",
        action="append",
        help="the column of texts, or several (default: guessed, and said so)",
    )
    parser.add_argument("--label", help="the column of labels (default: guessed, and said so)")
    share = f"{100 * from_table.SHARE:.0f} %%"
    parser.add_argument(
        "--encoding",
        type=encoding,
        help="of the table, as cp1252 (default: found out, and said unless UTF-8)",
    )
    parser.add_argument("--test", help=f"a table with the test split (default: {share} of the rows)")
    parser.add_argument(
        "--minutes",
        type=positive,
        help=f"for all stages together, roughly (default: {MINUTES:g})",
    )
    parser.add_argument("--name", help="of the experiment (default: the file's)")
    parser.add_argument(
        "--by",
        type=ranking.measure,
        choices=ranking.BY,
        help="what ranks recipes (default: the experiment's choose_by, else accuracy)",
    )
    options = parser.parse_args()
    name = chosen(options) if known(options.data) else written(options)
    study = as_edited(name)
    source = experiment.source_of(name, study)
    words, labels = 1.0, 2
    if train := first_look.training_split(source, study["sources"][source]):
        words, labels = float(look.lengths(train.texts).sum()) / 1e6, len(train.names)
        for line in first_look.sheet(train, doubt(name, study["sources"][source], options)):
            print(line, flush=True)
    pipeline.run(name, study, ranking.choosing(study["experiments"][name], options.by), words, labels)


def as_edited(name: str) -> dict[str, Any]:
    """params.yaml, composed anew if conf/ was edited since."""
    study = params()
    if composition.outdated(study):
        compose.write(composition.compose([]))
        print("wrote params.yaml anew, as conf/ was edited")
        study = params()
    one_of(name, study["comparisons"], "comparisons")
    return study


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: minutes above 0, as 10")
    return number


def known(data: str) -> bool:
    """Whether it is the name of an experiment, which is left as it is."""
    return bool(NAME.fullmatch(data)) and place(data).exists() and not Path(data).exists()


def chosen(options: argparse.Namespace) -> str:
    """The experiment that the command line names, whose file says all of its data."""
    name: str = options.data
    refuse_options("the file of an experiment says what its test split is", test=options.test)
    refuse_options("an experiment has its name", name=options.name)
    stated.refuse_other_columns(name, entry_of(name), options)
    remedy = "; delete it, and fit the table or folder again, to have it written anew"
    tell_of_minutes(name, options.minutes, remedy)
    return name


def entry_of(name: str) -> dict[str, Any]:
    """Of an experiment's source."""
    study = as_edited(name)
    entry: dict[str, Any] = study["sources"][experiment.source_of(name, study)]
    return entry


def doubt(name: str, entry: Mapping[str, Any], options: argparse.Namespace) -> str | None:
    """What to ask if the labels can't be learnt: None unless their column was guessed by its values."""
    label = entry.get("label")
    if known(options.data) or options.label is not None or not label or label.lower() in header.LABELS:
        return None
    return f"is {label!r} the label? If not, delete {from_root(place(name))} and give --label COLUMN"


def refuse_no_data(data: str) -> None:
    """Refuse what is the name of no file whatever there is."""
    if not data.strip():
        raise InputError(
            "DATA: found an empty name, allowed: a table or a folder of texts and labels, a data set, or an "
            "experiment; name one, as in fit texts/tickets.csv"
        )
    if re.match(r"\w+://", data):
        raise InputError(
            f"{data}: found an address, allowed: a file or a folder, as fit downloads nothing; download it "
            "first, then name the file"
        )


def data_set(options: argparse.Namespace) -> DataSet:
    """The texts and labels that the command line names."""
    texts, label, test = options.text, options.label, Path(options.test) if options.test else None
    prefix, _, rest = options.data.partition(":")
    if f"{prefix}:" in (from_tfds.PREFIX, from_huggingface.PREFIX):
        refuse_options("this data set has its test split inside, or none", test=test)
        refuse_options("this data set says its own", encoding=options.encoding)
    if f"{prefix}:" == from_tfds.PREFIX:
        return from_tfds.data_set(rest, texts, label)
    if f"{prefix}:" == from_huggingface.PREFIX:
        return from_huggingface.data_set(rest, texts, label)
    path = Path(options.data)
    if not path.exists():
        close = alike(options.data, [file.stem for file in place("").parent.glob("*.yaml")], cutoff=0.6)
        raise InputError(
            f"{path}: no such file, folder or experiment, allowed: a table or a folder of texts and labels, "
            "a data set as tfds:<name> or hf:<name>, or the name of an experiment made of one"
            + (f"; did you mean {', '.join(close)}?" if close else "")
        )
    if path.is_dir():
        return from_folder.data_set(path, texts, label, test, options.encoding)
    return from_table.data_set(path, texts, label, test, options.encoding)


def written(options: argparse.Namespace) -> str:
    """Look at the data, write the experiment unless it is there, compose; its name."""
    refuse_no_data(options.data)
    usual = data_name(options.data)
    if usual is not None and place(name := named(options, usual)).exists():
        entry = entry_of(name)
        stated.refuse_other_data(name, entry, options)
        stated.refuse_other_columns(name, entry, options)
        stays(name, entry, stated.data_set(name, entry), options.minutes)
        return name
    data = data_set(options)
    name = named(options, data.name)
    if place(name).exists():
        stated.refuse_other_copies(name, entry := entry_of(name), data)
        stays(name, entry, data, options.minutes)
        return name
    kept, repeat = without_repeats(data)
    refuse_too_little(options.data, data, len(kept))
    print_sheet(data)
    if data.encoding:
        print(f"  {data.encoding}; if that is wrong, mend `encoding` in {from_root(place(name))}", flush=True)
    vocabulary = len({word for text in kept for word in text.lower().split()})
    sizes = experiment.Texts(look.lengths(kept), vocabulary, len({*data.labels}))
    try:
        sizes = experiment.with_room(sizes, kept)
    except InputError as refused:
        raise InputError(f"{options.data}: {refused}") from None
    minutes = options.minutes or MINUTES
    with leaving_nothing(name):
        entry = loadable(name, data, {"duplicates": "drop exact"} if repeat else {})
        if repeat:
            print(f"  {of_repeats(name, entry)}", flush=True)
        left = 1 - entry["split"]["test"] if "split" in entry else 1
        few = left * len(kept) < ranking.FEW
        choice = chosen_by(data.labels, options.by)
        text = experiment.written(name, data.title, entry, sizes, minutes, choice, few)
        files.write_text(place(name), text)
        compose.write(composition.compose([]))
    print(f"wrote {from_root(place(name))}, which is yours now, and params.yaml", flush=True)
    for line in (
        experiment.too_long(name, sizes, minutes, few),
        experiment.too_rare(name, sizes, minutes, few),
    ):
        if line:
            print(line, flush=True)
    return name


@contextmanager
def leaving_nothing(name: str) -> Iterator[None]:
    """If the block fails, or is interrupted, an experiment's file goes again, and so do copies that it made:
    who has not read "wrote" knows of neither."""
    folder = copies.folder_of(name)
    before = folder.exists()
    try:
        yield
    except BaseException:
        files.remove(place(name))
        if not before:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def loadable(name: str, data: DataSet, more: dict[str, Any]) -> dict[str, Any]:
    """The entry of a source that `download` will accept. more: what it says besides."""
    folder = copies.folder_of(name)
    before = folder.exists()
    try:
        return accepted(name, data.entry(name) | more)
    except InputError as refused:
        line = f"{refused}{spelling.meant(str(refused), Counter(data.labels))}{data.hint}"
        raise InputError(line if before else line.replace(from_root(folder), data.title)) from None


def accepted(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry, cut otherwise if a cut by the texts' hash would leave a rare label on one side."""
    try:
        first_look.training_split(name, entry)
    except InputError:
        if "split" not in entry:
            raise
        entry = entry | {"split": entry["split"] | {"by": "shares of labels"}}
        first_look.training_split(name, entry)
        print(
            "  the test split is drawn by `shares of labels`, as a cut by hash would leave a rare label out"
        )
    return entry


def data_name(data: str) -> str | None:
    """What an experiment on a table or a folder is called; None of what has to be read first."""
    path = Path(data)
    if data.startswith((from_tfds.PREFIX, from_huggingface.PREFIX)) or not path.exists():
        return None
    if path.is_dir():
        return None if from_huggingface.is_saved(path) else path.name
    return from_table.name_of(path)


def named(options: argparse.Namespace, default: str) -> str:
    """The experiment's name. default: what it is called unless the command line says otherwise."""
    name: str = options.name or plain(default)
    if not NAME.fullmatch(name):
        raise InputError(
            f"--name: found {name!r}, allowed: lower-case letters, digits, single hyphens; give such a --name"
        )
    if not place(name).exists() and name in sources():
        raise InputError(f"--name: found {name!r}, a source that conf/ has, allowed: another; give a --name")
    return name


def sources() -> set[str]:
    """Those that conf/ has, in files of their own and in those of experiments."""
    own = [name for section, name, _ in composition.own_entries(composition.CONF) if section == "sources"]
    return {*own, *(path.stem for path in composition.entry_files(composition.CONF / "sources"))}


def plain(name: str) -> str:
    """A name as entries have it: "Größen März" -> "grossen-marz"."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub("[^a-z0-9]+", "-", bare.casefold()).strip("-")[:LONGEST].rstrip("-")


def without_repeats(data: DataSet) -> tuple[Sequence[str], bool]:
    """The texts that are trained on and cut if each is there once, and whether some are there again."""
    kept = look.different(data.texts, data.tests)
    tests = data.tests or []
    if len(kept) < len(data.texts) or len({*tests}) < len(tests):
        return kept, True
    return data.texts, False


def of_repeats(name: str, entry: Mapping[str, Any]) -> str:
    """What becomes of texts that are there again. entry: of the experiment's source."""
    if entry.get("duplicates", "keep") != "keep":
        return (
            "all but the first row of a text that repeats are left out, and of train what test has, too: "
            f"`duplicates: {entry['duplicates']}` in {from_root(place(name))}"
        )
    return (
        "texts that repeat are kept: some that are held out are trained on, too, which flatters; "
        f"`duplicates: drop exact` in the source, in {from_root(place(name))}, leaves them out"
    )


def refuse_too_little(path: str, data: DataSet, kept: int) -> None:
    """kept: how many different texts there are to train on."""
    allowed = f"allowed: {FEWEST} or more{data.hint}"
    if not data.labels:
        raise InputError(f"{path}: found no row with a text and a label, {allowed}")
    if len(labels := set(data.labels)) < 2:
        raise InputError(
            f"{path}: found 1 label, {min(labels)[:80]!r}, allowed: 2 or more; add rows of another, or name "
            "another column with --label"
        )
    if kept < FEWEST:
        beside = " that test has not" if data.tests else ""
        again = f", of {counted(kept, 'different text')}{beside}" if kept < len(data.texts) else ""
        rows = counted(len(data.texts), "row")
        raise InputError(f"{path}: found {rows} with text and label{again}, {allowed}")


def print_sheet(data: DataSet) -> None:
    sheet = look.sheet(data.texts, data.labels, data.tests)
    for line in [*data.notes, *(f"  {line}" for line in sheet)]:
        print(line, flush=True)


def stays(name: str, entry: Mapping[str, Any], data: DataSet, minutes: float | None = None) -> None:
    """Tell of the data of an experiment that is there. entry: of its source."""
    print_sheet(data)
    if without_repeats(data)[1]:
        print(f"  {of_repeats(name, entry)}")
    print(f"{from_root(place(name))} is there and stays as it is; delete it to have it written anew")
    tell_of_minutes(name, minutes)


def tell_of_minutes(name: str, minutes: float | None, remedy: str = "") -> None:
    """minutes: as the command line has them, None if it has none. remedy: for the end of the line."""
    if minutes is not None:
        print(f"--minutes {minutes:g} changes nothing: {from_root(place(name))} says what is trained{remedy}")


def chosen_by(labels: Sequence[str], asked: str | None) -> experiment.Choice | None:
    """What the experiment is to be ranked by, if not by accuracy: what was asked for, or else macro-F1 where
    an accuracy hides rare labels."""
    if asked:
        return experiment.Choice(asked, "as --by said") if asked != "accuracy" else None
    names, numbers = np.unique(labels, return_inverse=True)
    if ranking.imbalance(numbers, names.tolist(), "macro-f1") is None:
        return None
    return experiment.Choice("macro-f1", "the labels are imbalanced: an accuracy hides the rare ones")


if __name__ == "__main__":
    command.guard(main)
