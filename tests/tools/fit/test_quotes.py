"""A quote that nobody closed is told from a text of many lines."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import from_folder, from_table, look
from tests.sources.tables import delimited, everything, pairs, save

ROWS = [(f"the {i}th ticket says something", ["sales", "support"][i % 2]) for i in range(200)]
PARAGRAPH = (
    "Dear all, I am writing as the invoice, sent in May, is wrong.\n\nYours,\nJo, sales\nAcme, support\n"
)


def unclosed(path: Path, first: int, last: int | None, quoted: bool = False) -> Path:
    """A table whose rows, counted from one, have a quote before one text and after another."""
    lines = ["body,team", *(f"{text},{label}" for text, label in ROWS)]
    lines[first] = '"' + lines[first]
    if last:
        lines[last] = lines[last].replace(",", '",')
    if quoted:  # which ends what is open, and is an error there
        lines[180] = f'"{ROWS[179][0]}, too",{ROWS[179][1]}'
    return save(path, "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("first", "last", "quoted", "end"),
    [(20, 150, False, 151), (20, None, False, 201), (3, None, False, 201), (20, None, True, 181)],
)
def test_rows_inside_a_quote_are_not_passed_over(
    tmp_path: Path, first: int, last: int | None, quoted: bool, end: int
) -> None:
    path = unclosed(tmp_path / "a.csv", first, last, quoted)
    words = (
        rf"a\.csv:{first + 1}: found a quote that is open until line {end}, over \d+ lines that look like "
    )
    with pytest.raises(InputError, match=words):
        look.look(path)


def test_nor_are_those_of_a_test_split(tmp_path: Path) -> None:
    train, test = save(tmp_path / "train.csv", delimited(ROWS)), unclosed(tmp_path / "test.csv", 20, 150)
    test.write_text(test.read_text(encoding="utf-8").replace("body,team", "text,label"), encoding="utf-8")
    with pytest.raises(InputError, match=r"test\.csv:21: found a quote that is open"):
        from_table.data_set(train, None, None, test)
    with pytest.raises(InputError, match=r"test\.csv:21: found a quote that is open"):
        from_folder.data_set(tmp_path, None, None, None)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_texts_of_many_lines_are_read(tmp_path: Path, suffix: str) -> None:
    rows = [(text + PARAGRAPH * 20 if i % 7 == 0 else text, label) for i, (text, label) in enumerate(ROWS)]
    rows[0] = ("what I sent:\n" + "".join(f"{text},{label}\n" for text, label in ROWS[:4]), "sales")
    if suffix == ".tsv":
        rows = [(text.replace("\n", ' "'), label) for text, label in rows]
        path = save(tmp_path / "a.tsv", "".join("\t".join(row) + "\n" for row in [("text", "label"), *rows]))
    else:
        content = "\n" * 30 + delimited(rows, delimiter=",") if suffix == ".csv" else jsonl(rows)
        path = save(tmp_path / f"a{suffix}", content)
    data = from_table.data_set(path, None, None, None)
    assert [*zip(data.texts, data.labels, strict=True)] == rows
    splits = files.load(read(files.Source, data.entry("a"), "sources.a"))
    assert sorted(pairs(splits["train"]) + pairs(splits["test"])) == sorted(rows)


ODD = ['she said "now", twice', "two\nlines", "a\ttab", "plain"]


@pytest.mark.parametrize("odd", [[], ODD[:1], ODD[1:2], ODD])
@pytest.mark.parametrize("by", ["python", "pandas", "every field"])
def test_tsv_with_quotes_is_read_with_quotes_by_fit_and_by_what_it_writes(
    tmp_path: Path, odd: list[str], by: str
) -> None:
    rows = [*ROWS, *((text, "sales") for text in odd)]
    if by == "pandas":
        pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    else:
        with (tmp_path / "a.tsv").open("w", newline="") as file:
            csv.writer(
                file, delimiter="\t", quoting=csv.QUOTE_ALL if by == "every field" else csv.QUOTE_MINIMAL
            ).writerows([("text", "label"), *rows])
    data = from_table.data_set(tmp_path / "a.tsv", None, None, None)
    assert [*zip(data.texts, data.labels, strict=True)] == rows
    source = read(files.Source, data.entry("mine"), "sources.mine")
    assert sorted(everything(files.load(source))) == sorted(rows)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("odd", ["train", "test"])
def test_a_test_split_may_have_the_quotes_that_train_has_not_or_lack_them(
    tmp_path: Path, odd: str, every: bool
) -> None:
    rows = {
        name: [(f"the {i}th ticket of {name}", "ab"[i % 2]) for i in range(40)] for name in ("train", "test")
    }
    rows[odd].append(('she said "now"', "a"))
    for name, own in rows.items():
        with (tmp_path / f"{name}.tsv").open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL)
            writer.writerows([("text", "label"), *own])
    data = from_table.data_set(tmp_path / "train.tsv", None, None, tmp_path / "test.tsv")
    assert [*zip(data.texts, data.labels, strict=True)] == rows["train"]
    assert data.tests == [text for text, _ in rows["test"]]


@pytest.mark.parametrize("text", ['"whole"', '"and', 'and"', '"a" and "b"', 'a ""b"" c', '"'])
def test_tsv_without_quotes_keeps_those_that_its_texts_have(tmp_path: Path, text: str) -> None:
    rows = [*ROWS[:50], (text, "sales"), *ROWS[50:], (text, "support")]
    save(tmp_path / "a.tsv", "".join("\t".join(row) + "\n" for row in [("text", "label"), *rows]))
    data = from_table.data_set(tmp_path / "a.tsv", None, None, None)
    assert [*zip(data.texts, data.labels, strict=True)] == rows and "quoting" not in data.entry("mine")


def jsonl(rows: list[tuple[str, str]]) -> str:
    import json

    return ("\n" * 9).join(json.dumps({"text": text, "label": label}) for text, label in rows)
