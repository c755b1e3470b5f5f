"""Headlines are those of the published file, whether it is downloaded or supplied, or refused in one line."""

import json
import random
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts.split import Split
from stages.runtime.config import ROOT, InputError, read
from stages.sources import sarcasm
from stages.texts.content import content_hash
from tests.sources.splits import left, split
from tests.texts.server import Answer, body, impatient, serving, status

REAL = ROOT / "data" / "manual" / "sarcasm.json"
ENTRY = {"kind": "sarcasm", "url": "https://example.org/sarcasm.json", "per_label": [1, 1]}
SHA256 = "81bab07deb35852e20941f6bc157b3bb8861c205a570e1736ed513e1ecdb4598"  # as published


def published(rows: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"article_link": "https://x", "headline": text, "is_sarcastic": label} for text, label in rows]


def as_lines(rows: list[tuple[str, int]], ascii_only: bool = True) -> str:
    return "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in published(rows))


def headlines(path: Path) -> list[tuple[str, int]]:
    return [(row["headline"], row["label"]) for row in sarcasm.headlines(path)]


def test_headlines_are_read_from_a_json_list_and_from_json_lines_alike(tmp_path: Path) -> None:
    rows = [("area man wins", 1), ("stocks fall", 0), ("ünïcode “quoted”", 1)]
    (tmp_path / "list.json").write_text(json.dumps(published(rows)), encoding="utf-8")
    (tmp_path / "lines.json").write_text(as_lines(rows), encoding="utf-8")
    assert headlines(tmp_path / "list.json") == headlines(tmp_path / "lines.json") == rows


def test_a_headline_with_a_unicode_line_separator_is_one_headline(tmp_path: Path) -> None:
    for separator in ("\u2028", "\x85", "\u2029"):
        rows = [(f"one{separator}headline", 1), ("another", 0)]
        (tmp_path / "lines.json").write_text(as_lines(rows, ascii_only=False), encoding="utf-8")
        assert headlines(tmp_path / "lines.json") == rows


DAMAGED = [
    b"<html>404</html>",
    b'{"headline": "a", "is_sarcastic": 1}\n{"headline": "b", "is_sar',
    b'[{"headline": "a", "is_sarcastic": 1}',
    b'{"headline": "a"}\n',
    b'{"is_sarcastic": 1}\n',
    b'{"headline": "a", "is_sarcastic": "maybe"}\n',
    b'{"headline": "a", "is_sarcastic": null}\n',
    b"[1, 2]",
    b"3\n",
    b'{"headline": "\xff", "is_sarcastic": 1}\n',
    b"\x1f\x8b\x08\x00",
    b"",
    b"\xef\xbb\xbf\n",
    b"[]",
    b"[" * 100_000,
    b'{"headline": "\\ud800", "is_sarcastic": 1}\n',
    b'{"headline": "a", "is_sarcastic": "' + b"x" * 1000 + b'"}\n',
]


def test_a_damaged_headline_file_is_refused_by_name_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sarcasm.json"
    for content in DAMAGED:
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"sarcasm\.json: not the published") as refused:
            sarcasm.headlines(path)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 500 + len(str(path))


@pytest.mark.parametrize("content", [json.dumps(published([("é", 1)])), as_lines([("é", 1)])])
def test_a_byte_order_mark_is_no_part_of_the_headlines(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sarcasm.json"
    path.write_text(content.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert headlines(path) == [("é", 1)]


def manual(monkeypatch: pytest.MonkeyPatch, root: Path, rows: list[tuple[str, int]]) -> None:
    """A data folder of its own for the source, with a file supplied by hand."""
    path = root / "data" / "manual" / "sarcasm.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_lines(rows), encoding="utf-8")
    monkeypatch.setattr(sarcasm, "ROOT", root)
    monkeypatch.setattr(sarcasm, "MANUAL", path)


def headline_source(train: int, test: int, **other: str) -> sarcasm.Source:
    stated = ENTRY | {"splits": {"train": train, "test": test}, "sha256": SHA256}
    return read(sarcasm.Source, stated | other, "sources.sarcasm")


def load_headlines(train: int, test: int, **other: str) -> dict[str, Split]:
    """The source's splits; TFDS takes a builder's name only once per process, so it is not told of it."""
    from tensorflow_datasets.core import registered

    with registered.skip_registration():
        return sarcasm.load(headline_source(train, test, **other))


@pytest.mark.slow
def test_headlines_keep_the_files_order_across_the_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(4)
    rows = [(f"headline {rng.random()} ünïcode", rng.randint(0, 1)) for _ in range(300)]
    manual(monkeypatch, tmp_path, rows)
    splits = load_headlines(200, 100)
    both = [(t, i) for s in ("train", "test") for t, i in zip(splits[s].texts, splits[s].labels, strict=True)]
    assert both == rows
    assert len(splits["train"].texts) == 200
    assert splits["train"].names == ["not sarcastic", "sarcastic"]


@pytest.mark.slow
def test_splits_that_do_not_add_up_to_the_headlines_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual(monkeypatch, tmp_path, [("a", 0), ("b", 1), ("c", 1)])
    for train, test in ((1, 1), (3, 1)):
        with pytest.raises(InputError, match="found 3 headlines") as refused:
            load_headlines(train, test)
        assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_a_label_that_is_neither_of_the_two_is_not_called_a_failed_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual(monkeypatch, tmp_path, [("a", 0), ("b", 2)])
    with pytest.raises(InputError) as refused:
        load_headlines(1, 1)
    assert "\n" not in str(refused.value)
    assert "could not be downloaded" not in str(refused.value)


@pytest.mark.slow
def test_another_copy_supplied_by_hand_replaces_the_one_that_was_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for texts in (["damaged", "copy"], ["good", "copy"]):
        manual(monkeypatch, tmp_path, [(text, i) for i, text in enumerate(texts)])
        splits = load_headlines(1, 1)
    assert [*splits["train"].texts, *splits["test"].texts] == ["good", "copy"]


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder without data; servers are given up after a moment, and reached without a proxy."""
    monkeypatch.setattr(sarcasm, "ROOT", tmp_path)
    monkeypatch.setattr(sarcasm, "MANUAL", tmp_path / "data" / "manual" / "sarcasm.json")
    impatient(monkeypatch)
    return tmp_path


ROWS = [("area man wins", 1), ("stocks fall", 0)]
FILE = as_lines(ROWS).encode()
ROWS_SHA256 = content_hash([split(*ROWS)])
FAULTS = {
    "missing": (status(404), "404"),
    "busy": (status(503), "503"),
    "portal": (body(b"<html>Please log in</html>"), "not the published sarcasm.json"),
    "cut": (body(FILE[:-9], announced=len(FILE)), "9 more expected"),
    "cut unseen": (body(FILE[:-9], announced=-1), "not the published sarcasm.json"),
    "cut between rows": (body(FILE[: FILE.index(b"\n") + 1], announced=-1), "content hash"),
    "altered": (body(FILE.replace(b"area", b"Area")), "content hash"),
    "stalled": (body(FILE[:9], announced=len(FILE), then=lambda: time.sleep(3)), "timed out"),
}


@pytest.mark.parametrize(("answer", "reason"), FAULTS.values(), ids=FAULTS)
def test_headlines_from_a_bad_network_are_one_line_and_leave_nothing(
    empty_project: Path, answer: Answer, reason: str
) -> None:
    draft = empty_project / "data" / "tfds" / "downloads" / ".sarcasm.json.part"  # of a run that was killed
    draft.parent.mkdir(parents=True)
    draft.write_bytes(FILE[:-9])
    with serving(answer) as url, pytest.raises(InputError) as refused:
        load_headlines(1, 1, url=f"{url}/sarcasm.json", sha256=ROWS_SHA256)
    text = str(refused.value)
    assert "\n" not in text
    assert f"{url}/sarcasm.json could not be downloaded" in text
    assert reason in text
    assert "data/manual/sarcasm.json" in text
    assert left(empty_project) == []


@pytest.mark.slow
def test_downloaded_headlines_are_kept_until_they_are_damaged(empty_project: Path) -> None:
    kept = empty_project / "data" / "tfds" / "downloads" / "sarcasm.json"
    asked = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal asked
        asked += 1
        body(FILE)(handler)

    with serving(answer) as url:
        for content, downloads in ((None, 1), (FILE, 1), (FILE[:-9], 2), (FILE.replace(b"area", b"Area"), 3)):
            if content is not None:
                kept.write_bytes(content)
            splits = load_headlines(1, 1, url=f"{url}/sarcasm.json", sha256=ROWS_SHA256)
            assert [*splits["train"].texts, *splits["test"].texts] == [text for text, _ in ROWS]
            assert asked == downloads
            assert kept.read_bytes() == FILE


@pytest.mark.skipif(not REAL.is_file(), reason="data/manual/sarcasm.json is not there")
def test_the_real_headlines_have_the_published_hash_and_107_duplicates() -> None:
    rows = headlines(REAL)
    assert len(rows) == 26_709
    assert content_hash([split(*rows)]) == SHA256
    assert len(rows) - len({text for text, _ in rows}) == 107
