"""What `fit` takes of a table unasked is what a person would take."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import from_table, look
from tests.sources.tables import delimited, save
from tests.tools.fit.tickets import TICKETS, table, tickets


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [
        (i, f"größere Schäden an Türen und Böden, schön war das für mich nicht {i}", "jä"[i % 2 : i % 2 + 1])
        for i in range(40)
    ]
    quoted = [(i, f'"{text}"', label) for i, text, label in rows]
    path = save(tmp_path / "a.csv", table(["id", "body", "team"], quoted, delimiter).encode(encoding))
    parsed = look.look(path)
    assert [row["body"] for row in parsed.rows] == [text for _, text, _ in rows]
    assert parsed.how.delimiter == (None if delimiter == "," else delimiter)
    names = look.columns(parsed)
    assert (names.texts, names.label) == (("body",), "team")


# a text and its encoding, and which of those that spell it alike is taken
SPELLED = [
    ("Räkningen från Åsa är fel, jag vill ha pengarna åter nu", "latin-1", "cp1252"),
    ("A reunião não começou às três; informação sobre a conta é útil", "latin-1", "cp1252"),
    ("La facture reçue est déjà payée, où est le problème à côté", "latin-1", "cp1252"),
    ("La facture reçue \u2013 hier \u2013 n\u2019est pas à moi", "cp1252", "cp1252"),
    ("El niño comió la piña ¿por qué? ¡Así! está 3º", "latin-1", "cp1252"),
    ("I called José and Zoë about the bill", "latin-1", "cp1252"),
    ("the invoice \u201cquoted\u201d for €20", "cp1252", "cp1252"),
    ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250", "cp1250"),
    ("Zażółć gęślą jaźń, wystawić fakturę dla łodzi", "cp1250", "cp1250"),
    ("Račun je pogrešan, šaljem žalbu čim prije, đak će doći", "cp1250", "cp1250"),
    ("Árvíztűrő tükörfúrógép, a számla összege túl nagy volt, erről írtam", "cp1250", "cp1250"),
    ("Счёт неверный, верните деньги", "cp1251", "cp1251"),
    ("Счёт неверный, верните деньги", "koi8-r", "koi8_r"),
    ("Γειά, λογαριασμός είναι λάθος", "iso8859-7", "cp1253"),
    ("請求書が間違っています。返金してください", "shift_jis", "cp932"),
    ("发票有错误请退款给我谢谢", "gb18030", "gb18030"),
    ("Räkningen från Åsa är fel", "utf-16", "utf-16"),
]


@pytest.mark.parametrize(("text", "encoding", "taken"), SPELLED)
def test_an_old_encoding_is_told_by_the_language_and_shown(
    tmp_path: Path, text: str, encoding: str, taken: str
) -> None:
    words = text.split()
    turned = [" ".join([*words[i % len(words) :], *words[: i % len(words)]]) for i in range(40)]
    rows = [(f'"{each} {i}"', "ab"[i % 2]) for i, each in enumerate(turned)]
    path = save(tmp_path / "a.csv", table(["text", "label"], rows).encode(encoding))
    data = from_table.data_set(path, None, None, None)
    assert data.texts[0] == f"{text} 0" and data.entry("a")["encoding"] == taken
    examples = [*dict.fromkeys(word[:20] for word in words if not word.isascii())][:3]
    assert data.encoding == f"encoding {taken}, as in {', '.join(map(repr, examples))}"


def test_of_utf_8_nothing_is_said(tmp_path: Path) -> None:
    for text in ("ascii", "Räkningen från Åsa"):
        rows = [(f"{text} {i}", "ab"[i % 2]) for i in range(40)]
        path = save(tmp_path / "a.csv", table(["text", "label"], rows))
        assert from_table.data_set(path, None, None, None).encoding is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_field_may_be_quoted(tmp_path: Path, delimiter: str) -> None:
    quoted = [[f'"{value}"' for value in row] for row in [("body", "team"), *TICKETS]]
    parsed = look.look(save(tmp_path / "a.csv", table([], quoted, delimiter)))
    assert look.usable(parsed.rows, look.columns(parsed)) == tuple(map(list, zip(*TICKETS, strict=True)))


def test_a_header_is_told_from_a_first_row(tmp_path: Path) -> None:
    without = save(tmp_path / "a.csv", "".join(f'{label},"{text}"\n' for text, label in TICKETS))
    parsed = look.look(without)
    assert len(parsed.rows) == 60 and parsed.how.columns == ("column 1", "column 2")
    names = look.columns(parsed)
    assert (names.texts, names.label) == (("column 2",), "column 1")
    assert look.look(save(tmp_path / "b.csv", delimited(TICKETS))).how.columns is None


EXCEL = "Ticket No,Subject,Message,Status,Category,,,"  # cells that were emptied have commas all the same


def exported(header: str = EXCEL) -> str:
    rows = [f'{i},about {i % 7},"{text}",open,{label},,,' for i, (text, label) in enumerate(TICKETS)]
    return "\n".join([header, *rows]) + "\n"


def test_columns_without_a_name_and_without_content_are_none(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", exported())
    data = from_table.data_set(path, None, None, None)
    assert (data.entry("a")["text"], data.entry("a")["label"]) == ("Message", "Category")
    assert look.format_of(path).columns is None and "header" not in "\n".join(data.notes)
    splits = files.load(read(files.Source, data.entry("a"), "sources.a"))
    assert sorted(data.texts) == sorted(text for split in splits.values() for text in split.texts)
    middle = save(tmp_path / "b.csv", "text,,label,\n" + "".join(f'"{t}",,{n},\n' for t, n in TICKETS))
    assert look.look(middle).how.columns is None


def test_a_first_row_with_the_columns_that_are_named_is_the_header(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", exported("open,Subject,Message,Status,Category,x,,"))
    assert look.look(path).how.columns
    for texts, label in ((["Message"], "Category"), (["Subject", "Message"], "Category")):
        data = from_table.data_set(path, texts, label, None)
        assert "columns" not in data.entry("a") and len(data.texts) == len(TICKETS)
        files.load(read(files.Source, data.entry("a"), "sources.a"))
    with pytest.raises(InputError, match=r"found 'Body', allowed: .*if it is one, name .*Subject, Message"):
        from_table.data_set(path, ["Body"], "Category", None)


def test_it_says_when_it_takes_a_table_for_one_without_a_header(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", "".join(f'{label},"{text}"\n' for text, label in TICKETS))
    note = from_table.data_set(path, None, None, None).notes[1]
    assert note.startswith("  taken for a table without a header: ") and "(sales, the 0th ticket, " in note


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_columns_of_objects_and_lists_are_neither_texts_nor_labels(tmp_path: Path, suffix: str) -> None:
    objects = [
        {
            "meta": {"from": f"a long address {i} " * 9},
            "tags": ["x", "y"][: i % 2],
            "said": text,
            "team": name,
        }
        for i, (text, name) in enumerate(TICKETS)
    ]
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(objects), path)
    else:
        save(path, "".join(json.dumps(each) + "\n" for each in objects))
    names = look.columns(look.look(path))
    assert (names.texts, names.label) == (("said",), "team")
    for asked in ({"texts": ["meta"]}, {"label": "meta"}):
        with pytest.raises(
            InputError, match=r"found 'meta', whose values are of the kind dict, allowed: str"
        ):
            look.columns(look.look(path), **asked)


def test_rows_are_used_that_the_source_uses(tmp_path: Path) -> None:
    odd: list[Any] = [{"a": 1}, ["a"], None, "", " ", "\ud800"]
    objects = [{"text": text, "label": label} for text, label in TICKETS]
    objects += [{"text": value, "label": "sales"} for value in odd]
    objects += [{"text": "a text", "label": value} for value in odd]
    path = save(tmp_path / "a.jsonl", "".join(json.dumps(each) + "\n" for each in objects))
    data = from_table.data_set(path, None, None, None)
    assert len(data.texts) == len(TICKETS)
    assert len(files.dropped(read(files.Source, data.entry("a"), "sources.a"))) == 2 * len(odd)


def test_white_space_around_labels_is_taken_off_and_counted(tmp_path: Path) -> None:
    rows = [(f'"{text}"', f"{label} " if i % 10 == 0 else label) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "a.csv", table(["body", "team"], rows))
    data = from_table.data_set(path, None, None, None)
    assert data.notes[1] == "  6 labels have white space around them, which is taken off"
    splits = files.load(read(files.Source, data.entry("a"), "sources.a"))
    assert set(data.labels) == set(splits["train"].names) == {"sales", "support", "other"}
    assert len(from_table.data_set(tickets(tmp_path / "b.csv"), None, "team", None).notes) == 1


def test_bytes_that_are_no_text_are_refused_with_what_is_allowed(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", np.random.default_rng(0).bytes(5000))
    with pytest.raises(
        InputError, match=r"allowed: UTF-8, UTF-16, .*; save it as UTF-8, or name its `encoding`"
    ):
        look.look(path)


def test_several_columns_make_a_text_as_the_source_makes_it(tmp_path: Path) -> None:
    rows = [("" if i % 3 else f"no. {i}", f'"{text}"', label) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "a.csv", table(["subject", "body", "team"], [*rows, (" ", "", "other")]))
    data = from_table.data_set(path, ["subject", "body"], None, None)
    source = read(files.Source, data.entry("a"), "sources.a")
    splits = files.load(source)
    assert sorted(data.texts) == sorted(text for split in splits.values() for text in split.texts)
    assert "columns 'subject' and 'body'" in data.notes[0] and len(data.texts) == len(TICKETS)
    for texts in (["body", "body"], ["body", "team"]):
        with pytest.raises(InputError, match="allowed: each column once"):
            from_table.data_set(path, texts, "team", None)


def test_false_is_a_label(tmp_path: Path) -> None:
    objects = [{"text": text, "spam": bool(i % 2)} for i, (text, _) in enumerate(TICKETS)]
    path = save(tmp_path / "a.jsonl", "".join(json.dumps(each) + "\n" for each in objects))
    data = from_table.data_set(path, None, None, None)
    splits = files.load(read(files.Source, data.entry("a"), "sources.a"))
    assert len(data.texts) == len(TICKETS) and set(data.labels) == set(splits["train"].names)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv.gz"])
def test_other_formats_are_read_too(tmp_path: Path, suffix: str) -> None:
    objects = [{"text": text, "label": label} for text, label in TICKETS]
    content: dict[str, Any] = {
        ".jsonl": "".join(json.dumps(each) + "\n" for each in objects),
        ".json": json.dumps(objects),
        ".csv.gz": gzip.compress(delimited(TICKETS).encode()),
    }
    parsed = look.look(save(tmp_path / f"a{suffix}", content[suffix]))
    names = look.columns(parsed)
    assert look.usable(parsed.rows, names) == tuple(map(list, zip(*TICKETS, strict=True)))


def workbook() -> bytes:
    """As much of an .xlsx file as tells it from a table."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_workbook_with_another_name_is_refused_in_a_line_that_says_what_to_save_it_as(
    tmp_path: Path, name: str
) -> None:
    path = save(tmp_path / name, workbook())
    with pytest.raises(InputError, match=r"; name it \.xlsx, or save it as CSV$"):
        from_table.data_set(path, None, None, None)


def test_a_test_split_that_is_no_table_is_refused(tmp_path: Path) -> None:
    table = save(tmp_path / "a.csv", delimited(TICKETS))
    for test in (tmp_path / "missing.csv", save(tmp_path / "b.xls", workbook()), tmp_path):
        with pytest.raises(InputError, match=r"--test: found .*, allowed: a table as a\.csv; save it as CSV"):
            from_table.data_set(table, None, None, test)


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    rows = [(text, label, "ab"[i % 2]) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "a.csv", table(["words", "one", "two"], [(f'"{t}"', *more) for t, *more in rows]))
    parsed = look.look(path)
    with pytest.raises(InputError, match="--label: several columns may be it: one, two; name one of"):
        look.columns(parsed)
    assert look.columns(parsed, label="two").label == "two"
    with pytest.raises(InputError, match=r"--text: found 'word', allowed: a column of .*: words, one, two"):
        look.columns(parsed, ["word"])
    numbers = save(tmp_path / "b.csv", table(["words", "score"], [(f"the text {i}", i) for i in range(60)]))
    with pytest.raises(InputError, match=r"allowed: 2 to 100 different values, .*\(score has 60\); add rows"):
        look.columns(look.look(numbers))
    same = [(i, f"a text {i}", "x") for i in range(60)]
    one_label = save(tmp_path / "c.csv", table(["id", "words", "label"], same))
    with pytest.raises(InputError, match=r"different values, .*\(id has 60, label has 1\); add rows"):
        look.columns(look.look(one_label))
    with pytest.raises(InputError, match="--text: found every column, allowed: all but that of the labels"):
        look.columns(look.look(numbers), ["words", "score"])


def test_rows_that_are_left_out_are_told_and_counted_by_the_source(tmp_path: Path) -> None:
    rows = [f"{text.replace(',', '')},{label}" for text, label in TICKETS]
    rows[3:3] = ["a text without a label,", "more, fields, than, columns", ",sales"]
    path = save(tmp_path / "a.csv", "\n".join(["body,team", *rows]) + "\n")
    data = from_table.data_set(path, None, None, None)
    assert data.notes[1] == "  3 rows left out: 1 that can't be read, 2 without a text or a label"
    assert len(data.texts) == len(TICKETS)
    source = read(files.Source, data.entry("a"), "sources.a")
    assert len(files.dropped(source)) == 3
    assert sum(len(split.texts) for split in files.load(source).values()) == len(TICKETS)


def test_a_table_of_one_column_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    parsed = look.look(save(tmp_path / "a.csv", table(["body"], [(f'"{text}"',) for text, _ in TICKETS])))
    for texts in (None, ["body"]):
        with pytest.raises(
            InputError, match=r"a\.csv: found one column, .*allowed: one with texts and one with"
        ):
            look.columns(parsed, texts)
