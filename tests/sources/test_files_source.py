"""stages.sources.files: a user's own file becomes splits row by row, or is refused with file and line."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.validation import stratified
from stages.runtime.config import ROOT, InputError, read
from stages.sources import files
from stages.sources.files import Source
from stages.texts import tables
from tests.sources.tables import FILMS, NEWS, ODD, content, everything, line, pairs, save, source, workbook


@pytest.mark.parametrize("suffix", tables.SUFFIXES)
def test_every_row_of_a_file_is_in_one_split_with_its_own_label(tmp_path: Path, suffix: str) -> None:
    odd = ODD[:-1] if suffix == ".xlsx" else ODD  # XML has no \x0b
    quoting = {"quoting": True} if suffix in tables.DELIMITERS else {}
    for rows in (FILMS, NEWS, odd):
        splits = files.load(source(save(tmp_path / f"mine{suffix}", content(rows, suffix)), **quoting))
        assert Counter(everything(splits)) == Counter(rows)


@pytest.mark.parametrize("suffix", tables.SUFFIXES)
def test_a_folder_gives_its_two_files_in_their_order(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"train{suffix}", content(NEWS[:21], suffix))
    save(tmp_path / f"test{suffix}", content(NEWS[21:], suffix))
    splits = files.load(source(tmp_path))
    assert pairs(splits["train"]) == NEWS[:21]
    assert pairs(splits["test"]) == NEWS[21:]


def test_a_workbook_gives_numbers_as_people_write_them(tmp_path: Path) -> None:
    rows = [("text", "label"), *((f"text {i}", i % 2) for i in range(10)), (None, None)]
    splits = files.load(source(save(tmp_path / "mine.xlsx", workbook(rows))))
    assert splits["train"].names == ["0", "1"] and len(everything(splits)) == 10


def test_sheets_without_a_cell_are_none(tmp_path: Path) -> None:
    rows = [("text", "label"), *((f"text {i}", "ab"[i % 2]) for i in range(10))]
    book = workbook([], rows, [(None, None)])
    assert len(everything(files.load(source(save(tmp_path / "mine.xlsx", book))))) == 10


def test_a_workbook_that_could_mean_several_tables_is_refused(tmp_path: Path) -> None:
    rows = [("text", "label"), *FILMS]
    assert "found the sheets Sheet, Sheet1" in line(
        source(save(tmp_path / "mine.xlsx", workbook(rows, rows)))
    )
    assert "mine.xlsx:1: no column 'label'" in line(
        source(save(tmp_path / "mine.xlsx", workbook([("text",)])))
    )
    assert "not an .xlsx workbook" in line(source(save(tmp_path / "mine.xlsx", b"PK\x03\x04 cut short")))


def test_a_folder_may_have_texts_without_labels(tmp_path: Path) -> None:
    save(tmp_path / "train.csv", content(NEWS[:21], ".csv"))
    save(tmp_path / "test.csv", content(NEWS[21:], ".csv"))
    save(tmp_path / "unsupervised.csv", "id,text\n1,one\n2,two\n")
    splits = files.load(source(tmp_path))
    assert [*splits["unsupervised"].texts] == ["one", "two"]
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
    text = str(content(FILMS, suffix)).replace("\r\n", "\n")
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
    rows = "".join(f'{{"text": {number}, "label": {number}}}\n' * 3 for number in spelled)
    splits = files.load(source(save(tmp_path / "mine.jsonl", rows)))
    assert Counter(everything(splits)) == {(number, number): 3 for number in spelled}


def test_columns_that_are_not_read_may_share_a_name(tmp_path: Path) -> None:
    rows = "".join(f"{text},{label},,\n" for text, label in FILMS)
    splits = files.load(source(save(tmp_path / "mine.csv", "text,label,,\n" + rows)))
    assert Counter(everything(splits)) == Counter(FILMS)


def test_spaces_around_a_label_are_none_of_it(tmp_path: Path) -> None:
    for label in ("good ", " good", "\tgood", "good\u00a0"):
        path = save(tmp_path / "a.csv", content([*FILMS, ("film", label)], ".csv"))
        assert Counter(everything(files.load(source(path)))) == Counter([*FILMS, ("film", "good")])


def test_a_column_cannot_be_text_and_label() -> None:
    with pytest.raises(InputError, match=r"sources\.mine\.label: found \"text\", allowed: another column"):
        source(Path("a.csv"), label="text")


def at(path: str) -> Source:
    entry = {"kind": "files", "path": path, "text": "t", "label": "l"}
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
    text = str(content(FILMS, ".jsonl")).replace("\n", "\n\n")
    assert len(everything(files.load(source(save(tmp_path / "mine.jsonl", text))))) == len(FILMS)


def test_a_document_longer_than_the_csv_modules_default_is_read_whole(tmp_path: Path) -> None:
    rows = [("long " * 50_000, "a"), *((f"text {i}", "ab"[i % 2]) for i in range(6))]
    splits = files.load(source(save(tmp_path / "mine.csv", content(rows, ".csv"))))
    assert Counter(everything(splits)) == Counter(rows)


def test_the_cut_takes_the_same_share_of_every_label(tmp_path: Path) -> None:
    rows = [(f"text {i}", "rare" if i < 40 else "common") for i in range(400)]
    path = save(tmp_path / "mine.csv", content(rows, ".csv"))
    for fraction in (0.1, 0.25, 0.5):
        test = files.load(source(path, split={"test": fraction, "by": "shares of labels"}))["test"]
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
    for odd in range(1, 5):
        rows = [*FILMS, *FILMS, *((f"odd {i}", "odd") for i in range(odd))]
        path = save(tmp_path / "mine.csv", content(rows, ".csv"))
        for fraction in (0.01, 0.25, 0.4):
            mine = source(path, split={"test": fraction, "by": "shares of labels"})
            if odd == 1:
                assert "one row is labelled 'odd'" in line(mine)
            elif odd == 2:
                assert "found 1 training row(s) labelled 'odd', allowed: 2 or more" in line(mine)
            else:
                splits = files.load(mine)
                assert all(set(split.labels) == set(range(len(split.names))) for split in splits.values())


def test_a_label_that_has_no_row_left_to_train_on_once_one_is_held_out_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "test.csv", content([*FILMS, ("odd", "rare")], ".csv"))
    remedy = "as trainings hold some out; supply more, or delete the label's rows"
    for rows, duplicates, refused in (
        ([("one", "rare")], "keep", "found 1 training row(s) labelled 'rare', "),
        ([("one", "rare"), ("one", "rare")], "keep", None),
        ([("one", "rare"), ("two", "rare")], "drop exact", None),
        ([("one", "rare"), ("one", "rare")], "drop exact", "found 1 training row(s) labelled 'rare' that "),
        ([("one", "rare"), ("odd", "rare")], "drop exact", "that `duplicates: drop exact` leaves, "),
        ([("odd", "rare")], "drop exact", "found 0 training row(s) labelled 'rare'"),
    ):
        apart = [(f"{text} of train", label) for text, label in FILMS]
        save(tmp_path / "train.csv", content([*apart, *rows], ".csv"))
        mine = source(tmp_path, duplicates=duplicates)
        if refused:
            refusal = line(mine)
            assert refused in refusal and remedy in refusal and str(tmp_path) in refusal
        else:
            splits = files.load(mine)
            rare = splits["train"].labels == splits["train"].names.index("rare")
            assert not stratified(splits["train"].labels, 0.1, seed=0)[rare].all()


HASHED = {"test": 0.25}


def test_a_cut_by_the_texts_hash_moves_no_row_for_one_that_comes_or_goes(tmp_path: Path) -> None:
    rows = [(f"text {i}", "ab"[i % 2]) for i in range(400)]
    whole = files.load(source(save(tmp_path / "a.csv", content(rows, ".csv")), split=HASHED))
    assert 60 < len(whole["test"].texts) < 140
    for some in (rows[1:], rows[::-1], [("new", "a"), *rows]):
        splits = files.load(source(save(tmp_path / "a.csv", content(some, ".csv")), split=HASHED))
        for name in ("train", "test"):
            assert {*splits[name].texts} & {*whole["train"].texts, *whole["test"].texts} <= {
                *whole[name].texts
            }


def test_equal_texts_stay_on_one_side_of_a_cut_by_hash(tmp_path: Path) -> None:
    rows = [(f"text {i % 50}", "ab"[i % 50 % 2]) for i in range(400)]
    splits = files.load(source(save(tmp_path / "a.csv", content(rows, ".csv")), split=HASHED))
    assert not {*splits["train"].texts} & {*splits["test"].texts}


def test_a_label_that_a_cut_by_hash_leaves_on_one_side_is_refused_with_the_remedy(tmp_path: Path) -> None:
    rows = [(f"text {i}", "ab"[i % 2]) for i in range(100)]
    odd = [text for text in (f"odd {i}" for i in range(100)) if files.place(text) > 0.25][:3]
    path = save(tmp_path / "a.csv", content([*rows, *((text, "odd") for text in odd)], ".csv"))
    assert "labelled 'odd', of which there are 3; supply more, or say `by: shares of labels`" in line(
        source(path, split=HASHED)
    )


def test_a_text_may_be_made_of_several_columns(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.csv", "subject,body,label\n" + "".join(f"s{i},b{i},{'ab'[i % 2]}\n" for i in range(9))
    )
    texts = {text for text, _ in everything(files.load(source(path, text=["subject", "body"])))}
    assert texts == {f"s{i}\nb{i}" for i in range(9)}
    save(path, "subject,body,label\n,b,a\n,b2,a\n,b3,a\ns,,b\ns2,,b\ns3,,b\n")
    assert len(everything(files.load(source(path, text=["subject", "body"])))) == 6
    save(path, "subject,body,label\n,,a\n")
    assert "a.csv:2: empty text" in line(source(path, text=["subject", "body"]))


def test_tables_without_quotes_keep_them_as_text(tmp_path: Path) -> None:
    rows = [('"a quote that is never closed', "a"), ('half "quoted"', "a"), ("b", "b"), ('"', "b")]
    rows += [('"', "a"), ('""', "b")]
    path = save(tmp_path / "a.tsv", "text\tlabel\n" + "".join(f"{t}\t{n}\n" for t, n in rows))
    assert Counter(everything(files.load(source(path)))) == Counter(rows)
    path = save(tmp_path / "a.csv", "text,label\n" + "".join(f"{t},{n}\n" for t, n in rows))
    assert Counter(everything(files.load(source(path, quoting=False)))) == Counter(rows)


def test_a_table_may_have_no_header_another_delimiter_and_another_encoding(tmp_path: Path) -> None:
    rows = [(f"é {i}", "äb"[i % 2]) for i in range(8)]
    text = "".join(f"{label};{text}\n" for text, label in rows)
    for encoding in ("latin-1", "cp1252", "utf-16", "UTF-8"):
        mine = source(
            save(tmp_path / "a.csv", text.encode(encoding)),
            delimiter=";",
            columns=["label", "text"],
            encoding=encoding,
        )
        assert Counter(everything(files.load(mine))) == Counter(rows)


def test_a_compressed_table_and_capital_suffixes_are_read(tmp_path: Path) -> None:
    text = str(content(FILMS, ".csv")).encode()
    assert Counter(everything(files.load(source(save(tmp_path / "a.CSV", text))))) == Counter(FILMS)
    path = save(tmp_path / "a.csv.gz", gzip.compress(text))
    assert Counter(everything(files.load(source(path)))) == Counter(FILMS)
    for damaged in (gzip.compress(text)[:-9], text):
        assert "not a whole .gz file" in line(source(save(path, damaged)))


def test_all_bad_rows_are_told_at_once_or_dropped_and_listed(tmp_path: Path) -> None:
    bad = ["only one field", "a,b,c", ",x", "x,"]
    text = str(content(FILMS, ".csv")) + "".join(f"{row}\r\n" for row in bad * 2)
    path = save(tmp_path / "a.csv", text)
    refusal = line(source(path))
    assert all(f"a.csv:{number}: " in refusal for number in range(14, 19)) and "and 3 more" in refusal
    assert "`bad_rows: drop`" in refusal
    lenient = source(path, bad_rows="drop")
    assert Counter(everything(files.load(lenient))) == Counter(FILMS)
    assert [each.split(":")[1] for each in files.dropped(lenient)] == [str(n) for n in range(14, 22)]
    assert files.dropped(source(save(path, content(FILMS, ".csv")))) == []


def test_a_folder_for_each_label_is_a_source(tmp_path: Path) -> None:
    for i, (text, label) in enumerate(NEWS):
        (tmp_path / "all" / label).mkdir(parents=True, exist_ok=True)
        save(tmp_path / "all" / label / f"{i:02}.txt", text)
        part = "train" if i < 21 else "test"
        (tmp_path / "cut" / part / label).mkdir(parents=True, exist_ok=True)
        save(tmp_path / "cut" / part / label / f"{i:02}.txt", text)
    bare = {"text": None, "label": None}
    whole = source(tmp_path / "all", split={"test": 0.3, "by": "shares of labels"}, **bare)
    assert Counter(everything(files.load(whole))) == Counter(NEWS)
    splits = files.load(source(tmp_path / "cut", **bare))
    assert Counter(pairs(splits["train"])) == Counter(NEWS[:21])
    assert Counter(pairs(splits["test"])) == Counter(NEWS[21:])
    (tmp_path / "cut" / "unsupervised").mkdir()
    save(tmp_path / "cut" / "unsupervised" / "1.txt", "one")
    assert [*files.load(source(tmp_path / "cut", **bare))["unsupervised"].texts] == ["one"]
    assert "no `split`" in line(source(tmp_path / "all", **bare))
    assert "found `text`" in line(source(tmp_path / "cut", label=None))


def test_a_label_without_texts_is_refused(tmp_path: Path) -> None:
    mine = in_folders(tmp_path)
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"{i:02}.txt", text)
    (tmp_path / "drafts").mkdir()
    save(tmp_path / "drafts" / "1.eml", "a mail")
    assert "drafts: found no .txt file, allowed: texts of this label" in line(mine)


def test_of_a_label_s_folder_hidden_files_are_not_read_and_capital_suffixes_are(tmp_path: Path) -> None:
    mine = in_folders(tmp_path)
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"._{i:02}.txt", b"\0\x05\x16\x07\xff")
        save(tmp_path / label / f"{i:02}.{'TXT' if i % 2 else 'txt'}", text)
    save(tmp_path / "arts" / ".hidden.txt", "hidden")
    assert Counter(everything(files.load(mine))) == Counter(NEWS)


def test_text_files_have_the_source_s_encoding_and_others_are_bad_all_at_once(tmp_path: Path) -> None:
    mine = in_folders(tmp_path, encoding="utf-16")
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"{i:02}.txt", f"é {text}".encode("utf-16"))
    assert Counter(everything(files.load(mine))) == Counter((f"é {text}", label) for text, label in NEWS)
    mine = in_folders(tmp_path)
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"{i:02}.txt", f"\ufeff{text}")
    for name in "xyz":
        save(tmp_path / "arts" / f"{name}.txt", "é".encode("latin-1"))
    refusal = line(mine)
    assert all(f"arts/{name}.txt: not utf-8; save it so, or say `encoding`" in refusal for name in "xyz")
    lenient = in_folders(tmp_path, bad_rows="drop")
    assert Counter(everything(files.load(lenient))) == Counter(NEWS)
    assert len(files.dropped(lenient)) == 3


def test_a_text_file_with_half_of_a_surrogate_pair_is_bad(tmp_path: Path) -> None:
    mine = in_folders(tmp_path, encoding="utf-7")
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"{i:02}.txt", text.encode("utf-7"))
    assert Counter(everything(files.load(mine))) == Counter(NEWS)
    save(tmp_path / "arts" / "x.txt", b"+2D0-")
    assert "arts/x.txt: half of a surrogate pair" in line(mine)


def in_folders(path: Path, **changes: Any) -> Source:
    """A source of text files, with a folder for each label of NEWS."""
    for _, label in NEWS:
        (path / label).mkdir(exist_ok=True)
    cut = {"test": 0.3, "by": "shares of labels"}
    return source(path, text=None, label=None, split=cut, **changes)


def test_what_nothing_would_read_is_refused(tmp_path: Path) -> None:
    for name in ("train", "test", "valid"):
        save(tmp_path / f"{name}.csv", content(NEWS, ".csv"))
    assert "found valid.csv, which nothing reads" in line(source(tmp_path))
    (tmp_path / "valid.csv").rename(tmp_path / "notes.md")
    files.load(source(tmp_path))
    assert "found `split`" in line(source(tmp_path, split=HASHED))
    assert "no `split`" in line(source(tmp_path / "train.csv", split=None))
    assert "no `text`; say it in its entry in conf/, as `text: body`" in line(source(tmp_path, text=None))


@pytest.mark.parametrize(
    ("suffix", "unused"),
    [
        (".csv", {}),
        (".jsonl", {"delimiter": ";", "quoting": False, "columns": ["text", "label"]}),
        (".xlsx", {"delimiter": ";", "quoting": True, "encoding": "latin-1"}),
        (".parquet", {"columns": ["text", "label"], "encoding": "utf-16"}),
    ],
)
def test_what_says_how_to_read_other_files_is_refused(
    tmp_path: Path, suffix: str, unused: dict[str, Any]
) -> None:
    path = save(tmp_path / f"a{suffix}", content(NEWS, suffix))
    files.load(source(path, encoding="utf-8"))
    for key, value in unused.items():
        refusal = line(source(path, **{key: value}))
        assert f"found `{key}`, allowed: for " in refusal and f", not for {suffix}; delete it" in refusal


def test_a_folder_for_each_label_has_no_delimiter(tmp_path: Path) -> None:
    mine = in_folders(tmp_path, delimiter=";")
    for i, (text, label) in enumerate(NEWS):
        save(tmp_path / label / f"{i:02}.txt", text)
    assert "found `delimiter`, allowed: for .csv, .tsv, not for .txt" in line(mine)


def test_a_text_is_made_of_a_column_at_least(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"text: found \[\], allowed: .*at least 1 item"):
        source(tmp_path / "a.csv", text=[])


def test_an_encoding_that_there_is_not_is_refused(tmp_path: Path) -> None:
    for name in ("utf-9", "rot13", "hex"):  # the last two make no texts
        with pytest.raises(InputError, match=f'encoding: found "{name}", allowed: an encoding'):
            source(tmp_path / "a.csv", encoding=name)
    path = save(tmp_path / "a.csv", content(FILMS, ".csv"))
    assert "not utf-16 after line" in line(source(path, encoding="utf-16"))
    save(path, str(content(FILMS, ".csv")).encode("utf-16"))
    assert "or say `encoding`: utf-16" in line(source(path))
    save(path, "text,label\né,a\n".encode("latin-1"))
    assert "or say `encoding`: latin-1" in line(source(path))
