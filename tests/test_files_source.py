"""stages.sources.files: a user's own file becomes splits row by row, or is refused with file and line."""

import csv
import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.download import write
from stages.lib.arrays import Split
from stages.lib.config import InputError, read
from stages.sources import files
from stages.sources.files import Source

Rows = list[tuple[str, str]]

FILMS: Rows = [(f"film {i}", "good" if i % 3 else "bad") for i in range(12)]
NEWS: Rows = [(f"story {i}", ["world", "arts", "sport"][i % 3]) for i in range(30)]
ODD: Rows = [
    ('quoted "words", and commas', "a"),
    ("two\nlines", "b"),
    ("tab\tand ünïcode 🎬", "a"),
    (" spaces around ", "b"),
    ("'single', `back`, \\slash", "a"),
    ("line\u2028separator\x85and\x0bmore", "b"),
]


def source(path: Path, **changes: Any) -> Source:
    entry = {"kind": "files", "path": str(path), "text": "text", "label": "label", "test_fraction": 0.25}
    return read(Source, entry | changes, "sources.mine")


def delimited(rows: Rows, header: tuple[str, str] = ("text", "label"), delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([header, *rows])
    return text.getvalue()


def content(rows: Rows, suffix: str) -> str:
    if suffix == ".jsonl":
        return "".join(json.dumps({"text": t, "label": n}, ensure_ascii=False) + "\n" for t, n in rows)
    return delimited(rows, delimiter="," if suffix == ".csv" else "\t")


def save(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def pairs(split: Split) -> Rows:
    return [(t, split.names[i]) for t, i in zip(split.texts, split.labels, strict=True)]


def everything(splits: dict[str, Split]) -> Rows:
    return [*pairs(splits["train"]), *pairs(splits["test"])]


def line(found: Source) -> str:
    """The one line with which the source is refused."""
    with pytest.raises(InputError) as refused:
        files.load(found)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
@pytest.mark.parametrize("rows", [FILMS, NEWS, ODD], ids=["two classes", "three classes", "odd texts"])
def test_every_row_of_a_file_is_in_one_split_with_its_own_label(
    tmp_path: Path, rows: Rows, suffix: str
) -> None:
    splits = files.load(source(save(tmp_path / f"mine{suffix}", content(rows, suffix))))
    assert Counter(everything(splits)) == Counter(rows)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_folder_gives_its_two_files_in_their_order(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"train{suffix}", content(NEWS[:21], suffix))
    save(tmp_path / f"test{suffix}", content(NEWS[21:], suffix))
    splits = files.load(source(tmp_path))
    assert pairs(splits["train"]) == NEWS[:21]
    assert pairs(splits["test"]) == NEWS[21:]


def test_the_two_files_of_a_folder_may_differ_in_format(tmp_path: Path) -> None:
    save(tmp_path / "train.csv", content(NEWS[:21], ".csv"))
    save(tmp_path / "test.jsonl", content(NEWS[21:], ".jsonl"))
    assert everything(files.load(source(tmp_path))) == NEWS


def test_labels_are_numbered_in_alphabetical_order_wherever_they_come_first(tmp_path: Path) -> None:
    for rows in (NEWS, NEWS[::-1]):
        splits = files.load(source(save(tmp_path / "mine.csv", content(rows, ".csv"))))
        assert splits["train"].names == splits["test"].names == ["arts", "sport", "world"]
        assert splits["train"].labels.dtype == np.int8


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, suffix: str) -> None:
    text = content(FILMS, suffix).replace("\r\n", "\n")
    plain = files.load(source(save(tmp_path / f"plain{suffix}", text)))
    marked = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert everything(files.load(source(save(tmp_path / f"marked{suffix}", marked)))) == everything(plain)


def test_columns_are_found_by_name_wherever_they_are(tmp_path: Path) -> None:
    rows = "".join(f"{i},{label},{text}\n" for i, (text, label) in enumerate(FILMS))
    path = save(tmp_path / "mine.csv", "id,the verdict,Review\n" + rows)
    splits = files.load(source(path, text="Review", label="the verdict"))
    assert Counter(everything(splits)) == Counter(FILMS)


def test_labels_that_are_numbers_or_truth_values_in_json_become_names(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"text": f"t{i}", "label": i % 2}) + "\n" for i in range(8))
    splits = files.load(source(save(tmp_path / "mine.jsonl", rows)))
    assert splits["train"].names == ["0", "1"]


def test_blank_lines_between_json_objects_are_no_rows(tmp_path: Path) -> None:
    text = content(FILMS, ".jsonl").replace("\n", "\n\n")
    assert len(everything(files.load(source(save(tmp_path / "mine.jsonl", text))))) == len(FILMS)


def test_a_document_longer_than_the_csv_modules_default_is_read_whole(tmp_path: Path) -> None:
    rows = [("long " * 50_000, "a"), ("b", "b"), ("c", "a"), ("d", "b")]
    splits = files.load(source(save(tmp_path / "mine.csv", content(rows, ".csv"))))
    assert Counter(everything(splits)) == Counter(rows)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_the_cut_takes_the_same_share_of_every_label(tmp_path: Path, fraction: float) -> None:
    rows = [(f"text {i}", "rare" if i < 40 else "common") for i in range(400)]
    path = save(tmp_path / "mine.csv", content(rows, ".csv"))
    test = files.load(source(path, test_fraction=fraction))["test"]
    counted = Counter(label for _, label in pairs(test))
    assert counted == {"rare": round(40 * fraction), "common": round(360 * fraction)}


def test_the_cut_keeps_the_files_order_and_is_the_same_every_time(tmp_path: Path) -> None:
    path = save(tmp_path / "mine.csv", content(NEWS, ".csv"))
    first, second = files.load(source(path)), files.load(source(path))
    for name in ("train", "test"):
        assert pairs(first[name]) == pairs(second[name])
        places = [NEWS.index(row) for row in pairs(first[name])]
        assert places == sorted(places)


@pytest.mark.parametrize("fraction", [0, 0.25, 0.9, 0.99])
def test_both_parts_of_a_cut_have_every_label_or_the_file_is_refused(tmp_path: Path, fraction: float) -> None:
    rows = [*FILMS, ("the only one", "odd")]
    path = save(tmp_path / "mine.csv", content(rows, ".csv"))
    try:
        splits = files.load(source(path, test_fraction=fraction))
    except InputError as refused:
        assert "\n" not in str(refused)
    else:
        assert all(set(split.labels) == {0, 1, 2} for split in splits.values())


@pytest.mark.parametrize("seed", range(20))
def test_no_row_ever_gets_another_rows_label(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    names = ["x", "y, z", 'q"', "ü", "a\tb"][: rng.randint(2, 5)]
    letters = 'ab ,"\n\r\t;ß🎬\u2028\x00'
    rows = [
        (f"{i}" + "".join(rng.choices(letters, k=rng.randint(0, 9))), rng.choice(names)) for i in range(80)
    ]
    rows += [(f"{name} once more {i}", name) for name in names for i in range(2)]
    rng.shuffle(rows)
    suffix = rng.choice([".csv", ".tsv", ".jsonl"])
    path = save(tmp_path / f"mine{suffix}", content(rows, suffix))
    splits = files.load(source(path, test_fraction=rng.choice([0.1, 0.3, 0.5])))
    assert Counter(everything(splits)) == Counter(rows)


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("a.csv", "text,label\na,x\n ,y\n", ":3: ", "empty text"),
        ("a.csv", "text,label\na,\nb,y\n", ":2: ", "empty label"),
        ("a.tsv", "text\tlabel\na\tx\n\ty\n", ":3: ", "empty text"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n\n{"text": "", "label": "y"}\n', ":3: ", "empty text"),
        ("a.csv", "txt,label\na,x\nb,y\n", ":2: ", "no column 'text'; the columns here are: txt, label"),
        ("a.csv", "text;label\na;x\nb;y\n", ":2: ", "no column 'text'"),
        ("a.csv", "text,label\na,x\nb,y,z\n", ":3: ", "more fields than the header's 2 columns"),
        ("a.csv", "text,label\na,x\nb\n", ":3: ", "'label'"),
        ("a.csv", 'text,label\na,x\n"b,y\n', ":3: ", "unexpected end of data"),
        ("a.csv", 'text,label\n"a"b,x\nb,y\n', ":2: ", "expected after"),
        ("a.csv", b"text,label\na,x\n\xff,y\n", ":3: ", "UTF-8"),
        ("a.tsv", b"\xff\xfet\x00", ":1: ", "UTF-8"),
        ("a.jsonl", b'{"text": "a", "label": "x"}\n{"text": "\xe9", "label": "y"}\n', ":2: ", "UTF-8"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b",\n', ":2: ", "not a JSON object"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n["b", "y"]\n', ":2: ", "found list"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n"b"\n', ":2: ", "found str"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b"}\n', ":2: ", "no column 'label'"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": null, "label": "y"}\n', ":2: ", "'text'"),
        ("a.csv", '"te\nxt",label\na,x\n', ":3: ", "no column 'text'"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_file_and_line(
    tmp_path: Path, name: str, text: str | bytes, where: str, what: str
) -> None:
    found = line(source(save(tmp_path / name, text)))
    assert f"{name}{where}" in found
    assert what in found


@pytest.mark.parametrize("text", ["text,label\na,x\nb,x\n", "text,label\n", "", 'text,label\na,"x\ny"\n'])
def test_a_file_with_fewer_than_two_labels_is_refused(tmp_path: Path, text: str) -> None:
    assert "allowed: two or more" in line(source(save(tmp_path / "a.csv", text)))


@pytest.mark.parametrize(("lacking", "full"), [("train", "test"), ("test", "train")])
def test_a_label_missing_in_one_file_of_a_folder_is_refused_by_name(
    tmp_path: Path, lacking: str, full: str
) -> None:
    save(tmp_path / f"{lacking}.csv", content([r for r in NEWS if r[1] != "sport"], ".csv"))
    save(tmp_path / f"{full}.csv", content(NEWS, ".csv"))
    assert f"the {lacking} split has no row labelled 'sport'" in line(source(tmp_path))


@pytest.mark.parametrize("name", ["mine.txt", "mine", "mine.csv.gz", "mine.CSV"])
def test_an_unknown_suffix_is_refused_and_the_known_ones_listed(tmp_path: Path, name: str) -> None:
    assert ".csv, .tsv, .jsonl" in line(source(save(tmp_path / name, content(FILMS, ".csv"))))


def test_a_missing_file_is_refused_by_name_and_where_to_mend_it(tmp_path: Path) -> None:
    text = line(source(tmp_path / "none.csv"))
    assert "none.csv" in text
    assert "conf/source" in text


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
    rows = [(f"text {i}", f"label {i % 150}") for i in range(600)]
    try:
        splits = files.load(source(save(tmp_path / "a.csv", content(rows, ".csv"))))
    except InputError as refused:
        assert "150" in str(refused)
    else:
        assert Counter(everything(splits)) == Counter(rows)


def test_half_of_a_surrogate_pair_in_json_is_refused_or_can_be_written(tmp_path: Path) -> None:
    rows = [(f"text {i}", "ab"[i % 2]) for i in range(8)]
    text = content(rows, ".jsonl") + '{"text": "cut off \\ud83d", "label": "a"}\n'
    path = save(tmp_path / "a.jsonl", text)
    try:
        splits = files.load(source(path))
    except InputError as refused:
        assert "a.jsonl:9: " in str(refused)
    else:
        write(tmp_path, splits)
