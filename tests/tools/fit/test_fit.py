"""`fit`: what it asks, refuses and tells before anything is trained."""

import argparse
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import yaml

from stages import compose as compose_stage
from stages.runtime.config import InputError, read
from stages.sources import files
from stages.study import composition
from stages.study.entries import NAME
from stages.tools.answering.options import encoding
from stages.tools.fit import __main__ as fit
from stages.tools.fit import copies, experiment, first_look, from_table, look, stated
from tests.sources.tables import delimited, everything, save, workbook
from tests.tools.fit.tickets import TICKETS, table, tickets


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A conf/ and a texts/ without anything, and no params.yaml that is written."""
    monkeypatch.setattr(composition, "CONF", tmp_path / "conf")
    monkeypatch.setattr(composition, "compose", lambda overrides: "")
    monkeypatch.setattr(compose_stage, "write", lambda text: None)
    monkeypatch.setattr(copies, "ROOT", tmp_path)

    def entry_of(name: str) -> Any:
        return yaml.safe_load(experiment.place(name).read_text(encoding="utf-8"))["sources"][name]

    monkeypatch.setattr(fit, "entry_of", entry_of)
    return tmp_path / "conf"


def options(data: Path | str, **more: Any) -> argparse.Namespace:
    nothing = dict.fromkeys(["text", "label", "test", "name", "by", "minutes", "encoding"])
    return argparse.Namespace(data=str(data), **nothing | more)


def refused(data: Path | str, **more: Any) -> str:
    with pytest.raises(InputError) as error:
        fit.written(options(data, **more))
    return str(error.value)


def test_another_table_or_other_columns_than_those_of_the_experiment_are_refused(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = tickets(tmp_path / "mine.csv"), tickets(tmp_path / "other.csv")
    asked = {"text": ["subject", "body"]}
    fit.written(options(first, **asked))
    capsys.readouterr()
    remedy = "; give --name another, run `fit mine`, or edit the file"
    assert refused(other, name="mine").endswith(f"mine.yaml: found path {first}, not {other}{remedy}")
    assert refused(first, text=["body"]).endswith(f"found text [subject, body], not body{remedy}")
    assert refused(first, label="subject", **asked).endswith(f"found label team, not subject{remedy}")
    assert refused(first, encoding="cp1252").endswith(f"found encoding utf-8, not cp1252{remedy}")
    fit.written(options(first, encoding="UTF8"))
    with pytest.raises(InputError, match="found encoding cp1252, not latin-1"):
        stated.refuse_other_columns("mine", {"encoding": "cp1252"}, options(first, encoding="latin-1"))
    stated.refuse_other_columns("mine", {"encoding": "cp1252"}, options(first, encoding="windows-1252"))
    capsys.readouterr()
    assert refused(first, test=str(other)).endswith(f"path {first}, not {first} with --test {other}{remedy}")
    assert not capsys.readouterr().out


def test_the_same_command_again_tells_of_what_the_file_says(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tickets(tmp_path / "mine.csv")
    fit.written(options(path, text=["subject", "body"]))
    file = conf / "experiments" / "mine.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("seeds: 10", "seeds: 7"), encoding="utf-8")
    kept = file.read_bytes()
    capsys.readouterr()
    for more in ({"text": ["subject", "body"]}, {}, {"label": "team"}):
        assert fit.written(options(path, **more)) == "mine"
        output = capsys.readouterr().out
        assert "columns 'subject' and 'body'" in output and "60 rows, 3 labels" in output
        assert "stays as it is" in output and file.read_bytes() == kept


def test_other_files_than_those_that_were_copied_are_refused(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, test = tickets(tmp_path / "mine.csv"), others(tmp_path / "tests.csv")
    for _ in range(2):
        fit.written(options(path, text=["body"], test=str(test)))
    assert "stays as it is" in capsys.readouterr().out
    assert "not " in refused(path) and "texts/mine" in refused(path)
    test.write_text(test.read_text(encoding="utf-8").replace("support", "other"), encoding="utf-8")
    assert "whose files are others than" in refused(path, test=str(test))


def test_other_columns_than_those_of_the_experiment_that_is_named_are_refused(
    tmp_path: Path, conf: Path
) -> None:
    fit.written(options(tickets(tmp_path / "mine.csv"), text=["body"]))
    assert fit.chosen(options("mine")) == "mine" == fit.chosen(options("mine", text=["body"], label="team"))
    for more in ({"text": ["subject"]}, {"label": "body"}, {"test": "x.csv"}, {"name": "other"}):
        with pytest.raises(InputError, match=r"found"):
            fit.chosen(options("mine", **more))


def test_a_single_label_is_refused_before_anything_is_written(tmp_path: Path, conf: Path) -> None:
    path = save(
        tmp_path / "mine.csv", table(["body", "team"], [(f'"{text}"', "billing") for text, _ in TICKETS])
    )
    for more in ({}, {"test": str(path)}):
        line = refused(path, text=["body"], label="team", **more)
        assert "found 1 label, 'billing', allowed: 2 or more" in line
    assert not conf.exists() and not (tmp_path / "texts").exists()


RARE = [(f"odd {i}", "rare") for i in range(99) if files.place(f"odd {i}") > 0.3][:3]  # not in a test split


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([("once", "rare")], "one row is labelled 'rare'"),
        ([("once", "rare"), ("twice", "rare")], "found 1 training row(s) labelled 'rare'"),
    ],
)
def test_what_the_source_would_refuse_is_refused_before_anything_is_written(
    tmp_path: Path, conf: Path, more: list[tuple[str, str]], words: str
) -> None:
    path = repeating(tmp_path / "mine.csv", [*TICKETS, *more], 1)
    assert words in refused(path) and not conf.exists()
    repeating(path, TICKETS, 1)
    assert fit.written(options(path)) == "mine"


def test_of_a_label_of_too_few_rows_the_one_that_may_be_meant_is_named(tmp_path: Path, conf: Path) -> None:
    path = repeating(tmp_path / "mine.csv", [*TICKETS, ("once", "suport")], 1)
    assert refused(path).endswith(
        "one row is labelled 'suport'; both splits need every label; did you mean 'support'?"
    )
    assert "mean" not in refused(repeating(path, [*TICKETS, ("once", "rare")], 1))


def test_copies_of_what_the_source_refuses_are_taken_away(tmp_path: Path, conf: Path) -> None:
    path, test = repeating(tmp_path / "mine.csv", TICKETS[:40], 1), tmp_path / "tests.csv"
    repeating(test, [*TICKETS[40:], ("once", "rare")], 1)
    line = refused(path, test=str(test))
    assert line.startswith("mine.csv: the train split has no row labelled 'rare'")
    assert not conf.exists() and not (tmp_path / "texts" / "mine").exists()
    repeating(test, [*TICKETS[40:], ("a row without a label", "")], 1)
    assert fit.written(options(path, test=str(test))) == "mine"
    assert fit.entry_of("mine")["bad_rows"] == "drop"


def test_a_label_that_a_cut_by_hash_would_leave_out_is_cut_by_shares(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit.written(options(repeating(tmp_path / "mine.csv", [*TICKETS, *RARE], 1)))
    assert fit.entry_of("mine")["split"] == {"test": 0.2, "by": "shares of labels"}
    assert "drawn by `shares of labels`" in capsys.readouterr().out


def test_a_refusal_says_if_a_header_may_have_been_taken_for_a_row(tmp_path: Path, conf: Path) -> None:
    rows = [(f'"{text}"', "kind" if i == 9 else label) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "mine.csv", table(["said", "kind"], [*rows, ("once", "rare")]))
    hint = "its first row does not look like a header; if it is one, name its columns (said, kind)"
    assert refused(path) == f"{path}: one row is labelled 'rare'; both splits need every label; {hint}"
    assert "said; " not in refused(path, text=["said"], label="kind")


def test_an_interrupted_composition_leaves_no_experiment_behind(
    tmp_path: Path, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(overrides: list[str]) -> str:
        assert experiment.place("mine").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(composition, "compose", interrupted)
    path, other = tickets(tmp_path / "mine.csv"), others(tmp_path / "tests.csv")
    for test in (None, str(other)):
        with pytest.raises(KeyboardInterrupt):
            fit.written(options(path, text=["body"], test=test))
        assert not experiment.place("mine").exists() and not copies.folder_of("mine").exists()


def test_files_of_a_person_s_own_are_not_replaced_by_copies(tmp_path: Path, conf: Path) -> None:
    own = tmp_path / "texts" / "mine" / "train.csv"
    own.parent.mkdir(parents=True)
    save(own, "my own work\n")
    path, test = tickets(tmp_path / "mine.csv"), others(tmp_path / "tests.csv")
    line = refused(path, text=["body"], test=str(test))
    assert "texts/mine: found train.csv, which is no copy that `fit` has made, where copies are to go" in line
    assert own.read_text(encoding="utf-8") == "my own work\n" and not experiment.place("mine").exists()
    tickets(own)
    same = others(own.with_name("test.csv"))
    for train, tests in ((path, test), (own, same)):  # copied before, or the copies themselves
        fit.written(options(train, text=["body"], test=str(tests), name="mine"))
        experiment.place("mine").unlink()
    save(path, path.read_text(encoding="utf-8").replace("twice", "thrice"))
    fit.written(options(path, text=["body"], test=str(test), name="mine"))  # over its own copies
    assert own.read_bytes() == path.read_bytes() and own.parent.stat().st_mode & 0o777 == 0o755
    experiment.place("mine").unlink()
    save(own, "edited since\n")
    assert "found train.csv, which is no copy" in refused(path, text=["body"], test=str(test))


def others(path: Path) -> Path:
    """A table as that of the tickets, of other texts."""
    tickets(path).write_text(path.read_text(encoding="utf-8").replace("little", "lot"), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet", ".xlsx"])
def test_of_several_columns_that_make_a_text_some_may_be_empty(
    tmp_path: Path, conf: Path, suffix: str
) -> None:
    rows = [("subject", "body", "team")]
    rows += [("" if i % 2 else f"subject {i}", text, label) for i, (text, label) in enumerate(TICKETS)]
    written = [[cell or None for cell in row] for row in rows]
    named = [dict(zip(rows[0], row, strict=True)) for row in written[1:]]
    bare = [{key: value for key, value in row.items() if value} for row in named]
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(named), parquet)
    forms: dict[str, str | bytes] = {
        ".csv": table(rows[0], [[json.dumps(cell) for cell in row] for row in rows[1:]]),
        ".jsonl": "".join(json.dumps(row) + "\n" for row in bare),
        ".json": json.dumps(named),
        ".parquet": parquet.getvalue(),
        ".xlsx": workbook(written),
    }
    path = save(tmp_path / f"mine{suffix}", forms[suffix])
    data = from_table.data_set(path, ["subject", "body"], "team", None)
    expected = [f"{subject}\n{text}" for subject, text, _ in rows[1:]]
    assert data.texts == expected and "bad_rows" not in data.entry("mine")
    loaded = files.load(read(files.Source, data.entry("mine"), "sources.mine"))
    assert sorted(text for text, _ in everything(loaded)) == sorted(expected)


def test_minutes_that_an_experiment_has_no_use_for_are_told(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tickets(tmp_path / "mine.csv")
    fit.written(options(path, text=["body"], minutes=5.0))
    assert "--minutes" not in capsys.readouterr().out.replace("to stay within --minutes", "")
    words = f"--minutes 5 changes nothing: {experiment.place('mine')} says what is trained"
    for minutes in (None, 5.0):
        fit.written(options(path, minutes=minutes))
        output = capsys.readouterr().out
        assert output.count(f"{words}\n") == (1 if minutes else 0) and "delete it to have it" in output
        fit.chosen(options("mine", minutes=minutes))
        remedy = "; delete it, and fit the table or folder again, to have it written anew\n"
        assert capsys.readouterr().out == (words + remedy if minutes else "")


def test_a_table_without_a_usable_row_is_refused(tmp_path: Path, conf: Path) -> None:
    path = save(tmp_path / "mine.csv", table(["body", "team"], [(f"text {i}", "") for i in range(30)]))
    assert "found no row with a text and a label" in refused(path, text=["body"], label="team")


def test_what_names_no_file_is_refused_by_what_it_is(conf: Path) -> None:
    assert "https://example.com/x.csv: found an address, allowed: a file or a folder, as fit downloads " in (
        refused("https://example.com/x.csv")
    )
    for nothing in ("", " "):
        assert refused(nothing).startswith("DATA: found an empty name, allowed: a table or a folder")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Kunden Tickets März", "kunden-tickets-marz"),
        ("Straße, Ångström & Co", "strasse-angstrom-co"),
        ("März", "marz"),  # as macOS spells it
        ("x" * 59 + " y", "x" * 59),
    ],
)
def test_a_file_gives_a_name_without_the_marks_of_its_letters(stem: str, name: str) -> None:
    assert fit.named(options("x"), stem) == name and NAME.fullmatch(name)


def test_a_name_of_which_no_letter_is_left_is_asked_for() -> None:
    with pytest.raises(InputError, match=r"--name: found '', allowed: .*; give such a --name"):
        fit.named(options("x"), "请求书")


def test_what_is_not_there_is_refused_by_all_that_it_might_be(conf: Path) -> None:
    assert "no-such: no such file, folder or experiment, allowed: " in refused("no-such")
    assert "did you mean" not in refused("no-such")


def test_of_a_misspelt_experiment_the_nearest_is_named(tmp_path: Path, conf: Path) -> None:
    fit.written(options(tickets(tmp_path / "mine.csv"), text=["body"]))
    assert refused("mien").endswith("made of one; did you mean mine?")


def test_a_name_that_a_source_has_is_refused_before_anything_is_written(tmp_path: Path, conf: Path) -> None:
    (conf / "sources").mkdir(parents=True)
    save(conf / "sources" / "headlines.yaml", "kind: demo\n")
    path = tickets(tmp_path / "headlines.csv")
    line = "--name: found 'headlines', a source that conf/ has, allowed: another; give a --name"
    assert refused(path, text=["body"]) == line
    fit.written(options(path, text=["body"], name="mine"))
    assert refused(path, text=["body"]) == line
    fit.written(options(path, text=["body"], name="mine"))


def test_what_an_option_allows_is_said() -> None:
    for read_option, text, words in (
        (fit.positive, "abc", "found 'abc', allowed: minutes above 0, as 10"),
        (fit.positive, "-1", "found '-1', allowed: minutes above 0, as 10"),
        (encoding, "latin-99", "found 'latin-99', allowed: an encoding that Python knows, as utf-8, "),
        (encoding, "rot13", "found 'rot13', allowed: an encoding that Python knows, as utf-8, "),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(words)):
            read_option(text)
    assert fit.positive("1.5") == 1.5 and encoding("cp1252") == "cp1252"


def test_where_an_old_encoding_was_taken_it_says_where_to_mend_it(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "mine.csv", delimited(TICKETS).replace("ticket", "Bücher").encode("latin-1"))
    fit.written(options(path))
    output = capsys.readouterr().out
    file = conf / "experiments" / "mine.yaml"
    assert f"encoding cp1252, as in 'Bücher,'; if that is wrong, mend `encoding` in {file}" in output
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]["mine"]["encoding"] == "cp1252"


def test_only_labels_that_were_guessed_by_their_values_are_doubted(conf: Path) -> None:
    doubt = fit.doubt("mine", {"label": "subject"}, options("mine.csv"))
    assert doubt and doubt.startswith("is 'subject' the label? If not, delete ") and "--label COLUMN" in doubt
    assert fit.doubt("mine", {"label": "Team"}, options("mine.csv")) is None
    assert fit.doubt("mine", {"label": "subject"}, options("mine.csv", label="subject")) is None
    assert fit.doubt("mine", {}, options("news")) is None


def test_what_there_is_no_time_for_is_told_in_minutes_and_how_to_add_it(conf: Path) -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    line = experiment.too_long("mine", texts, 0.1, few=False)
    assert line and re.match(
        r"left out to stay within --minutes 0.1 \(about \d+ minutes? more\): svm, .*; to add them, delete \S+"
        r"/experiments/mine.yaml, then fit with --minutes \d+$",
        line,
    )
    enough = float(line.rpartition(" ")[2])
    assert experiment.too_long("mine", texts, enough, few=False) is None
    one = experiment.too_long("mine", texts, 2.2, few=False)
    assert one and "about 1 minute more" in one
    whole = experiment.taking(experiment.offered(texts), texts, experiment.SEEDS) / 60
    last = experiment.too_long("mine", texts, whole - 0.01, few=False)
    assert last and ": bilstm; to add it, delete " in last


def test_what_there_is_no_time_for_is_named_in_the_file(conf: Path) -> None:
    texts, source = experiment.Texts(np.full(300, 9), 500), {"kind": "files", "path": "texts/mine.csv"}
    for minutes in (0.1, 30):
        left_out = experiment.too_long("mine", texts, minutes, few=False)
        comments = [
            line.partition("# ")[2]
            for line in experiment.written("mine", "mine", source, texts, minutes).splitlines()
            if line.startswith("    #")
        ]
        assert comments == ([left_out] if left_out else [])


def test_the_sheet_tells_what_a_person_should_know() -> None:
    texts = ["one two", "one two", "three", "three", "four"] * 2
    labels = ["Spam", "Spam", "spam", "ham", "ham"] * 2
    sheet = "\n".join(look.sheet(texts, labels))
    assert "10 rows, 3 labels: 'Spam' 40.0 %, 'ham' 40.0 %, 'spam' 20.0 %" in sheet
    assert "7 texts repeat another; equal texts stay on one side" in sheet
    assert "1 text has several labels: 'three' has spam, ham\n" in sheet and "no letter" not in sheet
    assert "look like one: 'Spam', 'spam'; spell them alike in your data" in sheet
    assert next(look.sheet(["a", "b"], ["x", "x"])) == "2 rows, 1 label: 'x' 100.0 %"
    assert "'x' 50.0 %, 'a b' 50.0 %" in next(look.sheet(["a", "b"], ["x", "a b"]))
    clean = list(look.sheet(["a", "b"], ["x", "y"]))
    assert len(clean) == 2


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        (["c"], "has 1 row, of which 0 are in train, too"),
        (["a", "c"], "has 2 rows, of which 1 is in train, too"),
        (["a", "a", "b"], "has 3 rows, of which 3 are in train, too"),
    ],
)
def test_the_sheet_tells_what_a_test_split_beside_the_texts_shares_with_them(
    tests: list[str], words: str
) -> None:
    lines = list(look.sheet(["a", "b", "b"], ["x", "y", "y"], tests))
    assert lines[2:] == ["1 text repeats another", f"the test split {words}"]


@pytest.mark.parametrize(
    ("odd", "count"), [(["!?"], "1 text has"), (["...", " \u2014 \n", "🎬"], "3 texts have")]
)
def test_texts_without_a_word_are_counted(odd: list[str], count: str) -> None:
    texts = ["one", "2", "文字", "é!", *odd]
    lines = list(look.sheet(texts, ["x"] * len(texts)))
    assert lines[2:] == [f"{count} no word, no letter and no digit: there is nothing to learn from"]


def repeating(path: Path, rows: Sequence[tuple[str, str]] = TICKETS, times: int = 2) -> Path:
    return save(path, delimited([*rows] * times, header=("body", "team")))


def test_where_texts_repeat_the_experiment_leaves_them_out_and_says_so(
    tmp_path: Path, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit.written(options(repeating(tmp_path / "mine.csv")))
    output, file = capsys.readouterr().out, conf / "experiments" / "mine.yaml"
    left_out = f"`duplicates: drop exact` in {file}"
    assert "60 texts repeat another; equal texts stay on one side" in output and left_out in output
    [line] = [line for line in file.read_text(encoding="utf-8").splitlines() if "duplicates" in line]
    assert re.fullmatch(r'    duplicates: "drop exact"   # the tenth held out is drawn by row: .*', line)
    train = first_look.training_split("mine", fit.entry_of("mine"))
    assert (
        train and len(train.texts) == len({*train.texts}) and {*train.texts} < {text for text, _ in TICKETS}
    )
    fit.written(options(tmp_path / "mine.csv"))
    assert left_out in capsys.readouterr().out
    file.write_text(file.read_text(encoding="utf-8").replace("drop exact", "keep"), encoding="utf-8")
    fit.written(options(tmp_path / "mine.csv"))
    assert "texts that repeat are kept: some that are held out are trained on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (TICKETS[:40], TICKETS[30:], "the test split has 30 rows, of which 10 are in train, too"),
        (TICKETS[:30], TICKETS[30:] * 2, "the test split has 60 rows, of which 0 are in train, too"),
        (TICKETS[:30], TICKETS[30:], None),
    ],
)
def test_what_a_given_test_split_shares_with_train_or_repeats_is_left_out_too(
    tmp_path: Path,
    conf: Path,
    capsys: pytest.CaptureFixture[str],
    train: list[tuple[str, str]],
    test: list[tuple[str, str]],
    words: str | None,
) -> None:
    path, tests = (
        repeating(tmp_path / f"{name}.csv", rows, 1) for name, rows in (("mine", train), ("b", test))
    )
    fit.written(options(path, test=str(tests)))
    output = capsys.readouterr().out
    assert (words or "of which 0 are in train, too") in output and "stay on one side" not in output
    assert ("duplicates" in fit.entry_of("mine")) == bool(words) == ("drop exact" in output)


def test_a_test_split_without_the_columns_of_train_is_refused_before_anything_is_written(
    tmp_path: Path, conf: Path
) -> None:
    path = repeating(tmp_path / "mine.csv", times=1)
    other = save(tmp_path / "b.csv", delimited(TICKETS, header=("words", "team")))
    assert "b.csv:1: no column 'body'; the columns here are: words, team" in refused(path, test=str(other))
    assert not conf.exists() and not (tmp_path / "texts").exists()


def test_too_few_different_texts_are_refused(tmp_path: Path, conf: Path) -> None:
    path = repeating(tmp_path / "mine.csv", TICKETS[:10], 9)
    words = "found 90 rows with text and label, of 10 different texts, allowed: 20 or more"
    assert words in refused(path) and not conf.exists()
    all_in_test = repeating(tmp_path / "same.csv", times=1)
    assert "of 0 different texts that test has not" in refused(all_in_test, test=str(all_in_test))
    assert "found 10 rows with text and label, allowed: 20" in refused(
        repeating(path.with_name("b.csv"), TICKETS[:10], 1)
    )
