"""stages.sources.files: whatever a file holds, its rows are loaded as written or it is refused."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages import download
from stages.runtime.config import InputError
from stages.sources import files
from stages.texts import tables as table_rows
from tests.sources.tables import (
    FILMS,
    NEWS,
    ODD,
    Rows,
    content,
    everything,
    line,
    pairs,
    save,
    source,
)

LETTERS = [
    *'ab ,"\n\r\t;=+@-\x00\x0b\x85',
    "ß",
    "🎬",
    "e\u0301",
    "\u200f\u05d0",
    "\ufeff",
    "\u2028",
    "\ud7ff",
    "\U0010ffff",
    "x" * 500,
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.sampled_from(LETTERS), max_size=8).map("".join),
    st.sampled_from(
        ["=1+1", "@SUM(A1)", "null", "NaN", "{}", "[1]", '"', "\\ud800", "\\", "# a", "a,b", "label"]
    ),
)
FULL = TEXTS.filter(str.strip)


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Rows of any texts, with three rows or more of each label: one of them may be a test text."""
    names = draw(st.lists(FULL, min_size=2, max_size=5, unique_by=str.strip))
    rows = draw(st.lists(st.tuples(FULL, st.sampled_from(names)), max_size=20))
    return [*rows, *((f"{name} {i}", name) for name in names for i in range(3))]


@settings(max_examples=80)
@given(
    rows=tables(),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    columns=st.lists(FULL, min_size=2, max_size=2, unique=True),
    marked=st.booleans(),
    plain=st.booleans(),
)
def test_what_the_csv_and_json_modules_wrote_is_what_is_loaded_row_by_row(
    tmp_path: Path, rows: Rows, suffix: str, ends: str, columns: list[str], marked: bool, plain: bool
) -> None:
    assume(marked or not columns[0].startswith("\ufeff"))  # else it is the file's byte-order mark
    written = io.StringIO(newline="")
    if suffix == ".jsonl":
        for row in rows:
            written.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=plain) + ends)
    else:
        # with "\n" alone at the ends of lines the module leaves a "\r" in a field unquoted
        quoting: Literal[0, 1] = csv.QUOTE_MINIMAL if plain and ends == "\r\n" else csv.QUOTE_ALL
        delimiter = table_rows.DELIMITERS[suffix]
        csv.writer(written, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(
            [columns, *rows]
        )
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    for name in ("train", "test"):
        for other in table_rows.SUFFIXES:
            (folder / f"{name}{other}").unlink(missing_ok=True)
        save(folder / f"{name}{suffix}", b"\xef\xbb\xbf" * marked + written.getvalue().encode())
    quoted = {"quoting": True} if suffix == ".tsv" else {}
    splits = files.load(source(folder, text=columns[0], label=columns[1], **quoted))
    stripped = [(text, label.strip()) for text, label in rows]
    assert pairs(splits["train"]) == pairs(splits["test"]) == stripped
    cut = files.load(source(folder / f"train{suffix}", text=columns[0], label=columns[1], **quoted))
    assert Counter(everything(cut)) == Counter(stripped)


DAMAGE = [
    b'"',
    b'"a""',
    b"\n",
    b"\r",
    b",",
    b"\t",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"[" * 9999,
    b"9" * 9999,
]
DAMAGE += [
    b"text,label\n",
    b'{"text": "a", "label": 1e999}\n',
    b'{"text": NaN, "label": "a"}\n',
    b'{"text": {}, "label": []}\n',
]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_many_rows_and_a_line_of_millions_of_characters_are_all_there(tmp_path: Path, suffix: str) -> None:
    rows = [(f"text {i}", str(i % 3)) for i in range(50_000)]
    rows.append(("long " * 500_000, "0"))
    splits = files.load(source(save(tmp_path / f"mine{suffix}", content(rows, suffix))))
    assert Counter(everything(splits)) == Counter(rows)


@settings(max_examples=150)
@given(data=st.data(), suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_a_damaged_file_is_loaded_or_refused_in_one_line(
    tmp_path: Path, data: st.DataObject, suffix: str
) -> None:
    whole = data.draw(
        st.sampled_from(
            [b"", str(content(FILMS, suffix)).encode(), str(content(ODD, suffix)).encode("utf-16")]
        )
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole)))
        more = data.draw(st.binary(max_size=6) | st.sampled_from(DAMAGE))
        whole = whole[:at] + more + whole[at + data.draw(st.sampled_from([0, 1, 9])) :]
    try:
        splits = files.load(source(save(tmp_path / f"mine{suffix}", whole)))
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1 and len(str(refused)) < 1000
    else:
        download.verify("mine", splits, {})
        download.write(tmp_path, splits)


PACKED = {
    ".csv.gz": gzip.compress(str(content(FILMS * 9, ".csv")).encode(), mtime=0),
    ".parquet": bytes(content(FILMS * 9, ".parquet")),  # type: ignore[arg-type]
    ".xlsx": bytes(content(FILMS * 9, ".xlsx")),  # type: ignore[arg-type]
}


@settings(max_examples=150)
@given(data=st.data(), suffix=st.sampled_from(sorted(PACKED)))
def test_so_is_one_that_is_packed(tmp_path: Path, data: st.DataObject, suffix: str) -> None:
    whole = bytearray(PACKED[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + 9] = data.draw(st.binary(min_size=1, max_size=9))
    try:
        files.load(source(save(tmp_path / f"mine{suffix}", bytes(whole))))
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1 and len(str(refused)) < 1000


BAD_ROWS: list[tuple[str, str | bytes, int, str]] = [
    ("a.csv", "text,label\na,x\n ,y\n", 3, "empty text"),
    ("a.csv", "text,label\na,\nb,y\n", 2, "empty label"),
    ("a.tsv", "text\tlabel\na\tx\n\ty\n", 3, "empty text"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n\n{"text": "", "label": "y"}\n', 3, "empty text"),
    ("a.csv", "txt,label\na,x\nb,y\n", 1, "no column 'text'; the columns here are: txt, label"),
    ("a.csv", "text;label\na;x\nb;y\n", 1, "no column 'text'"),
    ("a.csv", "text,label\na,x\nb,y,z\n", 3, "more fields than the 2 columns"),
    ("a.csv", "text,label\na,x\nb\n", 3, "'label'"),
    ("a.csv", 'text,label\na,x\n"b,y\n', 3, "unexpected end of data"),
    ("a.csv", 'text,label\n"a"b,x\nb,y\n', 2, "expected after"),
    ("a.csv", b"text,label\na,x\n\xff,y\n", 3, "UTF-8"),
    ("a.tsv", b"\xff\xfet\x00", 1, "UTF-8"),
    ("a.jsonl", b'{"text": "a", "label": "x"}\n{"text": "\xe9", "label": "y"}\n', 2, "UTF-8"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b",\n', 2, "not a JSON object"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n["b", "y"]\n', 2, "found list"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n"b"\n', 2, "found str"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b"}\n', 2, "no column 'label'"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": null, "label": "y"}\n', 2, "'text'"),
    ("a.csv", '"te\nxt",label\na,x\n', 2, "no column 'text'"),
    ("a.csv", "text,label,text\na,x,b\n", 1, "two columns 'text'"),
    ("a.tsv", "label\ttext\tlabel\na\tx\tb\n", 1, "two columns 'label'"),
    ("a.jsonl", '{"text": "a", "label": "x", "label": "y"}\n', 1, "there twice"),
    ("a.jsonl", '{"text": "a", "label": NaN}\n', 1, "NaN is no number"),
    ("a.jsonl", '{"text": "a", "label": ["x"]}\n', 1, "'label' is a list, allowed: a string"),
    ("a.jsonl", '{"text": {"a": 1}, "label": "x"}\n', 1, "'text' is a dict"),
    ("a.jsonl", "[" * 10**6, 1, "not a JSON object"),
    ("a.csv", "text,label\na,x\nb,y\n".encode("utf-16"), 1, "save the file as UTF-8"),
    ("a.jsonl", '{"text": "a", "label": "x"}'.encode("utf-16"), 1, "save the file as UTF-8"),
]


def test_a_row_that_cannot_be_used_is_refused_with_file_and_line(tmp_path: Path) -> None:
    for name, text, number, what in BAD_ROWS:
        refusal = line(source(save(tmp_path / name, text)))
        assert f"{name}:{number}: " in refusal and what in refusal, refusal


def test_a_file_with_fewer_than_two_labels_is_refused(tmp_path: Path) -> None:
    for text in ("text,label\na,x\nb,x\n", "text,label\n", "", 'text,label\na,"x\ny"\n'):
        assert "allowed: two or more" in line(source(save(tmp_path / "a.csv", text)))


def test_a_label_missing_in_one_file_of_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    for lacking, full in (("train", "test"), ("test", "train")):
        save(tmp_path / f"{lacking}.csv", content([r for r in NEWS if r[1] != "sport"], ".csv"))
        save(tmp_path / f"{full}.csv", content(NEWS, ".csv"))
        assert f"the {lacking} split has no row labelled 'sport'" in line(source(tmp_path))


def test_an_unknown_suffix_is_refused_and_the_known_ones_listed(tmp_path: Path) -> None:
    for name in ("mine.txt", "mine", "mine.gz", "mine.xls"):
        assert ".csv, .tsv, .jsonl, .json, .parquet, .xlsx" in line(
            source(save(tmp_path / name, content(FILMS, ".csv")), split={"test": 0.2})
        )


def test_a_missing_file_is_refused_by_name_and_where_to_mend_it(tmp_path: Path) -> None:
    text = line(source(tmp_path / "none.csv"))
    assert "none.csv" in text
    assert "mend `path` in its entry in conf/" in text


def test_a_folder_without_one_of_the_files_is_refused_and_the_names_listed(tmp_path: Path) -> None:
    save(tmp_path / "train.csv", content(FILMS, ".csv"))
    assert "found 0 files for the test split" in line(source(tmp_path))
    assert "test.csv, test.tsv, test.jsonl" in line(source(tmp_path))


def test_a_folder_with_two_files_for_a_split_is_refused(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv"):
        save(tmp_path / name, content(FILMS, ".csv"))
    save(tmp_path / "test.tsv", content(FILMS, ".tsv"))
    assert "found 2 files for the test split" in line(source(tmp_path))


def test_a_missing_column_value_is_not_called_a_missing_column(tmp_path: Path) -> None:
    text = line(source(save(tmp_path / "a.csv", "text,label\na,x\nb\n")))
    assert "no column 'label'; the columns here are: text, label" not in text


def test_more_labels_than_the_table_can_number_are_refused(tmp_path: Path) -> None:
    for count, refused in ((32_767, False), (32_768, True)):
        rows = [(f"text {i}", f"label {i % count}") for i in range(4 * count)]
        mine = source(save(tmp_path / "a.csv", content(rows, ".csv")))
        if refused:
            assert "found 32768 labels, allowed: 32,767" in line(mine)
        else:
            assert Counter(everything(files.load(mine))) == Counter(rows)


def test_half_of_a_surrogate_pair_in_json_is_refused(tmp_path: Path) -> None:
    rows = [(f"text {i}", "ab"[i % 2]) for i in range(8)]
    for more in ('{"text": "cut off \\ud83d", "label": "a"}\n', '{"text": "a", "label": "\\udc00"}\n'):
        path = save(tmp_path / "a.jsonl", str(content(rows, ".jsonl")) + more)
        assert "a.jsonl:9: half of a surrogate pair" in line(source(path))
