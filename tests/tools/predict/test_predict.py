"""`predict` prints a line for each text, whatever is in texts and labels; what it cannot read is one line."""

import csv
import datetime
import gzip
import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.runtime.config import InputError
from stages.tools.answering.answers import FOR, PLAIN
from stages.tools.answering.attribution import Explain
from stages.tools.predict import __main__ as predict
from tests.sources.tables import workbook

RECIPES = {"small": {"corpus": "words"}}
STUDY: dict[str, Any] = {"corpora": {"words": {"source": "mine"}}, "sources": {"mine": {}}}
OF_PIPED = ["small", "--table", "-", "--column", "body"]
LABELS = ["no\tor\nno", "\x1b[31myes\x1b[0m\r"]  # as a user's file may have them
TEXTS = ["plain", "a\ttab", "two\nlines", "\x1b[2Jcleared", "naïve 🎬", "\u2028\x85\x07"]


class Classifier:
    """Is the surer of the second label the longer a text is."""

    labels = LABELS
    doubt: str | None = None

    def __init__(self, name: str, recipes: dict[str, dict[str, str]]) -> None:
        assert (name, recipes) == ("small", RECIPES)

    def knows(self, text: str) -> bool:
        return "zzz" not in text

    def answers(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        shares = [len(text) / (1 + len(text)) for text in texts]
        return np.array([[1 - share, share] for share in shares]), np.array([*map(self.knows, texts)])


def run(
    monkeypatch: pytest.MonkeyPatch,
    *arguments: str,
    stdin: bytes = b"",
    into: io.BytesIO | None = None,
    terminal: bool = False,
) -> list[str]:
    """The lines that predict prints, of the bytes that it writes. into: where they go; terminal: whether that
    is one."""
    written = into or io.BytesIO()
    monkeypatch.setattr("sys.argv", ["predict", *arguments])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=written, isatty=lambda: terminal))
    monkeypatch.setattr(predict, "Resident", Classifier)
    monkeypatch.setattr(predict, "trained_recipes", lambda: RECIPES)
    monkeypatch.setattr(predict, "params", lambda: STUDY)
    predict.main()
    return written.getvalue().decode().split("\n")[:-1]


def test_a_line_has_three_fields_whatever_text_and_label_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run(monkeypatch, "small", *TEXTS)
    assert len(lines) == len(TEXTS)
    assert lines[0] == "[31myes [0m\t0.8333\tplain"
    for line in lines:
        fields = line.split("\t")
        assert len(fields) == 3 and all(field.isprintable() for field in fields)


def test_below_the_threshold_no_label_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probabilities are 2/3 and 5/6."""
    lines = run(monkeypatch, "small", "--threshold", "0.8", "ab", "abcde")
    assert [line.split("\t")[0] for line in lines] == ["", "[31myes [0m"]
    [answer] = [json.loads(text) for text in run(monkeypatch, "small", "--json", "--threshold", "0.8", "ab")]
    assert answer["label"] is None and answer["probability"] == pytest.approx(2 / 3, abs=1e-6)


def test_of_an_empty_text_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "small", "", " \t") == ["\t\t", "\t\t"]
    [answer] = [json.loads(text) for text in run(monkeypatch, "small", "--json", "")]
    assert {answer[key] for key in ("label", "probability", "probabilities", "known")} == {None}


def test_a_text_without_a_known_word_is_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(run(monkeypatch, "small", "zzz", "abc", "")) == 3
    assert capsys.readouterr().err == "note: no word of 'zzz' was learned: what follows for it is a guess\n"
    answers = map(json.loads, run(monkeypatch, "small", "--json", "zzz", "abc"))
    assert [answer["known"] for answer in answers] == [False, True]


@pytest.mark.parametrize("form", ["lines", "csv", "jsonl"])
def test_of_many_texts_those_without_a_known_word_are_counted(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(predict, "CHUNK", 10)
    texts = [*["zzz", "abc", " "] * 15, "zzz more"]
    stdin = {
        "lines": "\n".join(texts),
        "csv": "\n".join(["body", *map(json.dumps, texts)]),
        "jsonl": "\n".join(json.dumps({"body": text}) for text in texts),
    }[form]
    table = [] if form == "lines" else ["--table", "-", "--column", "body"]
    run(monkeypatch, "small", *table, stdin=stdin.encode())
    note = "note: of 46 texts 16 have no word that small learned: what is said of them is a guess\n"
    assert capsys.readouterr().err == note
    run(monkeypatch, "small", stdin=b"abc\n\n")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("words", [["abc"], []])
def test_probabilities_that_mean_nothing_are_noted_once(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Classifier, "doubt", "not calibrated")
    assert run(monkeypatch, "small", *words, stdin=b"abc\n") == ["[31myes [0m\t0.7500\tabc"]
    assert capsys.readouterr().err == "note: small: not calibrated\n"


def test_below_each_text_the_words_that_decided_are_named_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def words(*_: object) -> Explain:
        return lambda text, label: (
            [(word, len(word) * (1.0 if label else -1.0)) for word in text.split()],
            "so it is" if "bad" in text else None,
        )

    monkeypatch.setattr(predict, "explaining", words)
    lines = run(monkeypatch, "small", "--explain", "a good", " ")
    assert lines == ["[31myes [0m\t0.8571\ta good", "\t+4.000\tgood", "\t+1.000\ta", "\t\t"]
    [answer] = [json.loads(text) for text in run(monkeypatch, "small", "--json", "--explain", "a good")]
    assert answer["words"] == [["a", 1.0], ["good", 4.0]] and answer["note"] is None
    assert run(monkeypatch, "small", "--explain", "bad")[1:] == ["\t+3.000\tbad", "\t\tso it is"]
    [answer] = [json.loads(text) for text in run(monkeypatch, "small", "--json", "--explain", "bad")]
    assert answer["note"] == "so it is"
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = f"\ta {FOR}good{PLAIN}"
    assert run(monkeypatch, "small", "--explain", "a good", terminal=True)[1:] == [coloured]
    with pytest.raises(InputError, match="--explain: found with --table, allowed: with texts"):
        run(monkeypatch, "small", "--explain", "--table", "a.csv")


def test_the_next_labels_are_given_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "small", "--top", "3", "abc") == ["[31myes [0m\t0.7500\tno or no\t0.2500\tabc"]
    [answer] = [json.loads(text) for text in run(monkeypatch, "small", "--json", "--top", "2", "abc")]
    assert answer["top"] == [[LABELS[1], 0.75], [LABELS[0], 0.25]]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_a_table_may_come_on_standard_input(form: str, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": "1", "body": "abc, d"}, {"id": "2", "body": "e"}]
    text = {
        "csv": 'id,body\n1,"abc, d"\n2,e\n',
        "jsonl": "".join(f"{json.dumps(row)}\n" for row in rows),
        "json": json.dumps(rows),
    }[form]
    piped = gzip.compress(text.encode()) if packed else text.encode()
    objects = [json.loads(line) for line in run(monkeypatch, *OF_PIPED, "--json", stdin=piped)]
    assert [{"id": each["id"], "body": each["body"]} for each in objects] == rows
    assert all(each["predicted"] == LABELS[1] for each in objects[:1])


@pytest.mark.parametrize(
    ("piped", "line"),
    [
        (b"body\na\nb,c\n", "standard input:3: more fields than the 1 columns; mend or delete the row"),
        (b'[{"body": ', "standard input: not JSON: "),
        (gzip.compress(b"body\nabc\n" * 999)[:-9], "standard input: not a whole .gz file (Compressed file"),
        (b"\x1f\x8b is none", "standard input: not a whole .gz file (Unknown compression method"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0 is none", "standard input: not a whole .gz file (Error -3 while"),
    ],
    ids=["a row", "JSON", "cut short", "another method", "damaged"],
)
def test_a_bad_table_on_standard_input_is_refused_by_that_name(
    piped: bytes, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(line)}"):
        run(monkeypatch, *OF_PIPED, stdin=piped)


def test_a_column_that_the_first_row_lacks_is_lost_by_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b'{"body": "abc"}\n{"body": "abc", "customer": "x", "id": "7"}\n{"id": "8", "body": "abc"}\n'
    refusal = "found a column 'customer', allowed: those of the first row, body; add --json, which keeps"
    with pytest.raises(InputError, match=f"^standard input:2: {refusal}"):
        run(monkeypatch, *OF_PIPED, stdin=rows)
    objects = [json.loads(line) for line in run(monkeypatch, *OF_PIPED, "--json", stdin=rows)]
    assert [each.get("id") for each in objects] == [None, "7", "8"] and objects[1]["customer"] == "x"


def test_a_table_keeps_its_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id;body;more\n1;"abc; d";x\n2;;y\n3;"two\nlines";"q""uote"\n', encoding="latin-1")
    given = ["small", "--table", str(path), "--column", "body"]
    written = "\n".join(run(monkeypatch, *given, "--top", "2"))
    rows = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [row["id"] for row in rows] == ["1", "2", "3"] and rows[2]["body"] == "two\nlines"
    assert rows[2]["more"] == 'q"uote' and rows[0]["predicted"] == LABELS[1]
    assert rows[1]["predicted"] == rows[1]["probability"] == ""
    assert float(rows[0]["probability"]) + float(rows[0]["probability_2"]) == pytest.approx(1)
    objects = [json.loads(text) for text in run(monkeypatch, *given, "--json")]
    assert [each["id"] for each in objects] == ["1", "2", "3"] and objects[1]["predicted"] is None


def test_a_first_row_with_the_column_of_texts_is_the_header_whatever_is_below_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,body\n1,abc\n2,body\n", encoding="utf-8")
    lines = run(monkeypatch, "small", "--table", str(path), "--column", "body")
    assert lines[0] == "id,body,predicted,probability" and len(lines) == 3


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".xlsx"])
def test_a_row_without_a_value_is_answered_as_an_empty_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    rows = [("1", "abc"), ("2", None), ("3", "abc")]
    records = [{"id": number, "body": body} for number, body in rows]
    match suffix:
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
        case ".xlsx":
            path.write_bytes(workbook([("id", "body"), *rows]))
        case ".jsonl":
            path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
        case ".csv":
            path.write_text("id,body\n1,abc\n2\n3,abc\n", encoding="utf-8")
    given = ["small", "--table", str(path), "--column", "body"]
    lines = run(monkeypatch, *given)
    assert lines == ["id,body,predicted,probability", lines[1], "2,,,", lines[1].replace("1", "3", 1)]
    objects = [json.loads(line) for line in run(monkeypatch, *given, "--json")]
    assert [each["predicted"] for each in objects] == [LABELS[1], None, LABELS[1]]


def test_a_row_without_the_column_or_with_no_text_in_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for row in ({"boddy": "abc"}, {"body": ["abc"]}, {"body": True}):
        path = tmp_path / "a.jsonl"
        path.write_text(json.dumps(row), encoding="utf-8")
        with pytest.raises(InputError, match=r"a\.jsonl:1: no text in column 'body'; mend or delete the row"):
            run(monkeypatch, "small", "--table", str(path), "--column", "body")


def test_a_later_row_without_the_key_has_an_empty_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a table has from which `fit` left rows out."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "abc", "id": "1"}\n{"id": "2"}\n', encoding="utf-8")
    lines = run(monkeypatch, "small", "--table", str(path), "--column", "body")
    assert len(lines) == 3 and lines[2] == ",2,,"


@pytest.mark.parametrize(
    ("column", "top", "refused"),
    [
        ("predicted", "1", True),
        ("probability", "1", True),
        ("predicted_2", "2", True),
        ("predicted_2", "1", False),
        ("predicted_3", "3", False),  # there are two labels
        ("Predicted", "2", False),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_column_with_the_name_of_one_that_is_added_is_refused_before_anything_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, column: str, top: str, refused: bool, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    row = {"body": "ab", column: "mine"}
    path.write_text(
        f"body,{column}\nab,mine\n" if suffix == ".csv" else json.dumps(row) + "\n", encoding="utf-8"
    )
    given = ["small", "--table", str(path), "--column", "body", "--top", top, "--json"]
    if not refused:
        [answer] = map(json.loads, run(monkeypatch, *given))
        assert answer[column] == "mine" and answer["predicted"] == LABELS[1]
        return
    printed = io.BytesIO()
    with pytest.raises(
        InputError, match=rf"^{re.escape(str(path))}:\d: found a column '{column}', allowed: .*; rename it$"
    ):
        run(monkeypatch, *given, into=printed)
    assert not printed.getvalue()


@pytest.mark.parametrize("words", [["--column", "x"], ["--table", "a", "--column", "b", "c"]])
def test_a_column_needs_its_table_and_no_texts(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    with pytest.raises(InputError, match="allowed: --table FILE, or"):
        run(monkeypatch, "small", *words)


@pytest.mark.parametrize("words", [[], ["--column", "subject", "--column", "body"]])
def test_a_text_is_made_of_the_columns_that_the_recipe_learned_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("body,subject\ncde,ab\n", encoding="utf-8")
    STUDY["sources"]["mine"]["text"] = ["subject", "body"]
    (line,) = run(monkeypatch, "small", "--table", str(path), "--json", *words)
    assert json.loads(line)["probability"] == pytest.approx(6 / 7, abs=1e-6)  # of "ab\ncde"
    with pytest.raises(InputError, match="--column: found body, allowed: 2 columns, as the recipe learned"):
        run(monkeypatch, "small", "--table", str(path), "--column", "body")
    STUDY["sources"]["mine"]["text"] = "subject"
    (line,) = run(monkeypatch, "small", "--table", str(path), "--json")
    assert json.loads(line)["probability"] == pytest.approx(2 / 3, abs=1e-6)
    del STUDY["sources"]["mine"]["text"]
    with pytest.raises(InputError, match="--column: found none, allowed: the table's column of texts"):
        run(monkeypatch, "small", "--table", str(path))


def test_texts_are_answered_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "CHUNK", 10)
    read = 0

    def texts() -> Iterator[tuple[int, str]]:
        nonlocal read
        for read in range(1, 1_000_000):
            yield read, "text"

    answers = predict.answered(cast(Any, Classifier("small", RECIPES)), texts(), predict.Tally())
    assert [number for number, *_ in islice(answers, 25)] == [*range(1, 26)]
    assert read == 30


@pytest.mark.parametrize("threshold", ["90", "-0.1", "nan", "high"])
def test_a_threshold_is_a_probability(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], threshold: str
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "small", f"--threshold={threshold}", "a")
    assert f"found '{threshold}', allowed: a number from 0 to 1" in capsys.readouterr().err


def test_json_keeps_texts_and_labels_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [json.loads(line) for line in run(monkeypatch, "small", "--json", *TEXTS)]
    assert [answer["text"] for answer in answers] == TEXTS
    assert answers[0]["label"] == LABELS[1] and answers[0]["probability"] == pytest.approx(5 / 6, abs=1e-6)
    assert answers[0]["probabilities"] == pytest.approx(
        dict(zip(LABELS, [1 / 6, 5 / 6], strict=True)), abs=1e-6
    )


def test_an_option_may_stand_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [["small", "--json", "a"], ["--json", "small", "a"], ["small", "a", "--json"]]
    assert len({tuple(run(monkeypatch, *order)) for order in orders}) == 1


def test_only_the_recipe_is_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch)
    assert capsys.readouterr().err.endswith("error: the following arguments are required: recipe\n")


def test_without_texts_each_line_of_standard_input_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = "\ufeffone\r\n\nnaïve".encode()
    texts = [json.loads(line)["text"] for line in run(monkeypatch, "small", "--json", stdin=stdin)]
    assert texts == ["one", "", "naïve"]
    assert run(monkeypatch, "small") == []


def test_what_is_not_utf_8_is_named_by_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="standard input, line 2: not UTF-8"):
        run(monkeypatch, "small", stdin=b"one\n\xff\n")
    with pytest.raises(InputError, match="text 2: not UTF-8"):
        run(monkeypatch, "small", "one", "\udcff")


def test_an_unknown_recipe_is_refused_before_texts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="there is no recipe 'smal'; there is small"):
        run(monkeypatch, "smal", stdin=b"\xff")


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bytes_are_as_many_texts_or_refused_by_number(lines: list[bytes]) -> None:
    good = [line for line in lines if line.decode("utf-8", "ignore").encode() == line]
    if good != lines:
        first = next(i for i, line in enumerate(lines, 1) if line not in good)
        with pytest.raises(InputError, match=f"^line {first}: not UTF-8") as refused:
            list(predict.decoded(lines, "line"))
        assert "\n" not in str(refused.value)
    else:
        texts = list(predict.decoded(lines, "line"))
        assert [text.encode() for text in texts][1:] == lines[1:] and len(texts) == len(lines)


def test_dates_objects_and_half_emojis_of_other_columns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are answered as text and as JSON, or refused by their row."""
    day = datetime.datetime(2026, 11, 29)
    (tmp_path / "a.xlsx").write_bytes(workbook([("when", "body"), (day, "abc")]))
    asked = ["small", "--column", "body", "--table"]
    [answer] = map(json.loads, run(monkeypatch, *asked, str(tmp_path / "a.xlsx"), "--json"))
    assert answer["when"] == str(day) and answer["predicted"] == LABELS[1]
    (tmp_path / "b.jsonl").write_text('{"body": "abc", "by": {"name": "Zoë"}}\n', encoding="utf-8")
    [_, row] = csv.reader(run(monkeypatch, *asked, str(tmp_path / "b.jsonl")))
    assert json.loads(row[1]) == {"name": "Zoë"}
    (tmp_path / "c.jsonl").write_text('{"body": "abc", "by": "\\ud83d"}\n', encoding="utf-8")
    for form in ([], ["--json"]):
        with pytest.raises(InputError, match=r"c\.jsonl:1: found half of a surrogate pair"):
            run(monkeypatch, *asked, str(tmp_path / "c.jsonl"), *form)


def test_of_a_table_without_rows_the_header_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, *OF_PIPED, stdin=b"id,body\n") == ["id,body,predicted,probability"]


def test_an_encoding_is_that_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    [_, row] = run(monkeypatch, *OF_PIPED, "--encoding", "cp1250", stdin="body\nłódź\n".encode("cp1250"))
    assert row.startswith("łódź,")
    with pytest.raises(SystemExit):
        run(monkeypatch, *OF_PIPED, "--encoding", "latin-99", stdin=b"body\n")
    with pytest.raises(InputError, match="--encoding: found without --table"):
        run(monkeypatch, "small", "--encoding", "cp1250", "abc")
