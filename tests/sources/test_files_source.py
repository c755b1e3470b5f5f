"""stages.sources.files: a user's own file becomes splits row by row, or is refused with file and line."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stages.runtime.config import ROOT, InputError, read
from stages.sources import files
from stages.sources.files import Source
from tests.sources.tables import FILMS, NEWS, ODD, content, everything, line, pairs, save, source


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


def test_a_folder_may_have_texts_without_labels(tmp_path: Path) -> None:
    save(tmp_path / "train.csv", content(NEWS[:21], ".csv"))
    save(tmp_path / "test.csv", content(NEWS[21:], ".csv"))
    save(tmp_path / "unsupervised.csv", "id,text\n1,one\n2,two\n")
    splits = files.load(source(tmp_path))
    assert splits["unsupervised"].texts == ["one", "two"]
    assert splits["unsupervised"].labels.tolist() == [-1, -1]
    assert splits["unsupervised"].names == splits["train"].names and everything(splits) == NEWS
    save(tmp_path / "unsupervised.csv", "id,text\n1,one\n2,\n")
    assert "unsupervised.csv:3: empty text" in line(source(tmp_path))


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
