"""Raw texts come back from their table as they were, or are refused in one line."""

import random
from pathlib import Path

import numpy as np
import pytest

from stages.artifacts.split import load_split
from stages.download import write
from stages.runtime.config import InputError
from tests.sources.splits import split


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
    write(tmp_path, {"train": written, "test": written})
    for name in ("train", "test"):
        read = load_split(tmp_path / f"{name}.parquet")
        assert read.texts == written.texts
        assert read.labels.dtype == np.int16
        assert read.labels.tolist() == written.labels.tolist()
        assert read.names == ["ja\nein", "✓"]


def test_writing_the_same_data_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    splits = {"train": split(("a", 0), ("b", 1)), "test": split(("d", 0))}
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, splits)
    for name in ("train.parquet", "test.parquet", "labels.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_altered_byte_of_the_table_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    written = split(*((f"text {i} is ünï", i % 3 - 1) for i in range(30)))
    write(tmp_path, {"train": written})
    path = tmp_path / "train.parquet"
    raw = path.read_bytes()
    refusals = 0
    for place in sorted({*range(0, len(raw), 11), *range(16), *range(len(raw) - 16, len(raw))}):
        for bits in (0x01, 0xFF):
            path.write_bytes(raw[:place] + bytes([raw[place] ^ bits]) + raw[place + 1 :])
            try:
                read = load_split(path)
            except InputError as error:
                assert "\n" not in str(error) and "train.parquet is damaged" in str(error)
                refusals += 1
            else:
                assert (read.texts, read.labels.tolist()) == (written.texts, written.labels.tolist())
    assert refusals


def test_an_altered_byte_of_a_text_or_a_label_is_refused(tmp_path: Path) -> None:
    rng = random.Random(5)
    unlike = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(2000))  # cannot be compressed
    write(tmp_path, {"train": split((unlike, 1), ("b", 0))})
    path = tmp_path / "train.parquet"
    raw = path.read_bytes()
    at = raw.index(unlike[500:520].encode())
    for place in range(at, at + 60, 7):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(InputError, match="is damaged"):
            load_split(path)


def test_a_table_or_its_labels_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    write(tmp_path, {"train": split(("a", 0), ("b", 1))})
    for name in ("labels.json", "train.parquet"):
        (tmp_path / name).unlink()
        with pytest.raises(InputError, match=f"{name} is missing; make it with: dvc repro"):
            load_split(tmp_path / "train.parquet")
