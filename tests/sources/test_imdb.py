"""IMDB's reviews come from TFDS's prepared copy, or from the archive, whole, or are refused in one line."""

import hashlib
import io
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stages.artifacts.split import Split
from stages.runtime.config import InputError, read
from stages.sources import imdb
from tests.sources.splits import left
from tests.texts.server import body, impatient, serving, status

PREPARED = Path(os.environ.get("TFDS_DATA_DIR", "")) / "imdb_reviews" / "plain_text" / "1.0.0"
FIRST_REVIEW = "This was an absolutely terrible movie. Don't be lured in by Christopher Walken"
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
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder without data; servers are given up after a moment, and reached without a proxy."""
    monkeypatch.setattr(imdb, "ROOT", tmp_path)
    impatient(monkeypatch)
    return tmp_path


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
    stated = {"kind": "imdb", "splits": {"train": 2, "test": 2, "unsupervised": 1}, "per_label": [2, 2]}
    return imdb.load(read(imdb.Source, stated | {"sha256": "0" * 64}, "sources.imdb"))


def refusal() -> str:
    """The one line with which IMDB is refused."""
    with pytest.raises(InputError) as refused:
        reviews()
    text = str(refused.value)
    assert "\n" not in text
    assert "TFDS_DATA_DIR" in text
    assert len(text) < 1000
    return text


def check_reviews(splits: dict[str, Split]) -> None:
    """Labels by their names, as the archive's folders have them: a hash covers numbers only."""
    train, test = splits["train"], splits["test"]
    assert {text: train.names[label] for text, label in zip(train.texts, train.labels, strict=True)} == {
        "dull": "negative",
        "good": "positive",
    }
    assert {text: test.names[label] for text, label in zip(test.texts, test.labels, strict=True)} == {
        "bland": "negative",
        "ünï\nfine": "positive",
    }
    assert splits["unsupervised"].texts == ["so"]
    assert splits["unsupervised"].labels.tolist() == [-1]


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
def test_the_real_reviews_begin_as_published_with_a_negative_one() -> None:
    """All of them are checked against their hash by every `dvc repro download@imdb`."""
    import tensorflow_datasets as tfds

    builder = tfds.builder("imdb_reviews", data_dir=PREPARED.parents[2])
    train = imdb._read(tfds, builder, "train[:20]", 20)
    assert train.texts[0].startswith(FIRST_REVIEW)
    assert train.names[train.labels[0]] == "negative"
    assert {builder.info.splits[name].num_examples for name in ("train", "test")} == {25_000}
