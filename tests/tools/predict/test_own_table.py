"""A table whose texts are answered is read as the recipe's source is, and nothing of it is lost."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from stages.runtime.config import InputError
from stages.texts import tables
from stages.tools.predict import own_table
from tests.sources.tables import save, workbook

POLISH = "Proszę o fakturę, zapłaciłem już dwa razy za to samo"
ADDED = ["predicted", "probability"]


def texts(path: Path, source: dict[str, Any] | None = None, encoding: str | None = None) -> list[str]:
    how = own_table.format_of(path, ["body"], source or {}, encoding)
    own_table.check(path, how, ["body"])
    return [text for _, text in own_table.rows(path, how, ["body"], ADDED)]


def refused(path: Path, **more: Any) -> str:
    with pytest.raises(InputError) as error:
        texts(path, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("stated", ["cp1250", "windows-1250", "iso8859-2"])
def test_an_old_encoding_is_that_of_the_source(tmp_path: Path, stated: str) -> None:
    path = save(tmp_path / "a.csv", f'id,body\n1,"{POLISH}"\n'.encode(stated))
    assert texts(path, {"encoding": stated}) == [POLISH]
    assert texts(path, {"encoding": "cp1252"}, encoding=stated) == [POLISH]
    assert texts(save(path, f'id,body\n1,"{POLISH}"\n'.encode()), {"encoding": stated}) == [POLISH]


def test_where_a_table_cannot_be_in_the_encoding_of_the_source_it_is_guessed(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.csv", "id,body\n1,à côté de l'été, ça va\n".replace(", ça", " ça").encode("latin-1")
    )
    assert texts(path, {"encoding": "shift_jis"}) == ["à côté de l'été ça va"]


def test_an_encoding_that_is_guessed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "a.csv", "id,body\n1,à côté de l'été\n".encode("latin-1"))
    assert texts(path) == ["à côté de l'été"]
    note = "note: the table is read as cp1252, by its letters; if it is not, add --encoding\n"
    assert capsys.readouterr().err == note
    texts(path, {"encoding": "latin-1"})
    texts(path, encoding="latin-1")
    assert not capsys.readouterr().err


def test_quotes_are_those_of_the_source_in_tables_of_its_kind(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tsv", 'id\tbody\n1\t"whole"\n2\tplain\n')
    assert texts(path) == ['"whole"', "plain"]
    for source in ("mine.tsv", tmp_path / "mine.v2"):
        (tmp_path / "mine.v2").mkdir(exist_ok=True)
        save(tmp_path / "mine.v2" / "train.tsv", "id\tbody\n")
        assert texts(path, {"path": str(source), "quoting": True}) == ["whole", "plain"]
    assert texts(path, {"path": "mine.csv", "quoting": True}) == ['"whole"', "plain"]


def test_columns_without_a_header_have_the_names_of_the_source(tmp_path: Path) -> None:
    rows = [(i, f"the {i}th text has words", "yn"[i % 2]) for i in range(20)]
    path = save(tmp_path / "a.csv", "".join(f"{i},{text},{name}\n" for i, text, name in rows))
    assert texts(path, {"columns": ["id", "body", "kind"]}) == [text for _, text, _ in rows]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"id\tbody\n1\ta, b\n", ".tsv"),
        (b"id,body\n1,a\tb\n", ".csv"),
        (b'\xef\xbb\xbf{"body": "a"}\n', ".jsonl"),
        (b' \n [{"body": "a"}]', ".json"),
        (workbook([("body",), ("a",)]), ".xlsx"),
        (b"PAR1...", ".parquet"),
        (b"", ".csv"),
    ],
)
def test_what_is_piped_is_known_by_how_it_begins(tmp_path: Path, content: bytes, kind: str) -> None:
    assert own_table.suffix(save(tmp_path / "piped", content)) == kind


def test_a_quote_that_nobody_closed_is_refused_as_fit_refuses_it(tmp_path: Path) -> None:
    lines = [f"{i},{'ab'[i % 2]},text {i}" for i in range(12)]
    lines[1], lines[10] = '1,b,"text 1', '10,a,text 10"'
    path = save(tmp_path / "a.csv", "\n".join(["id,kind,body", *lines]) + "\n")
    assert "found a quote that is open until line 12" in refused(path)


def parquet(*names: str) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table([["x"]] * len(names), names=list(names)), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".csv", b"id,note,body,note\n1,a,b,c\n"),
        (".tsv", b"note\tbody\tnote\n1\ta\tb\n"),
        (".xlsx", workbook([("note", "body", "note"), ("a", "b", "c")])),
        (".parquet", parquet("note", "body", "note")),
    ],
)
def test_columns_of_one_name_are_refused_as_one_would_be_lost(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    assert "found 2 columns called 'note'" in refused(save(tmp_path / f"a{suffix}", content))


def test_so_are_columns_without_a_name(tmp_path: Path) -> None:
    assert "found 2 columns without a name" in refused(save(tmp_path / "a.csv", ",body,\n1,a,b\n"))
    assert texts(save(tmp_path / "b.csv", ",body\n1,a\n")) == ["a"]  # an index, as pandas writes it
    assert texts(save(tmp_path / "c.csv", "id,body,,\n1,a,,\n")) == ["a"]  # as Excel writes empty ones
    assert texts(save(tmp_path / "d.xlsx", workbook([("id", "body", None, None), (1, "a", None, None)]))) == [
        "a"
    ]


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_half_of_a_surrogate_pair_is_refused_by_its_row(tmp_path: Path, suffix: str) -> None:
    rows = [{"body": "whole \U0001f600"}, {"body": "cut \ud83d"}]
    lines = json.dumps(rows) if suffix == ".json" else "\n".join(map(json.dumps, rows))
    path = save(tmp_path / f"a{suffix}", lines)
    assert refused(path).startswith(f"{path}:2: found half of a surrogate pair")


def test_the_header_of_a_delimited_table_is_known_without_a_row(tmp_path: Path) -> None:
    assert own_table.header(save(tmp_path / "a.csv", "id,body\n"), tables.Format()) == ["id", "body"]
    assert own_table.header(save(tmp_path / "a.jsonl", '{"body": "a"}\n'), tables.Format()) == []
