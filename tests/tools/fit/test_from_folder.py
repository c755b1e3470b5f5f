"""`fit` of a folder: what it writes is what the source reads, and what it leaves out it names."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import from_folder
from tests.sources.tables import delimited, everything, pairs, save

LABELS = ["arts", "sport"]


def texts(root: Path, *inside: str, count: int = 20) -> Path:
    """Text files in a folder for each label."""
    for label in LABELS:
        folder = root.joinpath(*inside, label)
        folder.mkdir(parents=True)
        for i in range(count):
            save(folder / f"{i}.txt", f"the {i}th text of {label} {' '.join(inside)}")
    return root


def refused(path: Path, **options: Any) -> str:
    arguments = {"texts": None, "label": None, "test": None} | options
    with pytest.raises(InputError) as error:
        from_folder.data_set(path, **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("splits", [[], ["train", "test"]])
def test_the_source_reads_the_texts_that_are_told_of(tmp_path: Path, splits: list[str]) -> None:
    for split in splits:
        texts(tmp_path / "news", split)
    if not splits:
        texts(tmp_path / "news")
    data = from_folder.data_set(tmp_path / "news", None, None, None)
    source = read(files.Source, data.entry("news"), "sources.news")
    read_there = files.load(source)
    train = pairs(read_there["train"]) if splits else everything(read_there)
    assert Counter(train) == Counter(zip(data.texts, data.labels, strict=True))
    assert len(train) == 40 and data.name == "news" and len(data.notes) == 1
    assert data.tests == ([*read_there["test"].texts] if splits else None)
    assert (source.split is None) == bool(splits)


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    texts(tmp_path / "news")
    save(tmp_path / "news" / "arts" / "old.doc", "not read")
    save(tmp_path / "news" / "sport" / "empty.txt", " ")
    data = from_folder.data_set(tmp_path / "news", None, None, None)
    notes = "\n".join(data.notes)
    assert "1 file without .txt at the end is not read" in notes and "old.doc" in notes
    assert "1 file is empty" in notes and data.entry("news")["bad_rows"] == "drop"
    assert len(files.load(read(files.Source, data.entry("news"), "sources.news"))["train"].texts) > 20
    for split in files.SPLITS:
        texts(tmp_path / "both", split)
    texts(tmp_path / "both" / "valid")
    assert (
        "valid: neither train nor test, not read"
        in from_folder.data_set(tmp_path / "both", None, None, None).notes
    )


def test_a_folder_of_tables_is_read_by_the_columns_of_train(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    for split, count in (("train", 40), ("test", 20)):
        rows = [(f"the {i}th text of {split}", LABELS[i % 2]) for i in range(count)]
        save(folder / f"{split}.csv", delimited(rows, header=("body", "team"), delimiter=";"))
    data = from_folder.data_set(folder, None, None, None)
    loaded = files.load(read(files.Source, data.entry("tables"), "sources.tables"))
    assert [*loaded["train"].texts] == data.texts and len(loaded["test"].texts) == 20
    assert data.tests == [*loaded["test"].texts]
    save(folder / "test.csv", delimited([("a", "arts")], header=("words", "team"), delimiter=";"))
    assert "no column 'body'" in refused(folder)
    rows = [("plain text", "arts"), ("the größte text", "sport"), ("a text, too", "sport")]
    for content in (
        delimited(rows, ("body", "team")),
        delimited(rows, ("body", "team"), ";").encode("cp1252"),
    ):
        save(folder / "test.csv", content)
        train = folder / "train.csv"
        assert (
            "test.csv: found another encoding, delimiter or way of quoting than in train.csv, allowed: the s"
            in refused(folder)
        )
        assert refused(folder).endswith(f"; save it alike, or run `fit {train} --test {folder / 'test.csv'}`")
    save(folder / "test.csv", delimited([rows[0], rows[2]], ("body", "team"), ";").encode("cp1252"))
    assert from_folder.data_set(folder, None, None, None).tests == ["plain text", "a text, too"]


def test_text_files_in_another_encoding_are_refused_until_it_is_named(tmp_path: Path) -> None:
    texts(tmp_path / "news")
    for name in "ab":
        save(tmp_path / "news" / "arts" / f"{name}.TXT", "größte".encode("cp1252"))
    assert "news: found 2 files that can't be read, as " in refused(tmp_path / "news")
    assert refused(tmp_path / "news").endswith("one encoding for all; give it, as --encoding cp1252, say")
    data = from_folder.data_set(tmp_path / "news", None, None, None, "cp1252")
    loaded = files.load(read(files.Source, data.entry("news"), "sources.news"))
    assert data.texts.count("größte") == 2 and len(everything(loaded)) == 42 and len(data.notes) == 1


def test_of_a_label_of_one_file_the_one_that_may_be_meant_is_named(tmp_path: Path) -> None:
    (texts(tmp_path / "news") / "sprot").mkdir()
    save(tmp_path / "news" / "sprot" / "0.txt", "a text of sport")
    assert refused(tmp_path / "news").endswith("'sprot'; both splits need every label; did you mean 'sport'?")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            "",
            "found 1 file that can't be read, as {}: not utf-8, allowed: one encoding for all; 40 of 41 ",
        ),
        (
            "b",
            "found 2 files that can't be read, as {}: not utf-8, allowed: one encoding for all; 39 of 41 ",
        ),
    ],
)
def test_where_other_files_are_utf_8_no_other_encoding_is_advised(
    tmp_path: Path, more: str, words: str
) -> None:
    folder = texts(tmp_path / "news") / "arts"
    save(folder / "0.txt", "größte")
    (folder / "19.txt").unlink(missing_ok=not more)
    for name in ("a", *more):
        save(folder / f"{name}.txt", "größte".encode("cp1252"))
    if not more:
        save(folder / "b.txt", "größer")
    line = refused(tmp_path / "news")
    rest = "the others" if more else "the other"
    assert (
        words.format(folder / "a.txt") + f"are UTF-8; save {rest} as UTF-8" in line
        and "encoding`" not in line
    )


@pytest.mark.parametrize("splits", [[], ["train", "test"]])
def test_folders_inside_of_a_label_are_told_with_what_they_hold(tmp_path: Path, splits: list[str]) -> None:
    for split in splits or [""]:
        texts(tmp_path / "news", split)
    inside = (tmp_path / "news").joinpath(*splits[:1], "arts")
    for folder in ("old", "old/older"):
        (inside / folder).mkdir()
        for i in range(4):
            save(inside / folder / f"{i}.txt", "an old text")
    save(inside / "a.md", "a note")
    _, *notes = from_folder.data_set(tmp_path / "news", None, None, None).notes
    assert notes == [
        f"folder {'train/' if splits else ''}arts/old with 8 .txt files is not read",
        f"1 file without .txt at the end is not read; the first: {inside / 'a.md'}",
    ]
    for i in range(4):
        (inside / f"x{i}").mkdir()
    notes = [*from_folder.data_set(tmp_path / "news", None, None, None).notes]
    assert "2 folders more inside of labels are not read" in notes


def test_all_that_is_misplaced_in_a_folder_of_labels_is_told_at_once(tmp_path: Path) -> None:
    mails = texts(tmp_path / "mails")
    for name in ("README.md", *(f"{i}.eml" for i in range(7))):
        save(mails / name, "about")
    for label in ("drafts", "world"):
        (mails / label).mkdir()
    save(mails / "world" / "1.eml", "a mail")
    line = refused(mails)
    assert "found 8 files beside folders (0.eml, 1.eml, 2.eml, 3.eml, 4.eml, 3 more) and 2 folders " in line
    assert "without a .txt file (drafts, world), allowed: a folder of .txt files for each label" in line
    (texts(tmp_path / "half", "train") / "train" / "world").mkdir()
    assert "found train alone and 1 folder without a .txt file (train/world), " in refused(tmp_path / "half")


def test_what_is_no_data_set_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "found 0 tables called train, allowed: a folder of .txt files" in refused(tmp_path / "empty")
    alone = texts(tmp_path / "alone", "train")
    assert "found train alone, allowed: a folder of .txt files" in refused(alone)
    assert "--label: found 'team', allowed: for tables only" in refused(texts(tmp_path / "a"), label="team")
    assert "--test: found 'b.csv'" in refused(tmp_path / "a", test="b.csv")


def test_a_rare_label_is_cut_by_shares_as_that_of_a_table_is(tmp_path: Path) -> None:
    texts(tmp_path / "news")
    rare = [f"odd {i}" for i in range(99) if files.place(f"odd {i}") > 0.3][
        :5
    ]  # none in a test split by hash
    (tmp_path / "news" / "rare").mkdir()
    for i, text in enumerate(rare):
        save(tmp_path / "news" / "rare" / f"{i}.txt", text)
    data = from_folder.data_set(tmp_path / "news", None, None, None)
    assert Counter(data.labels) == {"arts": 20, "sport": 20, "rare": 5}


def test_the_command_for_tables_that_differ_can_be_pasted(tmp_path: Path) -> None:
    rows = [(f"the {i}th text", LABELS[i % 2]) for i in range(40)]
    folder = tmp_path / "my tables"
    folder.mkdir()
    save(folder / "train.csv", delimited(rows, header=("my body", "team"), delimiter=";"))
    save(folder / "test.csv", delimited(rows, header=("my body", "team")))
    line = refused(folder, texts=["my body"], label="team")
    command = shlex.split(line.partition("run `")[2].rstrip("`"))
    asked = ["--text", "my body", "--label", "team", "--test", str(folder / "test.csv")]
    assert command == ["fit", str(folder / "train.csv"), *asked]
