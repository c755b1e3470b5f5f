"""`fit`: what it writes is a study, and what it says is what a person should know."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from stages import compose as compose_stage
from stages.runtime.config import ROOT, InputError, parse, read
from stages.sources import files
from stages.study import composition
from stages.study.composition import compose
from stages.study.entries import NAME
from stages.study.schema import Experiment, check
from stages.tools.fit import __main__ as fit
from stages.tools.fit import experiment, first_look, from_table, look, pipeline, stated
from stages.tools.report import folder as reports
from stages.tools.report import gathered, ranking
from tests.sources.tables import delimited, save
from tests.tools.fit.tickets import TICKETS, table, tickets


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A conf/ and a texts/ without anything, and no params.yaml that is written."""
    monkeypatch.setattr(composition, "CONF", tmp_path / "conf")
    monkeypatch.setattr(composition, "compose", lambda overrides: "")
    monkeypatch.setattr(compose_stage, "write", lambda text: None)
    monkeypatch.setattr(from_table, "ROOT", tmp_path)

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
    path, test = tickets(tmp_path / "mine.csv"), tickets(tmp_path / "tests.csv")
    test.write_text(test.read_text(encoding="utf-8").replace("little", "lot"), encoding="utf-8")
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
    with pytest.raises(KeyboardInterrupt):
        fit.written(options(tickets(tmp_path / "mine.csv"), text=["body"]))
    assert not experiment.place("mine").exists()


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
        (fit.encoding, "latin-99", "found 'latin-99', allowed: an encoding that Python knows, as utf-8, "),
        (fit.encoding, "rot13", "found 'rot13', allowed: an encoding that Python knows, as utf-8, "),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(words)):
            read_option(text)
    assert fit.positive("1.5") == 1.5 and fit.encoding("cp1252") == "cp1252"


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


def test_what_all_stages_need_is_within_the_minutes() -> None:
    texts = experiment.Texts(np.full(120, 5), 300)
    assert 230 < experiment.taking(experiment.offered(texts), texts, seeds=10) < 290  # 258 were measured
    for minutes in (2, 3, 4, 5):
        kept = experiment.recipes(texts, minutes, seeds=10)
        assert experiment.taking(kept, texts, 10) <= 60 * minutes
    one, two = (experiment.taking(experiment.offered(texts)[:count], texts, 10) for count in (1, 2))
    assert two - one == pytest.approx(experiment.LINEAR, abs=0.1)  # of one corpus


def test_many_labels_take_more_of_the_minutes() -> None:
    few, many = (experiment.Texts(np.full(50_000, 20), 9000, labels) for labels in (2, 200))
    kept, fewer = ([cell for cell, *_ in experiment.recipes(texts, 5)] for texts in (few, many))
    assert {*fewer} < {*kept} and fewer[:2] == ["majority", "logistic"]


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


@pytest.mark.parametrize("words", [8, 400])
@pytest.mark.parametrize("minutes", [0.1, 600])
def test_what_is_written_composes_and_is_accepted(tmp_path: Path, words: int, minutes: float) -> None:
    source = {
        "kind": "files",
        "path": "tickets.csv",
        "text": "the body",
        "label": "team: x",
        "split": {"test": 0.2},
    }
    lengths = np.random.default_rng(0).integers(1, 2 * words, 3000)
    some = experiment.Texts(lengths, 9000)
    text = experiment.written("tickets", "Tickets: a & b", source, some, minutes, few=words < 30)
    made = yaml.safe_load(text)
    read(files.Source, made["sources"]["tickets"], "sources.tickets")
    conf = tmp_path / "conf"
    for folder in ("models", "trainings"):
        (conf / folder).mkdir(parents=True)
        for path in (ROOT / "conf" / folder).glob("*.yaml"):
            if "members" not in (entry := parse(path, path.name)) and "teacher" not in entry:
                (conf / folder / path.name).write_bytes(path.read_bytes())
    for name in ("config.yaml", "figures.yaml", "names.yaml", "samples.yaml"):
        (conf / name).write_bytes((ROOT / "conf" / name).read_bytes())
    (conf / "experiments").mkdir()
    (conf / "experiments" / "tickets.yaml").write_text(text, encoding="utf-8")
    params = yaml.safe_load(compose([], conf))
    check(params)
    recipes = params["comparisons"]["tickets"]["recipes"]
    assert recipes[:2] == ["tickets-majority", "tickets-logistic"]
    assert ("tickets-bilstm" in recipes) == (minutes > 1)
    if minutes > 1:
        epochs = params["recipes"]["tickets-bilstm"]["training"]["epochs"]
        assert epochs == (6 if words < 30 else 3)
    assert ("tickets-characters" in recipes) == (minutes > 1 and words < 30)


@pytest.mark.parametrize("name", ["2024", "null", "true", "1e5", "2024-13-45", "mine"])
def test_a_name_that_yaml_takes_for_something_else_is_in_quotes(tmp_path: Path, name: str) -> None:
    some = experiment.Texts(np.full(100, 9), 500)
    path = save(tmp_path / "a.yaml", experiment.written(name, name, {"path": "x.csv"}, some, 9))
    made = parse(path, path.name)
    assert [*made["sources"]] == [name]
    assert {corpus["source"] for corpus in made["corpora"].values()} == {name}


@pytest.mark.parametrize(
    ("counts", "asked", "stated"),
    [
        ((50, 50), None, None),
        ((90, 10), None, "macro_f1"),
        ((90, 10), "auc", "auc"),
        ((50, 50), "macro-f1", "macro_f1"),
        ((90, 10), "accuracy", None),
    ],
)
def test_what_ranks_is_written_where_an_accuracy_hides_rare_labels_or_something_else_was_asked_for(
    counts: tuple[int, int], asked: str | None, stated: str | None
) -> None:
    labels = ["a"] * counts[0] + ["b"] * counts[1]
    some = experiment.Texts(np.full(100, 9), 500)
    text = experiment.written("x", "X", {"path": "x.csv"}, some, 1, fit.chosen_by(labels, asked))
    entry = yaml.safe_load(text)
    assert entry.get("choose_by") == stated
    assert read(Experiment, entry, "experiments.x").choose_by == stated
    assert ranking.choosing(entry) == (stated or "accuracy").replace("_", "-")
    assert ranking.choosing(entry, "loss") == "loss"


def test_what_an_experiment_may_choose_by_is_what_ranks() -> None:
    for by in ranking.BY:
        entry: dict[str, Any] = {"title": "x", "vary": {"a": {"b": {}}}}
        entry["choose_by"] = by.replace("-", "_")
        assert ranking.choosing(entry) == by == ranking.measure(entry["choose_by"])
        read(Experiment, entry, "experiments.x")
    with pytest.raises(
        InputError, match=r"experiments\.x\.choose_by: found \"macro-f1\", allowed: .*'macro_f1'"
    ):
        read(Experiment, {"title": "x", "vary": {"a": {"b": {}}}, "choose_by": "macro-f1"}, "experiments.x")


def test_few_texts_are_trained_on_with_more_seeds_which_networks_take_longer_for() -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    few, many = (
        yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 3, few=few))
        for few in (True, False)
    )
    assert (few["seeds"], many["seeds"]) == (10, 3)
    recipes = [set(each["vary"]["model"]) for each in (few, many)]
    assert {"majority", "logistic", "characters"} <= recipes[0] < recipes[1]


@pytest.mark.parametrize("few", [True, False])
def test_networks_take_smaller_steps_of_few_texts(few: bool) -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    made = yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 600, few=few))
    read(Experiment, {key: made[key] for key in ("title", "vary", "tweak")}, "experiments.x")
    sizes = {cell: patch.get("training", {}).get("batch_size") for cell, patch in made["tweak"].items()}
    small = dict.fromkeys(("nb-svm-network", "hashed-bag", "bilstm"), 16)
    assert sizes == (small if few else {"bilstm": None})
    assert made["tweak"]["bilstm"]["model"] == {"segment": None}
    soon = yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 0.01, few=few))
    assert "tweak" not in soon


def test_arrays_are_wide_enough_for_nearly_all_texts() -> None:
    lengths = np.random.default_rng(0).integers(3, 900, 2000)
    widths = experiment.boundaries(lengths, 900)
    assert widths[-1] >= 900 and widths == sorted(set(widths))
    places = np.array(widths)[np.searchsorted(widths, lengths)]
    assert places.sum() / lengths.sum() < 1.2


def test_the_best_on_held_out_texts_is_named_and_the_report_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"mine-logistic": (0.8, 0.4), "mine-svm": (0.9, 0.5), "mine-bilstm": (0.9, 0.3)}
    study: dict[str, Any] = {
        "comparisons": {"mine": {"recipes": [*held]}},
        "recipes": {name: {"corpus": "c", "seeds": [1], "training": {"kind": "any"}} for name in held},
    }
    study["corpora"] = {"c": {"source": "s"}}
    reported: list[str] = []

    def gather(root: Path, study: dict[str, Any], name: str, by: str) -> Any:
        reported.append(f"{name} by {by}")
        return SimpleNamespace(parts=[])

    def held_out(recipe: str, experiment: str, data: Path) -> ranking.HeldOut:
        accuracy, loss = held[recipe]
        measures = {"accuracy": accuracy, "macro-f1": 0.5, "auc": 0.5, "loss": loss}
        return ranking.HeldOut(recipe, measures, 9, 9, 5000)

    monkeypatch.setattr(pipeline, "repro", lambda targets, shares: None)
    monkeypatch.setattr(pipeline, "imbalance", lambda source, by: None)
    monkeypatch.setattr(pipeline, "metrics", lambda recipe: {"test": {"accuracy": 1 - held[recipe][0]}})
    monkeypatch.setattr(ranking, "held_out", held_out)
    monkeypatch.setattr(gathered, "gather", gather)
    monkeypatch.setattr(reports, "page_of", lambda compared, weighing: tmp_path / "index.html")
    pipeline.run("mine", study, "accuracy", 1.0, 2)
    output = capsys.readouterr().out
    assert "mine-bilstm is chosen by its held-out texts. On the test split: 10.0 % right." in output
    assert output.startswith("2 baselines (logistic, svm), then 1 network (bilstm): about ")
    last = re.findall(r"(mine-\w+) +\d+\.\d", output)[-3:]
    assert last == ["mine-bilstm", "mine-svm", "mine-logistic"]
    assert (
        reported == ["mine by accuracy"]
        and f"python -m webbrowser {(tmp_path / 'index.html').as_uri()}" in output
    )


def test_where_macro_f1_ranks_the_last_line_has_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "metrics", lambda recipe: {"test": {"accuracy": 0.78, "f1": 0.9}})
    best = SimpleNamespace(name="mine-svm", over_classes=(0.512, 0.6))
    compared: Any = SimpleNamespace(parts=[SimpleNamespace(recipes=[best])])
    assert pipeline.on_test("mine-svm", compared, "macro-f1") == "78.0 % right, macro-F1 0.512"
    assert pipeline.on_test("mine-svm", compared, "accuracy") == "78.0 % right"


def test_weights_for_rare_labels_are_advised_where_they_are_not_there_yet() -> None:
    advice = pipeline.weighing("mine", "mine-svm", {"kind": "linear"})
    assert advice and "`svm: {training: {class_weight: balanced}}` under `tweak`" in advice
    assert pipeline.weighing("mine", "mine-svm", {"kind": "linear", "class_weight": "balanced"}) is None
    assert pipeline.weighing("mine", "mine-majority", {"kind": "linear"}) is None
    assert pipeline.weighing("mine", "mine-both", {"kind": "ensemble"}) is None


def test_commands_start_the_python_that_a_person_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "a study" / ".venv"
    own.mkdir(parents=True)
    monkeypatch.setattr(pipeline, "ROOT", own.parent)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert pipeline.python() == "python"  # an environment of another place
    monkeypatch.setattr(sys, "prefix", str(own))
    assert pipeline.python() == f"'{own}/bin/python'"
    monkeypatch.chdir(own.parent)
    assert pipeline.python() == ".venv/bin/python"
    for line in pipeline.next_commands("mine", "mine-svm", "mine", "python -m webbrowser x"):
        assert "python -m" not in line.replace(".venv/bin/python -m", "")
    monkeypatch.setenv("VIRTUAL_ENV", str(own))
    assert pipeline.python() == "python"


def test_of_an_experiment_without_baselines_dvc_runs_no_more_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = {"corpus": "c", "seeds": [1], "training": {"kind": "any"}}
    study: dict[str, Any] = {
        "comparisons": {"mine": {"recipes": ["mine-bilstm"]}},
        "recipes": {"mine-bilstm": recipe},
        "corpora": {"c": {"source": "s"}},
    }

    def repro(targets: Sequence[str], shares: object) -> None:
        raise InterruptedError(f"dvc repro {' '.join(targets)}")

    monkeypatch.setattr(pipeline, "repro", repro)
    monkeypatch.setattr(pipeline, "imbalance", lambda source, by: None)
    with pytest.raises(InterruptedError, match="dvc repro compare@mine"):
        pipeline.run("mine", study, "accuracy", 1.0, 2)
