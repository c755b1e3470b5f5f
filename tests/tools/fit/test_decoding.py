"""A table's encoding is that of the whole file, and where it can't be told, the line says so."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import decoding, from_table, look
from tests.sources.tables import save
from tests.tools.fit.tickets import TICKETS, table, tickets

PLAIN = "plain words, long enough to be a line of a text that says what it is about\n"
FIRST_PART = PLAIN * (decoding.SAMPLE // len(PLAIN) + 1)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        decoding.encoding_of(path)
    return str(error.value)


@pytest.mark.parametrize("place", [-3, -2, -1, 0, 1])
def test_a_letter_on_the_border_of_two_parts_is_one(tmp_path: Path, place: int) -> None:
    objects = json.dumps([{"text": text, "label": label} for text, label in TICKETS])
    before = decoding.SAMPLE + place - len('[{"text": "')
    whole = objects.replace("the 0th", "x" * before + "\u20ac", 1)  # three bytes
    path = save(tmp_path / "a.json", whole)
    assert whole.encode().index("\u20ac".encode()) == decoding.SAMPLE + place
    assert decoding.encoding_of(path) == "utf-8"


@pytest.mark.parametrize(
    ("text", "encoding", "taken"),
    [
        ("Räkningen från Åsa är fel, jag vill ha pengarna åter nu\n" * 9, "latin-1", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy\n" * 9, "cp1250", "cp1250"),
        ("Räkningen från Åsa är fel, jag vill ha pengarna åter nu, å", "latin-1", "cp1252"),  # no line end
    ],
)
def test_the_first_old_letter_may_come_late(tmp_path: Path, text: str, encoding: str, taken: str) -> None:
    path = save(tmp_path / "a.csv", (FIRST_PART + text).encode(encoding))
    assert decoding.encoding_of(path) == taken


def test_a_large_file_of_letters_of_two_bytes_is_told_by_whole_lines(tmp_path: Path) -> None:
    line = "发票有错误请退款给我谢谢,售后\n"
    path = save(
        tmp_path / "a.csv", (line * (3 * decoding.SAMPLE // len(line.encode("gb18030")))).encode("gb18030")
    )
    assert decoding.encoding_of(path) == "gb18030"


@pytest.mark.parametrize("before", ["", FIRST_PART + "größer\n" + FIRST_PART])
def test_damaged_utf_8_is_not_taken_for_an_old_encoding(tmp_path: Path, before: str) -> None:
    text = before + "größere Schäden an Türen\n" * (0 if before else 5)
    path = save(tmp_path / "a.csv", text.encode() + b"caf\xe9 again\n")
    line = text.count("\n") + 1
    assert f"a.csv:{line}: found bytes that are no UTF-8, as others here are, allowed: one enc" in refused(
        path
    )


def test_bytes_that_are_no_text_are_refused_by_their_line(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(1, 256, 5000, dtype=np.uint8).tobytes().replace(b"\n", b" ")
    path = save(tmp_path / "a.csv", b"text,label\n" + noise)
    assert "a.csv:2: found bytes that are no text" in (line := refused(path))
    assert line.endswith("; save it as UTF-8, or give `fit` its --encoding")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_a_nul_is_no_text(tmp_path: Path, encoding: str) -> None:
    text = table(["body", "team"], [(f'"{text}"', label) for text, label in TICKETS])
    text = text.replace("the 4th", "the \0th") if encoding == "utf-8" else text
    path = save(tmp_path / "a.csv", text.encode(encoding))
    line = 6 if encoding == "utf-8" else 1
    assert f"a.csv:{line}: found a NUL, allowed: text; delete it or, if this is UTF-16 without" in refused(
        path
    )
    if encoding != "utf-8":
        data = from_table.data_set(path, None, None, None, encoding)
        source = read(files.Source, data.entry("a"), "sources.a")
        assert len(data.texts) == 60 and source.encoding == encoding and files.load(source)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16"])
def test_marks_tell_utf_32_from_utf_16(tmp_path: Path, encoding: str) -> None:
    path = save(tmp_path / "a.csv", tickets(tmp_path / "b.csv").read_text(encoding="utf-8").encode(encoding))
    data = from_table.data_set(path, ["body"], None, None)
    source = read(files.Source, data.entry("a"), "sources.a")
    assert [*data.texts] == [text for text, _ in TICKETS] and source.encoding == encoding
    files.load(source)


def test_a_damaged_gz_file_is_refused_by_name(tmp_path: Path) -> None:
    rows = [(f'"{np.random.default_rng(i).bytes(20).hex()}"', "ab"[i % 2]) for i in range(2000)]
    whole = gzip.compress(table(["body", "team"], rows).encode())
    damaged = whole[:200] + bytes(50) + whole[250:]
    for content in (whole[: len(whole) // 2], b"body,team\n", damaged):
        path = save(tmp_path / "a.csv.gz", content)
        assert refused(path).startswith(f"{path}: not a whole .gz file (")
        assert refused(path).endswith("; supply it again")


def test_an_encoding_that_a_person_names_is_taken(tmp_path: Path) -> None:
    text = table(["body", "team"], [(f'"Räkningen {text}"', label) for text, label in TICKETS])
    path = save(tmp_path / "a.csv", text.encode("latin-1"))
    data = from_table.data_set(path, None, None, None, "cp1257")
    assert data.entry("a")["encoding"] == "cp1257" and data.encoding == "encoding cp1257, as in 'Räkningen'"
    with pytest.raises(InputError, match=r"--encoding: found 'cp1252', allowed: none for .*a\.parquet"):
        look.format_of(save(tmp_path / "a.parquet", b""), (), "cp1252")
