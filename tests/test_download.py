"""Downloaded data is what params.yaml says of it, survives the table it is kept in, and keeps its order."""

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from stages import download
from stages.lib.arrays import Split
from stages.lib.config import PARAMS, ROOT, InputError, read
from stages.sources import imdb, sarcasm

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
        found = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert list(found["text"]) == written.texts
        assert found["label"].dtype == np.int8
        assert found["label"].tolist() == written.labels.tolist()
    assert json.loads((tmp_path / "labels.json").read_text(encoding="utf-8")) == ["ja\nein", "✓"]


def test_writing_the_same_data_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        download.write(tmp_path / folder, splits())
    for name in ("train.parquet", "test.parquet", "labels.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


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
    ],
)
def test_a_damaged_headline_file_is_refused_by_name_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sarcasm.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"sarcasm\.json: not the published") as refused:
        sarcasm.headlines(path)
    assert "\n" not in str(refused.value)


def manual(monkeypatch: pytest.MonkeyPatch, root: Path, rows: list[tuple[str, int]]) -> None:
    """A data folder of its own for the source, with a file supplied by hand."""
    path = root / "data" / "manual" / "sarcasm.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_lines(rows), encoding="utf-8")
    monkeypatch.setattr(sarcasm, "ROOT", root)
    monkeypatch.setattr(sarcasm, "MANUAL", path)


def headline_source(train: int, test: int) -> sarcasm.Source:
    counts = {"splits": {"train": train, "test": test}, "labels": {"sarcastic": 1}}
    return read(sarcasm.Source, entry("sarcasm") | counts, "sources.sarcasm")


def load_headlines(train: int, test: int) -> dict[str, Split]:
    """The source's splits; TFDS takes a builder's name only once per process, so it is not told of it."""
    from tensorflow_datasets.core import registered

    with registered.skip_registration():
        return sarcasm.load(headline_source(train, test))


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


@pytest.mark.slow
def test_imdb_that_cannot_be_had_is_one_line_that_names_the_environment_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import tensorflow_datasets as tfds

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(imdb, "connect", unreachable)  # where there is no prepared copy
    monkeypatch.setattr(tfds, "load", unreachable)  # where there is one
    with pytest.raises(InputError) as refused:
        imdb.load(read(imdb.Source, entry("imdb"), "sources.imdb"))
    text = str(refused.value)
    assert "\n" not in text
    assert "no route to host" in text
    assert "TFDS_DATA_DIR" in text


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
