"""The texts of a source whose labels are probably wrong, the most doubtful first; beside them texts that are
there several times, and texts with several labels.

Up to three kinds of linear models on n-grams (stages/tools/labels/judges.py), by scikit-learn, are trained on
four fifths of the texts and judge the labels of the last fifth, five times; equal texts are never on both
sides. Of more than 20 labels one kind is left out, as it would take too long, and naive Bayes is asked only
where labels are predicted better with it. A label is doubtful if another one, `suggested`, is more probable;
`label_probability` is that of the label that stands there. Where the models agree with fewer than four fifths
of the labels, most doubts are their mistakes, and it says so. cleanlab's score of a label gives the order;
cleanlab is under the AGPL: it is an optional extra, `labels`, which nothing else imports.

Where the source says `duplicates: drop exact`, a text keeps the label of its first row: those of the others,
which are in your file alone, are listed as `dropped`, without a `row`.

`row` counts the texts of the split from 1, as the study has it: data/sources/<source>/<split>.parquet. Of a
table of your own, `lines` are those of your file on which rows with that text and label end; of JSON and
Parquet they are the rows' numbers. What a spreadsheet would take for a formula begins with an apostrophe in
the table of --to ('=1+1); all other texts are in it as they are.

Examples: python -m stages.tools.labels tickets
          python -m stages.tools.labels tickets --to labels.csv
          python -m stages.tools.labels tickets --split test
"""

import csv
import importlib.util
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.artifacts.split import Split, load_split
from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError, one_line, read
from stages.runtime.wording import percent
from stages.sources.files import Source
from stages.study.params import one_of, params
from stages.tools.labels.dropped import dropped
from stages.tools.labels.listing import DUPLICATE, SEVERAL, Doubt, Judgement, doubts, judged
from stages.tools.report.places import Pair, lines

HEADER = [
    "rank",
    "kind",
    "row",
    "lines",
    "label",
    "suggested",
    "label_probability",
    "score",
    "same_text_as",
    "text",
]
SHOWN = 10  # of the most doubtful
# a share of labels that models agree with: of ten well-known test sets the worst has 10 % wrong labels
# (Northcutt et al. 2021); where models differ from twice as many, most of the doubtful ones are right
TRUSTED = 0.8
# of HEADER, with the most characters, on a terminal
COLUMNS = {
    "rank": 4,
    "row": 9,
    "lines": 12,
    "label": 16,
    "label_probability": 17,
    "suggested": 16,
    "text": 50,
}
NUMBER = re.compile(r"[+-][\d.]+")  # which begins as a formula does
SHARED = {DUPLICATE: "have a text that is there again", SEVERAL: "have a text with several labels"}


def main() -> None:
    parser = command.parser()
    parser.add_argument("source", help="an entry of sources in params.yaml that has been downloaded")
    parser.add_argument("--split", choices=["train", "test"], default="train", help="(default: %(default)s)")
    parser.add_argument("--to", type=Path, metavar="FILE", help="a new CSV file for the whole list")
    options = parser.parse_args()
    sources = params()["sources"]
    name = one_of(options.source, sources, "sources")
    path = ROOT / "data" / "sources" / name / f"{options.split}.parquet"
    check(name, path, options.to)
    split = load_split(path)
    try:
        judgement = judged(split)
    except InputError as refused:
        raise InputError(f"{name}: {refused}") from None
    rows, places = of_own_file(sources[name], options.split, split, judgement)
    for line in summary(f"{name}, {options.split}", split, judgement, rows, places):
        print(line)
    if options.split == "test":
        print("The test split's texts were judged by models of its other texts. Nothing is chosen by that.")
    if options.to:
        write(options.to, [HEADER, *(cells(row, places) for row in rows)])
        print(f"wrote {options.to}: {len(rows):,} rows")
    elif rows:
        print("All of them, with whole texts, as a table: --to labels.csv")


def check(name: str, path: Path, to: Path | None) -> None:
    """Refuse at once what would be refused after minutes."""
    if to and to.exists():
        raise InputError(f"--to: found {to}, which is there, allowed: a new file; delete it or name another")
    if importlib.util.find_spec("cleanlab") is None:
        raise InputError(
            "cleanlab: found no such package, allowed: the extra `labels`; install it: pip install cleanlab"
        )
    if not path.exists():
        raise InputError(f"{path} is missing; make it with: dvc repro download@{name}")


def of_own_file(
    entry: Mapping[str, Any], name: str, split: Split, judgement: Judgement
) -> tuple[list[Doubt], dict[Pair, list[int]]]:
    """What is doubtful, and where it stands in a user's own table; if that is elsewhere by now, or another
    one, the judgement, which took minutes, is listed without. name: the split's."""
    try:
        rows = doubts(split, judgement, dropped(entry, name, split))
        return rows, in_file(entry, name, rows)
    except (InputError, OSError, UnicodeError) as error:
        print(
            f"note: {one_line(error)}; so neither lines of your own file are named, nor rows that "
            "`drop exact` left out",
            file=sys.stderr,
        )
        return doubts(split, judgement, []), {}


def in_file(entry: Mapping[str, Any], split: str, rows: Sequence[Doubt]) -> dict[Pair, list[int]]:
    """The lines of a user's own table by text and label; none of another kind of source."""
    if entry["kind"] != "files":
        return {}
    return lines(read(Source, entry, "sources"), split, {(row.text, row.label) for row in rows})


def cells(row: Doubt, places: Mapping[Pair, Sequence[int]]) -> list[object]:
    """A row of the table, by HEADER."""
    return [
        row.rank,
        "; ".join(row.kinds),
        None if row.row is None else row.row + 1,
        " ".join(map(str, places.get((row.text, row.label), []))),
        row.label,
        row.suggested,
        None if row.probable is None else f"{row.probable:.4f}",
        None if row.score is None else f"{row.score:.4f}",
        None if row.same is None else row.same + 1,
        row.text,
    ]


def write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Texts as they are, so that a user's own table has them, too: `files.write_csv` alters "</script>"."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(inert, row) for row in rows)
    files.write_text(path, text.getvalue())


def inert(cell: object) -> object:
    """With an apostrophe if a spreadsheet would take it for a formula, which may call programs."""
    formula = isinstance(cell, str) and cell.startswith(files.FORMULA) and not NUMBER.fullmatch(cell)
    return f"'{cell}" if formula else cell


def summary(
    title: str,
    split: Split,
    judgement: Judgement,
    rows: Sequence[Doubt],
    places: Mapping[Pair, Sequence[int]],
) -> Iterator[str]:
    """What a person should know, and the most doubtful labels."""
    labels = split.labels[judgement.suggested >= 0]
    agreed = float((judgement.suggested == split.labels)[judgement.suggested >= 0].mean())
    most = max(Counter(labels.tolist()).values()) / len(labels)
    yield f"{title}: {len(labels):,} texts judged; the models agree with {percent(agreed)} of their labels"
    if agreed <= most:
        yield f"  The most frequent label agrees with {percent(most)}: what follows says next to nothing"
    if judgement.rare:
        names = ", ".join(map(repr, judgement.rare))[:200]
        yield f"  Too few texts to be judged have the labels {names}"
    ranked = [row for row in rows if row.rank]
    yield f"  {len(ranked):,} labels are doubtful; cleanlab estimates that {judgement.wrong:,} are wrong"
    if most < agreed < TRUSTED:
        yield (
            f"  Models that agree with only {percent(agreed)} of labels are often wrong themselves: most of "
            "these doubts are their mistakes, and the estimate is too high; look at the first ones alone"
        )
    for kind in (DUPLICATE, SEVERAL):
        if count := sum(kind in row.kinds for row in rows):
            yield f"  {count:,} rows {SHARED[kind]}"
    if ranked:
        yield from in_columns(ranked[:SHOWN], places)


def in_columns(rows: Sequence[Doubt], places: Mapping[Pair, Sequence[int]]) -> Iterator[str]:
    """Rows as a terminal can show them, in columns."""
    names = [name for name in HEADER if name in COLUMNS and (places or name != "lines")]
    table = [names]
    for row in rows:
        by_name = dict(zip(HEADER, cells(row, places), strict=True))
        table.append([short(str(by_name[name]), COLUMNS[name]) for name in names])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for fields in table:
        yield "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(fields, widths, strict=True)).rstrip()


def short(text: str, width: int) -> str:
    """One line of so many characters at most."""
    line = " ".join(command.printable(text).split())
    return line if len(line) <= width else f"{line[: width - 3]}..."


if __name__ == "__main__":
    command.guard(main)
