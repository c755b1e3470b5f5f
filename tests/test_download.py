"""Downloaded data is what params.yaml says of it, survives the table it is kept in, and keeps its order."""

import hashlib
import io
import json
import os
import random
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages import download
from stages.lib import network
from stages.lib.arrays import Split, load_split
from stages.lib.config import PARAMS, ROOT, InputError, read
from stages.sources import imdb, sarcasm
from tests.server import Answer, body, serving, status

PREPARED = Path(os.environ.get("TFDS_DATA_DIR", "")) / "imdb_reviews" / "plain_text" / "1.0.0"
MANUAL = ROOT / "data" / "manual" / "sarcasm.json"
SHA256 = "81bab07deb35852e20941f6bc157b3bb8861c205a570e1736ed513e1ecdb4598"  # as published
FIRST_REVIEW = "This was an absolutely terrible movie. Don't be lured in by Christopher Walken"


def split(*rows: tuple[str, int], names: tuple[str, ...] = ("no", "yes")) -> Split:
    labels = np.array([label for _, label in rows], dtype=np.int8)
    return Split([text for text, _ in rows], labels, list(names))


def splits() -> dict[str, Split]:
    return {"train": split(("a", 0), ("b", 1), ("c", 1)), "test": split(("d", 0), ("e", 1))}


def expected() -> dict[str, Any]:
    lines = "0\ta\n1\tb\n1\tc\n0\td\n1\te\n"
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return {"splits": {"train": 3, "test": 2}, "labels": {"no": 2, "yes": 3}, "sha256": digest}


def line(found: dict[str, Split], stated: dict[str, Any]) -> str:
    """The one line with which the data is refused."""
    with pytest.raises(InputError) as refused:
        download.verify("mine", found, stated)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def published(rows: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"article_link": "https://x", "headline": text, "is_sarcastic": label} for text, label in rows]


def as_lines(rows: list[tuple[str, int]], ascii_only: bool = True) -> str:
    return "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in published(rows))


def headlines(path: Path) -> list[tuple[str, int]]:
    return [(row["headline"], row["label"]) for row in sarcasm.headlines(path)]


def entry(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))["sources"][name]
    return found


def test_data_that_is_as_stated_is_accepted() -> None:
    download.verify("mine", splits(), expected())


def test_data_of_which_nothing_is_stated_is_accepted() -> None:
    download.verify("mine", splits(), {})


@pytest.mark.parametrize(("name", "count"), [("train", 4), ("train", 2), ("test", 0), ("test", 3)])
def test_another_number_of_texts_is_refused_with_source_and_split(name: str, count: int) -> None:
    stated = expected()
    stated["splits"][name] = count
    text = line(splits(), stated)
    assert text.startswith("mine: ")
    assert f"found {len(splits()[name].texts)} texts in {name}, allowed: {count}" in text


@pytest.mark.parametrize(("label", "found", "count"), [("no", 2, 3), ("yes", 3, 2), ("maybe", 0, 1)])
def test_another_number_of_texts_with_a_label_is_refused(label: str, found: int, count: int) -> None:
    text = line(splits(), {"labels": {label: count}})
    assert text.startswith("mine: ")
    assert f"found {found} texts labelled {label!r}, allowed: {count}" in text


@pytest.mark.parametrize(
    "other",
    [
        {"train": split(("a", 0), ("b", 1), ("C", 1))},
        {"train": split(("a", 1), ("b", 0), ("c", 1))},
        {"train": split(("b", 1), ("a", 0), ("c", 1))},
        {"train": split(("a", 0), ("b", 1), ("c ", 1))},
    ],
    ids=["text", "labels", "order", "space"],
)
def test_other_content_with_the_same_counts_is_refused_by_its_hash(other: dict[str, Split]) -> None:
    stated = expected()
    text = line(splits() | other, stated)
    assert text.startswith("mine: found content hash ")
    assert stated["sha256"] in text


def test_the_hash_is_of_label_tab_text_lines_of_train_then_test() -> None:
    digest = hashlib.sha256("0\tä\n1\tb\n-1\tc\n".encode()).hexdigest()
    assert download.content_hash([split(("ä", 0), ("b", 1)), split(("c", -1))]) == digest


def test_an_unlabelled_split_counts_for_its_size_and_not_for_the_labels() -> None:
    more = splits() | {"unsupervised": split(("x", -1), ("y", -1))}
    stated = expected()
    stated["splits"]["unsupervised"] = 2
    download.verify("mine", more, stated)
    stated["splits"]["unsupervised"] = 3
    assert "in unsupervised" in line(more, stated)


def test_texts_and_labels_come_back_from_the_table_as_they_were(tmp_path: Path) -> None:
    odd = [
        "two\nlines",
        "\r\n",
        "",
        " ",
        "nul \x00 here",
        "🎬\u200d\U0010ffff",
        "ünï",
        "\u2028",
        "None",
        "nan",
    ]
    rng = random.Random(3)
    letters = ["a", "\n", "\x00", "é", "🎬", '"', ",", "\t", "\x85"]
    odd += ["".join(rng.choices(letters, k=rng.randint(0, 20))) for _ in range(50)]
    rows = [(text, i % 3 - 1) for i, text in enumerate(odd)]
    written = split(*rows, names=("ja\nein", "✓"))
    download.write(tmp_path, {"train": written, "test": written})
    for name in ("train", "test"):
        found = load_split(tmp_path / f"{name}.parquet")
        assert found.texts == written.texts
        assert found.labels.dtype == np.int8
        assert found.labels.tolist() == written.labels.tolist()
        assert found.names == ["ja\nein", "✓"]


def test_writing_the_same_data_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        download.write(tmp_path / folder, splits())
    for name in ("train.parquet", "test.parquet", "labels.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def damaged(raw: bytes) -> Iterator[bytes]:
    """The file with one byte altered, every 5th place in turn and both ends of it, in four ways."""
    for place in sorted({*range(0, len(raw), 5), *range(16), *range(len(raw) - 16, len(raw))}):
        for bits in (0x01, 0x10, 0x80, 0xFF):
            yield raw[:place] + bytes([raw[place] ^ bits]) + raw[place + 1 :]


def test_a_table_with_an_altered_byte_is_refused_in_one_line_or_is_the_same(tmp_path: Path) -> None:
    written = split(*((f"text {i} is ünï", i % 3 - 1) for i in range(30)))
    download.write(tmp_path, {"train": written})
    path = tmp_path / "train.parquet"
    outcomes = {"same": 0, "refused": 0}
    for raw in damaged(path.read_bytes()):
        path.write_bytes(raw)
        try:
            found = load_split(path)
        except InputError as error:
            assert "\n" not in str(error) and "train.parquet is damaged" in str(error)
            outcomes["refused"] += 1
        else:
            assert (found.texts, found.labels.tolist()) == (written.texts, written.labels.tolist())
            outcomes["same"] += 1
    assert all(outcomes.values())


def test_an_altered_byte_of_a_text_or_a_label_is_refused(tmp_path: Path) -> None:
    rng = random.Random(5)
    unlike = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(2000))  # cannot be compressed
    download.write(tmp_path, {"train": split((unlike, 1), ("b", 0))})
    path = tmp_path / "train.parquet"
    raw = path.read_bytes()
    at = raw.index(unlike[500:520].encode())
    for place in range(at, at + 60):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(InputError, match="is damaged"):
            load_split(path)


def test_a_table_or_its_labels_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    download.write(tmp_path, splits())
    for name in ("labels.json", "train.parquet"):
        (tmp_path / name).unlink()
        with pytest.raises(InputError, match=f"{name} is missing; make it with: dvc repro"):
            load_split(tmp_path / "train.parquet")


def test_headlines_are_read_from_a_json_list_and_from_json_lines_alike(tmp_path: Path) -> None:
    rows = [("area man wins", 1), ("stocks fall", 0), ("ünïcode “quoted”", 1)]
    (tmp_path / "list.json").write_text(json.dumps(published(rows)), encoding="utf-8")
    (tmp_path / "lines.json").write_text(as_lines(rows), encoding="utf-8")
    assert headlines(tmp_path / "list.json") == headlines(tmp_path / "lines.json") == rows


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\u2029"])
def test_a_headline_with_a_unicode_line_separator_is_one_headline(tmp_path: Path, separator: str) -> None:
    rows = [(f"one{separator}headline", 1), ("another", 0)]
    (tmp_path / "lines.json").write_text(as_lines(rows, ascii_only=False), encoding="utf-8")
    assert headlines(tmp_path / "lines.json") == rows


@pytest.mark.parametrize(
    "content",
    [
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
    ],
)
def test_a_damaged_headline_file_is_refused_by_name_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sarcasm.json"
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
    counts = {"splits": {"train": train, "test": test}, "labels": {"sarcastic": 1}}
    return read(sarcasm.Source, entry("sarcasm") | counts | other, "sources.sarcasm")


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
    found = load_headlines(200, 100)
    both = [(t, i) for s in ("train", "test") for t, i in zip(found[s].texts, found[s].labels, strict=True)]
    assert both == rows
    assert len(found["train"].texts) == 200
    assert found["train"].names == ["not sarcastic", "sarcastic"]


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
        found = load_headlines(1, 1)
    assert [*found["train"].texts, *found["test"].texts] == ["good", "copy"]


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder without data; servers are given up after a moment, and reached without a proxy."""
    monkeypatch.setattr(sarcasm, "ROOT", tmp_path)
    monkeypatch.setattr(sarcasm, "MANUAL", tmp_path / "data" / "manual" / "sarcasm.json")
    monkeypatch.setattr(imdb, "ROOT", tmp_path)
    monkeypatch.setattr(network, "SILENCE", 0.3)
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


ROWS = [("area man wins", 1), ("stocks fall", 0)]
FILE = as_lines(ROWS).encode()
ROWS_SHA256 = download.content_hash([split(*ROWS)])
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
            found = load_headlines(1, 1, url=f"{url}/sarcasm.json", sha256=ROWS_SHA256)
            assert [*found["train"].texts, *found["test"].texts] == [text for text, _ in ROWS]
            assert asked == downloads
            assert kept.read_bytes() == FILE


REVIEWS = {"train/neg/0_1": "dull", "train/pos/0_9": "good", "train/unsup/0_0": "so"}
REVIEWS |= {"test/neg/0_2": "bland", "test/pos/0_8": "ünï\nfine"}


def archive(reviews: dict[str, str]) -> bytes:
    """The published archive's layout with a few reviews."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in reviews.items():
            member = tarfile.TarInfo(name if name[0] in "./" else f"aclImdb/{name}.txt")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


@pytest.fixture
def tiny(empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[bytes, Path]]:
    """A small archive that TFDS takes for the published one, and the folder of its prepared copy."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import constants
    from tensorflow_datasets.core.download import checksums

    content = archive(
        REVIEWS | {"../../evil": "x", f"{empty_project}/evil": "x", "aclImdb/../../../evil": "x"}
    )
    digest = hashlib.sha256(content).hexdigest()
    info = checksums.UrlInfo(len(content), digest, "aclImdb_v1.tar.gz")
    monkeypatch.setitem(tfds.builder_cls("imdb_reviews").url_infos, imdb.URL, info)
    monkeypatch.setattr(constants, "DATA_DIR", str(empty_project / "prepared"))
    with serving(body(content)) as url:
        monkeypatch.setattr(imdb, "URL", url)
        yield content, empty_project / "prepared" / "imdb_reviews" / "plain_text" / "1.0.0"


def reviews() -> dict[str, Split]:
    splits = {"splits": {"train": 2, "test": 2, "unsupervised": 1}}
    return imdb.load(read(imdb.Source, entry("imdb") | splits, "sources.imdb"))


def refusal() -> str:
    """The one line with which IMDB is refused."""
    with pytest.raises(InputError) as refused:
        reviews()
    text = str(refused.value)
    assert "\n" not in text
    assert "TFDS_DATA_DIR" in text
    assert len(text) < 1000
    return text


def check_reviews(found: dict[str, Split]) -> None:
    assert sorted(zip(found["train"].texts, found["train"].labels, strict=True)) == [("dull", 0), ("good", 1)]
    assert sorted(found["test"].texts) == ["bland", "ünï\nfine"]
    assert found["unsupervised"].texts == ["so"]
    assert found["unsupervised"].labels.tolist() == [-1]


@pytest.mark.slow
def test_reviews_are_prepared_from_the_archive_and_nothing_else_is_written(
    tiny: tuple[bytes, Path], empty_project: Path
) -> None:
    check_reviews(reviews())
    assert {path.relative_to(empty_project).parts[0] for path in empty_project.rglob("*")} == {
        "data",
        "prepared",
    }
    assert not [path for path in left(empty_project) if "evil" in path.name or "aclImdb" in path.name]
    assert not (empty_project.parent / "evil").exists()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["missing", "portal", "cut", "cut unseen", "stalled", "kept damaged"])
def test_reviews_from_a_bad_network_are_one_line_and_the_next_run_starts_anew(
    tiny: tuple[bytes, Path], empty_project: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    content, copy = tiny
    if fault == "kept damaged":
        kept = empty_project / "data" / "tfds" / "downloads" / "aclImdb_v1.tar.gz"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(content[:-9])
        text = refusal()
    else:
        answers = {
            "missing": status(404),
            "portal": body(b"<html>Please log in</html>"),
            "cut": body(content[:-9], announced=len(content)),
            "cut unseen": body(content[:-9], announced=-1),
            "stalled": body(content[:9], announced=len(content), then=lambda: time.sleep(3)),
        }
        with serving(answers[fault]) as url, monkeypatch.context() as patched:
            patched.setattr(imdb, "URL", url)
            text = refusal()
            assert url in text
    assert "no prepared copy was found" in text
    assert str(copy) in text
    assert not copy.exists()
    assert left(empty_project / "data") == []
    check_reviews(reviews())


TRAIN = "imdb_reviews-train.tfrecord-00000-of-00001"


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 9)


def alter(path: Path) -> None:
    """One bit in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def no_record(path: Path) -> None:
    os.truncate(path, 0)


DAMAGES = [
    (cut, TRAIN, "truncated record"),
    (alter, TRAIN, "corrupted record"),
    (no_record, TRAIN, "contained only 0"),
    (Path.unlink, TRAIN, "No such file"),
    (cut, "dataset_info.json", "JSON"),
    (Path.unlink, "dataset_info.json", ""),
]


def check_damage(copy: Path, damage: Callable[[Path], None], name: str, reason: str) -> None:
    damage(copy / name)
    text = refusal()
    assert f"{copy} can't be read" in text
    assert "delete that folder" in text
    assert reason in text
    assert "no prepared copy was found" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "name", "reason"), DAMAGES)
def test_a_damaged_copy_of_the_reviews_is_one_line_and_without_it_all_is_well(
    tiny: tuple[bytes, Path], damage: Callable[[Path], None], name: str, reason: str
) -> None:
    _, copy = tiny
    reviews()
    check_damage(copy, damage, name, reason)
    shutil.rmtree(copy)
    check_reviews(reviews())


@pytest.mark.slow
@pytest.mark.skipif(not PREPARED.is_dir(), reason="TFDS_DATA_DIR holds no imdb_reviews/plain_text/1.0.0")
@pytest.mark.parametrize(("damage", "name", "reason"), DAMAGES[:2])
def test_a_damaged_copy_of_the_real_reviews_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    name: str,
    reason: str,
) -> None:
    from tensorflow_datasets.core import constants

    monkeypatch.setattr(constants, "DATA_DIR", str(tmp_path))
    copy = tmp_path / "imdb_reviews" / "plain_text" / "1.0.0"
    copy.mkdir(parents=True)
    for path in PREPARED.iterdir():
        if "unsupervised" not in path.name:
            shutil.copyfile(path, copy / path.name)
    check_damage(copy, damage, name, reason)


@pytest.mark.slow
@pytest.mark.skipif(not PREPARED.is_dir(), reason="TFDS_DATA_DIR holds no imdb_reviews/plain_text/1.0.0")
def test_the_real_reviews_are_as_stated_and_begin_as_published() -> None:
    found = imdb.load(read(imdb.Source, entry("imdb"), "sources.imdb"))
    download.verify("imdb", found, entry("imdb"))
    assert found["train"].texts[0].startswith(FIRST_REVIEW)


@pytest.mark.skipif(not MANUAL.is_file(), reason="data/manual/sarcasm.json is not there")
def test_the_real_headlines_have_the_published_hash_and_107_duplicates() -> None:
    rows = headlines(MANUAL)
    assert len(rows) == 26_709
    assert download.content_hash([split(*rows)]) == SHA256
    assert len(rows) - len({text for text, _ in rows}) == 107


def test_a_split_without_one_of_the_labels_is_refused() -> None:
    labels = np.array([0, 1], dtype=np.int8)
    splits = {
        "train": Split(["a", "b"], labels, ["no", "yes"]),
        "test": Split(["c", "d"], labels * 0, ["no", "yes"]),
    }
    with pytest.raises(InputError, match="mine: found no text labelled 'yes' in test"):
        download.verify("mine", splits, {})
