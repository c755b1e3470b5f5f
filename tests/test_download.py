"""Downloaded data is what params.yaml says of it, survives the table it is kept in, and keeps its order."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import download
from stages.lib.arrays import Split, load_split
from stages.lib.config import InputError
from stages.lib.content import content_hash
from tests.sources import split


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
    assert content_hash([split(("ä", 0), ("b", 1)), split(("c", -1))]) == digest


def test_an_unlabelled_split_counts_for_its_size_and_not_for_the_labels() -> None:
    more = splits() | {"unsupervised": split(("x", -1), ("y", -1))}
    stated = expected()
    stated["splits"]["unsupervised"] = 2
    download.verify("mine", more, stated)
    stated["splits"]["unsupervised"] = 3
    assert "in unsupervised" in line(more, stated)


def test_a_split_without_one_of_the_labels_is_refused() -> None:
    labels = np.array([0, 1], dtype=np.int8)
    splits = {
        "train": Split(["a", "b"], labels, ["no", "yes"]),
        "test": Split(["c", "d"], labels * 0, ["no", "yes"]),
    }
    with pytest.raises(InputError, match="mine: found no text labelled 'yes' in test"):
        download.verify("mine", splits, {})


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
