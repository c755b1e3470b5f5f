"""A text is where a person finds it: on a line of the user's table, in a file, or in the study's table."""

from pathlib import Path

import pytest

from stages.tools.report import places
from tests.sources.tables import ODD, content, save, source


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet"])
def test_lines_are_those_of_the_user_s_table(tmp_path: Path, suffix: str) -> None:
    """A row counts where it ends: the second of ODD takes two lines of a CSV file."""
    rows = [*ODD, ODD[0], (ODD[0][0], "b")]
    path = save(tmp_path / f"mine{suffix}", content(rows, suffix))
    where = places.lines(source(path), "train", [*ODD, ("not there", "a")])
    whole = suffix == ".csv"
    start = 2 if whole else 1
    assert where[ODD[0]] == [start, len(ODD) + start + whole]
    assert where[ODD[1]] == [start + 1 + whole]
    assert (ODD[0][0], "b") not in where and ("not there", "a") not in where


def test_lines_are_those_of_the_split_s_own_file_and_of_text_files_there_are_none(tmp_path: Path) -> None:
    for split, label in (("train", "a"), ("test", "b")):
        save(tmp_path / f"{split}.csv", content([("x", label), ("y", label)], ".csv"))
    assert places.lines(source(tmp_path), "test", [("y", "b"), ("y", "a")]) == {("y", "b"): [3]}
    (folder := tmp_path / "texts" / "a").mkdir(parents=True)
    save(folder / "1.txt", "x")
    plain = source(tmp_path / "texts", text=None, label=None, split={"test": 0.5})
    assert places.lines(plain, "train", [("x", "a")]) == {}


@pytest.mark.parametrize(
    ("suffix", "unit", "first"),
    [(".csv", "line", 2), (".jsonl", "line", 1), (".json", "row", 1), (".xlsx", "row", 2)],
)
def test_a_place_is_a_line_or_a_row_of_the_user_s_table(
    tmp_path: Path, suffix: str, unit: str, first: int
) -> None:
    rows = [("a text", "a"), ("another", "b"), ("a text", "a"), *[("often", "a")] * 9]
    path = save(tmp_path / f"mine{suffix}", content(rows, suffix))
    entry = {"kind": "files", "path": str(path), "text": "text", "label": "label", "split": {"test": 0.5}}
    own = places.places("mine", entry, "test", [*{*rows}, ("gone", "a")])
    assert own.names["another", "b"] == f"{unit} {first + 1}"
    assert own.names["a text", "a"] == f"{unit}s {first}, {first + 2}"
    assert own.names["often", "a"].endswith(f"{first + 7}, ...") and ("gone", "a") not in own.names
    assert path.name in own.note and own.note.startswith(unit.capitalize())


def test_an_empty_cell_of_several_that_make_a_text_hides_no_line(tmp_path: Path) -> None:
    path = save(tmp_path / "mine.jsonl", '{"subject": null, "text": "x", "label": "a"}\n')
    own = source(path, text=["subject", "text"])
    assert places.lines(own, "train", [("\nx", "a")]) == {("\nx", "a"): [1]}


def test_white_space_around_a_label_hides_no_line(tmp_path: Path) -> None:
    path = save(tmp_path / "mine.csv", "text,label\nx,Billing \ny,b\nx,Billing\n")
    assert places.lines(source(path), "train", [("x", "Billing")]) == {("x", "Billing"): [2, 4]}


@pytest.mark.parametrize("splits", [["train", "test"], [""]])
def test_of_text_files_it_is_the_file(tmp_path: Path, splits: list[str]) -> None:
    for split in splits:
        for label in ("a", "b"):
            (tmp_path / split / label).mkdir(parents=True)
            save(tmp_path / split / label / "7.txt", f"\ufeff{label} of {split}")
            save(tmp_path / split / label / "8.txt", b"\xff")  # `bad_rows: drop` leaves it out
    entry = {"kind": "files", "path": str(tmp_path)}
    text = f"b of {splits[-1]}"
    own = places.places("mine", entry, "test", [(text, "b"), (text, "a")])
    assert own.names == {(text, "b"): "/".join([*filter(None, splits[-1:]), "b", "7.txt"])}


@pytest.mark.parametrize("kind", ["imdb", "files"])
def test_without_files_of_the_user_s_it_is_the_row_as_the_study_has_it(tmp_path: Path, kind: str) -> None:
    entry = {"kind": kind, "path": str(tmp_path / "gone.csv"), "text": "text", "label": "label"}
    own = places.places("mine", entry, "test", [("x", "a")])
    assert not own.names and own.note == "Rows are those of data/sources/mine/test.parquet, from 1."
