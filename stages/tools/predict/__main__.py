"""Labels for texts, by a trained recipe; a text a line on standard input if none is given, or the rows of a
table.

Prints label, probability and text, separated by tabs; with --json an object a line that also has the
probability of every label, and whether anything of the text is `known`. Texts are UTF-8. Below --threshold it
abstains, and of an empty text: the label is empty, or null; the right half of a comparison's reliability.svg
says what that brings. Notes on standard error say where that means little, as probabilities are not
calibrated, and of how many texts no word was learned.

Of a table (CSV, TSV, JSON, JSON Lines, Parquet or .xlsx, also .gz) all columns are kept, as CSV or, with
--json, as JSON Lines, where numbers are strings as the table spells them. Its texts are in the columns that
the recipe's own source has them in, or in those of --column. It is read by what it begins with, and where
that leaves several ways, as the recipe's own source is.

However many texts there are, a few thousand are in memory at a time; but a table as .json or .xlsx is read
whole: for millions of rows, take JSON Lines, CSV or Parquet.

Examples: python -m stages.tools.predict demo-lstm "The plot is not dull but good."
          python -m stages.tools.predict demo-lstm --threshold 0.9 "The plot is dull."
          python -m stages.tools.predict demo-lstm --json < texts.txt
          python -m stages.tools.predict tickets-svm --explain "Where is my invoice?"
          python -m stages.tools.predict tickets-svm --table tickets.csv --top 3 > labelled.csv
          python -m stages.tools.predict tickets-svm --table tickets.csv --column subject --column body
          zcat tickets.jsonl.gz | python -m stages.tools.predict tickets-svm --json --table -
"""

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.runtime import command
from stages.runtime.config import InputError
from stages.study.params import one_of, params, trained_recipes
from stages.tools.answering import answers
from stages.tools.answering.options import count, encoding, share
from stages.tools.answering.resident import Resident, note_a_guess, note_doubt, note_guesses
from stages.tools.predict import own_table

if TYPE_CHECKING:
    from stages.tools.answering.attribution import Explain

CHUNK = 2048  # texts that are in memory, and answered, at a time


@dataclass
class Tally:
    """How many texts were answered, and how many of them have words, but none that was learned."""

    texts: int = 0
    strange: int = 0


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    help_text = "texts; without any, each line of standard input is one"
    parser.add_argument("text", nargs="*", default=[], help=help_text)
    parser.add_argument("--json", action="store_true", help="print a JSON object per text")
    parser.add_argument(
        "--threshold", type=share, default=0.0, metavar="P", help="the least probability of a label given"
    )
    parser.add_argument("--top", type=count, default=1, metavar="N", help="the N most probable labels")
    parser.add_argument("--explain", action="store_true", help="below each text, the words that decided")
    parser.add_argument(
        "--table", help=f"a table of texts, whose columns are kept; {own_table.PIPED}: on standard input"
    )
    parser.add_argument("--encoding", type=encoding, help="its encoding, as cp1252 (default: it is guessed)")
    parser.add_argument(
        "--column", action="append", default=[], help="its column of texts; again for each that makes a text"
    )
    options = parser.parse_intermixed_args()  # texts may stand on both sides of --json
    recipes = trained_recipes()
    recipe = one_of(options.recipe, recipes, "recipes")  # before it waits for texts
    if (options.column and not options.table) or (options.table and options.text):
        raise InputError(
            "--table: found with texts, or --column without it, allowed: --table FILE, or --table FILE "
            "--column NAME"
        )
    if options.encoding and not options.table:
        raise InputError("--encoding: found without --table, allowed: with it; texts are UTF-8")
    if options.table and options.explain:
        raise InputError("--explain: found with --table, allowed: with texts; leave one of them out")
    if options.table:
        options.source = source_of(recipes[recipe])
        options.column = columns(options.column, learned_from(options.source))
    classifier = Resident(recipe, recipes)
    note_doubt(recipe, classifier)
    options.words = explaining(recipe, recipes, classifier) if options.explain else None
    tally = Tally()
    lines = of_table if options.table else of_texts
    for line in lines(classifier, options, tally):
        sys.stdout.buffer.write(line.encode())
    if not options.text:  # else each of them has a note of its own
        note_guesses(recipe, tally.texts, tally.strange)


def explaining(recipe: str, recipes: Mapping[str, Any], classifier: Resident) -> "Explain":
    """What finds the words that decided; imported for those who ask for it."""
    from stages.tools.answering import attribution

    return attribution.explaining(recipe, recipes, classifier)


def source_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of the source that a recipe learned from."""
    entries = params()
    source: dict[str, Any] = entries["sources"][entries["corpora"][recipe["corpus"]]["source"]]
    return source


def learned_from(source: Mapping[str, Any]) -> list[str]:
    """The columns that the texts of a source are made of; none if it is no table."""
    text = source.get("text")
    return [text] if isinstance(text, str) else text or []


def columns(asked: Sequence[str], stated: Sequence[str]) -> list[str]:
    """Those that are asked for, or else the source's own; as many as the recipe learned from."""
    if not asked and not stated:
        raise InputError("--column: found none, allowed: the table's column of texts; add --column NAME")
    if asked and len(stated) > 1 and len(asked) != len(stated):
        raise InputError(
            f"--column: found {', '.join(asked)}, allowed: {len(stated)} columns, as the recipe learned from "
            f"texts of {', '.join(stated)}; name --column {len(stated)} times, or leave it out"
        )
    return [*(asked or stated)]


def of_texts(classifier: Resident, options: argparse.Namespace, tally: Tally) -> Iterator[str]:
    """What is printed for the texts on the command line, or on standard input. tally: is counted on."""
    if options.text:
        # all are refused before one is answered
        texts = iter([*decoded(map(os.fsencode, options.text), "text")])
    else:
        lines = decoded(sys.stdin.buffer, "standard input, line")
        texts = (text.rstrip("\r\n") for text in lines)
    how = options.json, options.threshold, options.top
    for text, shares, known in answered(classifier, ((text, text) for text in texts), tally):
        words, note = None, None
        if options.text and known is False:
            note_a_guess(text)
        if options.words and shares is not None:
            words, note = options.words(text, int(shares.argmax()))
        yield answers.line(text, classifier.labels, shares, known, *how, words, note) + "\n"


def of_table(classifier: Resident, options: argparse.Namespace, tally: Tally) -> Iterator[str]:
    """The rows of the table with what is said of them: `predicted`, `probability`; of the next labels
    `predicted_2`, `probability_2`, and so on."""
    with own_table.opened(options.table) as path:
        yield from of_rows(classifier, path, options, tally)


def of_rows(classifier: Resident, path: Path, options: argparse.Namespace, tally: Tally) -> Iterator[str]:
    added = [*answers.by_column(classifier.labels, None, options.threshold, options.top)]
    how = own_table.format_of(path, options.column, options.source, options.encoding)
    own_table.check(path, how, options.column)
    header = own_table.header(path, how)
    if header and not options.json:
        yield comma_separated([*header, *added])
    rows = own_table.rows(path, how, options.column, added)
    for (number, row), shares, _ in answered(classifier, rows, tally):
        record = row | answers.by_column(classifier.labels, shares, options.threshold, options.top)
        if options.json:
            line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
            own_table.refuse_half(path, number, line)
            yield line
            continue
        if not header:
            header = [*row]
            yield comma_separated([*header, *added])
        if more := [name for name in row if name not in header]:
            raise InputError(
                f"{path}:{number}: found a column {more[0]!r}, allowed: those of the first row, "
                f"{', '.join(header)[:200]}; add --json, which keeps each row's own columns"
            )
        line = comma_separated(record.get(name) for name in [*header, *added])
        own_table.refuse_half(path, number, line)
        yield line


def answered(
    classifier: Resident, texts: Iterable[tuple[Any, str]], tally: Tally
) -> Iterator[tuple[Any, np.ndarray | None, bool | None]]:
    """What stands beside each text, the probabilities of its labels, float64[labels], and whether anything of
    it was learned; None for an empty one. tally: is counted on."""
    from tqdm import tqdm

    remaining = iter(texts)
    with tqdm(unit=" texts", disable=None, delay=2) as bar:  # for a terminal, once it takes time
        while chunk := list(islice(remaining, CHUNK)):
            tally.texts += len(chunk)
            shares, known = classifier.answers([text for _, text in chunk])
            for (beside, text), probabilities, knows in zip(chunk, shares, known.tolist(), strict=True):
                if text.strip():
                    tally.strange += not knows
                    yield beside, probabilities, knows
                else:
                    yield beside, None, None
            bar.update(len(chunk))


def decoded(texts: Iterable[bytes], where: str) -> Iterator[str]:
    """Texts from UTF-8; `where` they are from goes before a number in the line that refuses one."""
    for number, text in enumerate(texts, start=1):
        try:
            yield text.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where} {number}: not UTF-8 ({error.reason}); give it as UTF-8") from None


def comma_separated(fields: Iterable[object]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(map(cell, fields))  # quotes "\r", too
    return text.getvalue().removesuffix("\r\n") + "\n"


def cell(value: object) -> object:
    """Objects and lists as JSON, what is not there as nothing."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else value


if __name__ == "__main__":
    command.guard(main)
