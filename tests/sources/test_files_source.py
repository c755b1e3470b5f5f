"""stages.sources.files: a user's own file becomes splits row by row, or is refused with file and line."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages import download
from stages.artifacts.split import Split
from stages.runtime.config import ROOT, InputError, read
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


def line(mine: Source) -> str:
    """The one line with which the source is refused."""
    with pytest.raises(InputError) as refused:
        files.load(mine)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_every_row_of_a_file_is_in_one_split_with_its_own_label(tmp_path: Path, suffix: str) -> None:
    for rows in (FILMS, NEWS, ODD):
        splits = files.load(source(save(tmp_path / f"mine{suffix}", content(rows, suffix))))
        assert Counter(everything(splits)) == Counter(rows)


@pytest.mark.parametrize("suffix", files.SUFFIXES)
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
        assert splits["train"].labels.dtype == np.int16


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


def test_numbers_in_json_are_spelled_as_in_the_file(tmp_path: Path) -> None:
    spelled = ["1", "1.0", "1e999", "-0", "9" * 5000]
    rows = "".join(f'{{"text": {number}, "label": {number}}}\n' * 2 for number in spelled)
    splits = files.load(source(save(tmp_path / "mine.jsonl", rows)))
    assert Counter(everything(splits)) == {(number, number): 2 for number in spelled}


def test_columns_that_are_not_read_may_share_a_name(tmp_path: Path) -> None:
    rows = "".join(f"{text},{label},,\n" for text, label in FILMS)
    splits = files.load(source(save(tmp_path / "mine.csv", "text,label,,\n" + rows)))
    assert Counter(everything(splits)) == Counter(FILMS)


def test_labels_that_differ_only_in_spaces_around_them_are_refused(tmp_path: Path) -> None:
    for label in ("good ", " good", "\tgood", "good\u00a0"):
        text = line(source(save(tmp_path / "a.csv", content([*FILMS, ("film", label)], ".csv"))))
        assert f"labels {label!r} and 'good'" in text


def test_a_column_cannot_be_text_and_label() -> None:
    with pytest.raises(InputError, match=r"sources\.mine\.label: found \"text\", allowed: another column"):
        source(Path("a.csv"), label="text")


def at(path: str) -> Source:
    entry = {"kind": "files", "path": path, "text": "t", "label": "l", "test_fraction": 0}
    return read(Source, entry, "sources.mine")


OURS = [
    ".",
    "..",
    "/",
    str(ROOT),
    "data",
    "data/sources/mine",
    "data/tokens/x.csv",
    "data/manual/../sources/demo",
]
OURS += [
    ".git",
    ".git/config",
    ".dvc",
    ".dvc/cache",
    "stages",
    "stages/sources",
    "conf/models/x.csv",
    "tests",
]
OURS += [
    "reports",
    "reports/metrics",
    "./reports/../reports",
    "data/manual/../../stages",
    str(ROOT / "data" / "a.csv"),
]
NO_PATHS = [
    "",
    "s3://bucket/a.csv",
    "http://x/a.csv",
    "remote://x/a.csv",
    "a\nb.csv",
    "a\0.csv",
    "${seed}.csv",
]


def test_a_path_that_dvc_could_not_depend_on_is_refused() -> None:
    for path in NO_PATHS + OURS:
        with pytest.raises(
            InputError, match=r"^params\.yaml: sources\.mine\.path: found .*, allowed: a file"
        ):
            at(path)


def test_any_other_path_is_accepted_outside_the_repository_too() -> None:
    others = ["a b.csv", "ü.csv", "../a.csv", "data/manual", "data/manual/a.csv", "data.csv", "$(x);'\".csv"]
    for path in [
        *others,
        "-x",
        "#x",
        "mine/data",
        "mine/stages/a.csv",
        "stages.csv",
        "/tmp/conf",
        "../stages",
    ]:
        assert at(path).path == path


def test_blank_lines_between_json_objects_are_no_rows(tmp_path: Path) -> None:
    text = content(FILMS, ".jsonl").replace("\n", "\n\n")
    assert len(everything(files.load(source(save(tmp_path / "mine.jsonl", text))))) == len(FILMS)


def test_a_document_longer_than_the_csv_modules_default_is_read_whole(tmp_path: Path) -> None:
    rows = [("long " * 50_000, "a"), ("b", "b"), ("c", "a"), ("d", "b")]
    splits = files.load(source(save(tmp_path / "mine.csv", content(rows, ".csv"))))
    assert Counter(everything(splits)) == Counter(rows)


def test_the_cut_takes_the_same_share_of_every_label(tmp_path: Path) -> None:
    rows = [(f"text {i}", "rare" if i < 40 else "common") for i in range(400)]
    path = save(tmp_path / "mine.csv", content(rows, ".csv"))
    for fraction in (0.1, 0.25, 0.5):
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


def test_both_parts_of_a_cut_have_every_label_or_the_file_is_refused(tmp_path: Path) -> None:
    for rows, refused in (
        (FILMS, False),
        ([*FILMS, ("one", "odd"), ("two", "odd")], False),
        ([*FILMS, ("x", "odd")], True),
    ):
        path = save(tmp_path / "mine.csv", content(rows, ".csv"))
        for fraction in (0, 0.25, 0.9, 0.99):
            if refused:
                assert "one row is labelled 'odd'" in line(source(path, test_fraction=fraction))
            else:
                splits = files.load(source(path, test_fraction=fraction))
                assert all(set(split.labels) == set(range(len(split.names))) for split in splits.values())


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
    """Rows of any texts, with two rows or more of each label."""
    names = draw(st.lists(FULL, min_size=2, max_size=5, unique_by=str.strip))
    rows = draw(st.lists(st.tuples(FULL, st.sampled_from(names)), max_size=20))
    return [*rows, *((f"{name} {i}", name) for name in names for i in range(2))]


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
        delimiter = files.DELIMITERS[suffix]
        csv.writer(written, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(
            [columns, *rows]
        )
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    for name in ("train", "test"):
        for other in files.SUFFIXES:
            (folder / f"{name}{other}").unlink(missing_ok=True)
        save(folder / f"{name}{suffix}", b"\xef\xbb\xbf" * marked + written.getvalue().encode())
    splits = files.load(source(folder, text=columns[0], label=columns[1]))
    assert pairs(splits["train"]) == pairs(splits["test"]) == rows
    cut = files.load(source(folder / f"train{suffix}", text=columns[0], label=columns[1]))
    assert Counter(everything(cut)) == Counter(rows)


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
        st.sampled_from([b"", content(FILMS, suffix).encode(), content(ODD, suffix).encode("utf-16")])
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


BAD_ROWS: list[tuple[str, str | bytes, int, str]] = [
    ("a.csv", "text,label\na,x\n ,y\n", 3, "empty text"),
    ("a.csv", "text,label\na,\nb,y\n", 2, "empty label"),
    ("a.tsv", "text\tlabel\na\tx\n\ty\n", 3, "empty text"),
    ("a.jsonl", '{"text": "a", "label": "x"}\n\n{"text": "", "label": "y"}\n', 3, "empty text"),
    ("a.csv", "txt,label\na,x\nb,y\n", 2, "no column 'text'; the columns here are: txt, label"),
    ("a.csv", "text;label\na;x\nb;y\n", 2, "no column 'text'"),
    ("a.csv", "text,label\na,x\nb,y,z\n", 3, "more fields than the header's 2 columns"),
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
    ("a.csv", '"te\nxt",label\na,x\n', 3, "no column 'text'"),
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
        told = line(source(save(tmp_path / name, text)))
        assert f"{name}:{number}: " in told and what in told, told


def test_a_file_with_fewer_than_two_labels_is_refused(tmp_path: Path) -> None:
    for text in ("text,label\na,x\nb,x\n", "text,label\n", "", 'text,label\na,"x\ny"\n'):
        assert "allowed: two or more" in line(source(save(tmp_path / "a.csv", text)))


def test_a_label_missing_in_one_file_of_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    for lacking, full in (("train", "test"), ("test", "train")):
        save(tmp_path / f"{lacking}.csv", content([r for r in NEWS if r[1] != "sport"], ".csv"))
        save(tmp_path / f"{full}.csv", content(NEWS, ".csv"))
        assert f"the {lacking} split has no row labelled 'sport'" in line(source(tmp_path))


def test_an_unknown_suffix_is_refused_and_the_known_ones_listed(tmp_path: Path) -> None:
    for name in ("mine.txt", "mine", "mine.csv.gz", "mine.CSV"):
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
        path = save(tmp_path / "a.jsonl", content(rows, ".jsonl") + more)
        assert "a.jsonl:9: half of a surrogate pair" in line(source(path))
