"""What `fit` takes of a table unasked is what a person would take."""

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import copies, from_table, look
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
    path = save(tmp_path / "a.csv", exported("No,Subject,Words,open,Kind,x,,"))
    assert look.look(path).how.columns
    for texts, label in ((["Words"], "Kind"), (["Subject", "Words"], "Kind")):
        data = from_table.data_set(path, texts, label, None)
        assert "columns" not in data.entry("a") and len(data.texts) == len(TICKETS)
        files.load(read(files.Source, data.entry("a"), "sources.a"))
    with pytest.raises(InputError, match=r"found 'Body', allowed: .*if it is one, name .*Subject, Words"):
        from_table.data_set(path, ["Body"], "Kind", None)


QUESTION = "What went wrong the last time that you wanted help from us, in your own words, please?"
NUMBERED = [(i, text.replace(",", ""), label) for i, (text, label) in enumerate(TICKETS)]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (",said,kind", NUMBERED),  # as pandas' to_csv writes them
        (f"when,{QUESTION},kind", NUMBERED),
        ("no,kind,said", [(i, label, "no" if i == 9 else text) for i, text, label in NUMBERED]),
        ("body,body,said", NUMBERED),
        ("message,spam", [(text, "spam" if label == "sales" else "ham") for _, text, label in NUMBERED]),
    ],
)
def test_a_header_is_told_from_the_rows_below_it(tmp_path: Path, header: str, rows: Sequence[Any]) -> None:
    parsed = look.look(save(tmp_path / "a.csv", table(header.split(","), rows)))
    assert parsed.how.columns is None and len(parsed.rows) == len(TICKETS)


def test_a_first_row_whose_label_is_there_again_is_no_header(tmp_path: Path) -> None:
    rows = [(text, "yn"[i % 2]) for i, text, _ in NUMBERED]
    assert look.look(save(tmp_path / "a.csv", table([], rows))).how.columns
    assert look.look(save(tmp_path / "b.csv", table([], [("", *row) for row in rows]))).how.columns


def test_two_columns_of_one_name_are_refused_by_it(tmp_path: Path) -> None:
    rows = [("-", text, label) for _, text, label in NUMBERED]
    data = from_table.data_set(
        save(tmp_path / "a.csv", table(["body", "body", "team"], rows)), None, None, None
    )
    with pytest.raises(InputError, match=r"a\.csv:1: two columns 'body'; rename one"):
        files.load(read(files.Source, data.entry("a"), "sources.a"))


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


def nested(path: Path, **more: Any) -> Path:
    """As an interface of a service exports reviews."""
    objects = [
        {
            "id": f"r{i}",
            "review": {"title": "a", "body": text},
            "meta": {"stars": 1},
            "sentiment": label,
            **more,
        }
        for i, (text, label) in enumerate(TICKETS)
    ]
    return save(path, "".join(json.dumps(each) + "\n" for each in objects))


def test_ids_are_not_taken_for_texts_and_objects_are_to_be_flattened(tmp_path: Path) -> None:
    parsed = look.look(nested(tmp_path / "a.jsonl"))
    flatten = "; columns 'review', 'meta' hold objects: write their fields as columns of their own"
    asked: list[tuple[dict[str, Any], str]] = [
        (
            {"label": "sentiment"},
            "looks like texts: 'id' has the longest, of one word each",
        ),
        ({}, "looks like texts: 'sentiment' has the longest, of one word each"),
        ({"texts": ["review"]}, "--text: found 'review', whose values are of the kind dict"),
        ({"texts": ["review.body"]}, "--text: found 'review.body', allowed: a column of "),
    ]
    for columns, words in asked:
        with pytest.raises(InputError) as refused:
            look.columns(parsed, **columns)
        assert words in str(refused.value) and str(refused.value).endswith(flatten)
        if "texts" not in columns:
            assert "(of different values, sentiment has 3, id has 60, review has 0, meta" in str(
                refused.value
            )
    assert look.columns(parsed, ["id"], "sentiment").texts == ("id",)
    said = look.columns(look.look(nested(tmp_path / "b.jsonl", said="a text of words")), None, "sentiment")
    assert said.texts == ("said",)


@pytest.mark.parametrize("spelled", ["{}番目の請求書が間違っています", "a{} b", "id{}"])
def test_texts_of_one_word_are_taken_where_they_may_be_texts(tmp_path: Path, spelled: str) -> None:
    name = "text" if spelled == "id{}" else "said"
    rows = [(spelled.format(i), "ab"[i % 2]) for i in range(60)]
    path = save(tmp_path / "a.csv", table([name, "kind"], rows))
    assert look.columns(look.look(path)).texts == (name,)


def test_where_no_column_looks_like_labels_those_of_few_values_are_named_first(tmp_path: Path) -> None:
    objects = [{"no": i, "said": text, "empty": {}, "kind": "x"} for i, (text, _) in enumerate(TICKETS)]
    path = save(tmp_path / "a.jsonl", "".join(json.dumps(each) + "\n" for each in objects))
    with pytest.raises(
        InputError, match=r"\(kind has 1, no has 60, empty has 0\).*; column 'empty' holds objects"
    ):
        look.columns(look.look(path))


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
    with pytest.raises(InputError, match=r"different values, .*\(label has 1, id has 60\); add rows"):
        look.columns(look.look(one_label))
    with pytest.raises(InputError, match="--text: found every column, allowed: all but that of the labels"):
        look.columns(look.look(numbers), ["words", "score"])


def test_rows_that_are_left_out_are_told_and_counted_by_the_source(tmp_path: Path) -> None:
    rows = [f"{text.replace(',', '')},{label}" for text, label in TICKETS]
    rows[3:3] = ["a text without a label,", "more, fields, than, columns", ",sales"]
    path = save(tmp_path / "a.csv", "\n".join(["body,team", *rows]) + "\n")
    data = from_table.data_set(path, None, None, None)
    assert data.notes[1] == "  3 rows left out: 1 that can't be read, 2 without a text or a label"
    assert data.notes[2] == "  the first that can't be read: a.csv:6: more fields than the 2 columns"
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


def test_where_no_column_is_found_the_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rows = [f"{text}{', truly' if label == 'sales' else ''},other" for _, text, label in NUMBERED]
    path = save(tmp_path / "a.csv", "\n".join(["said,kind", *rows]))
    with pytest.raises(InputError, match=r"; 20 rows can't be read, the first in line 2: more fields than"):
        look.columns(look.look(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            '"body","team"\n"a \\"quoted\\" text","sales"\n',
            r"a\.csv:2: found no row that .*',' expected after",
        ),
        ("body,team\ra text,sales\r", r"a\.csv:1: found no row that can be read \(new-line character seen"),
        ("", r"a\.csv: found no row that can be read, allowed: rows with a text"),
    ],
)
def test_a_table_without_a_row_that_can_be_read_is_refused_by_its_first(
    tmp_path: Path, content: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        look.look(save(tmp_path / "a.csv", content))


def test_the_first_row_may_lack_a_column(tmp_path: Path) -> None:
    objects: list[dict[str, str]] = [{"said": text, "kind": label} for text, label in TICKETS]
    del objects[0]["kind"]
    path = save(tmp_path / "a.jsonl", "".join(json.dumps(each) + "\n" for each in objects))
    for texts, label in ((None, None), (["said"], "kind")):
        data = from_table.data_set(path, texts, label, None)
        assert [*zip(data.texts, data.labels, strict=True)] == TICKETS[1:]
        files.load(read(files.Source, data.entry("a"), "sources.a"))


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("cp1252", ","), ("utf-8", ",")),
        (("utf-8", ","), ("cp1252", ",")),
        (("utf-8", ","), ("utf-16", ";")),
        (("utf-8", ";"), ("utf-8", ",")),
        (("cp1250", ","), ("cp1250", ",")),
    ],
)
def test_a_test_split_may_be_in_another_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: tuple[str, str], test: tuple[str, str]
) -> None:
    monkeypatch.setattr(copies, "ROOT", tmp_path)
    paths, texts = [], []
    for name, (encoding, delimiter) in (("mine", train), ("b", test)):
        texts.append([f"{name} größere Schäden an Türen, {text}" for text, _ in TICKETS])
        rows = [*zip(texts[-1], (label for _, label in TICKETS), strict=True)]
        content = delimited(rows, header=("body", "team"), delimiter=delimiter)
        paths.append(save(tmp_path / f"{name}.csv", content.encode(encoding)))
    data = from_table.data_set(paths[0], None, None, paths[1])
    entry = data.entry("mine")
    source = read(files.Source, entry, "sources.mine")
    splits = files.load(source)
    assert [[*splits[split].texts] for split in files.SPLITS] == texts == [data.texts, data.tests]
    assert (tmp_path / "texts" / "mine" / "test.csv").exists() == (train == test)
    assert from_table.are_copied(paths[0], paths[1], source)
    paths[1].write_bytes(paths[1].read_bytes().replace(b"s\0u\0p\0", b"s\0a\0p\0").replace(b"sup", b"sap"))
    assert not from_table.are_copied(paths[0], paths[1], source)


def test_a_test_split_of_few_old_letters_is_read_as_train_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "ROOT", tmp_path)
    czech = [(f"Příliš žluťoučký kůň {text}", label) for text, label in TICKETS]
    path = save(tmp_path / "a.csv", delimited(czech).encode("cp1250"))
    test = save(tmp_path / "b.csv", delimited([("šel ä", "sales"), *TICKETS]).encode("cp1250"))
    assert (from_table.data_set(path, None, None, test).tests or [])[0] == "šel ä"


def test_an_encoding_that_is_named_is_that_of_a_test_split_whose_own_cannot_be_told(tmp_path: Path) -> None:
    path, test = (
        save(tmp_path / f"{name}.csv", delimited(TICKETS).encode("utf-16-le")) for name in ("a", "b")
    )
    assert from_table.data_set(path, None, None, test, "utf-16-le").tests == [text for text, _ in TICKETS]
    tickets(test)
    with pytest.raises(InputError, match=r"b\.csv:1: no column 'text'; the columns here are: subject, body"):
        from_table.data_set(path, None, None, test, "utf-16-le")


def test_labels_that_differ_in_what_cannot_be_seen_are_told() -> None:
    for one, other, shown in (
        ("ship", "ship\u200b", r"'ship', 'ship\u200b'"),
        ("caf\xe9", "cafe\u0301", r"'café', 'cafe\u0301'"),
        ("\u202aShip", "ship", r"'\u202aShip', 'ship'"),
    ):
        line = [*look.sheet(["a", "b"], [one, other])][2]
        assert line.startswith(f"labels that look like one: {shown}; spell them alike")
    assert len([*look.sheet(["a", "b"], ["caf\xe9", "cafe"])]) == 2


@pytest.mark.parametrize("label", ["nan", "NaN", "None", " N/A"])
def test_what_looks_like_a_missing_label_or_text_is_told(label: str) -> None:
    texts = [text for text, _ in TICKETS]
    lines = [*look.sheet(texts, [label if i < 3 else name for i, (_, name) in enumerate(TICKETS)])]
    assert lines[2].startswith(f"{label!r} (3 rows) looks like a missing label; if it is one, empty those")
    lines = [*look.sheet([*texts, label], [*(name for _, name in TICKETS), "sales"])]
    assert lines[2].startswith("1 text says 'nan', 'none' or the like: if they are missing, empty those")


def test_an_empty_number_is_a_missing_label(tmp_path: Path) -> None:
    numbers = [float("nan") if i % 8 == 0 else float(i % 2) for i in range(60)]
    columns = {"text": [text for text, _ in TICKETS], "label": numbers}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    data = from_table.data_set(tmp_path / "a.parquet", None, None, None)
    assert "'nan' (8 rows) looks like a missing label" in "\n".join(look.sheet(data.texts, data.labels))
