"""Arrays come back from disk as they were, mapped and not read, or are refused in one line."""

import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.artifacts.padded import load_padded, save_padded
from stages.artifacts.padding import Pad, pad
from stages.artifacts.storage import load_folder, save_folder
from stages.artifacts.tokens import Tokens, load_tokens, save_tokens
from stages.runtime.config import InputError
from tests.artifacts.made import bucket, fixed, random_texts, same, tokens

TYPES = {"ids": "int32", "rows": "int64"}


def refused(load: Callable[[Path], object], path: Path, name: str) -> str:
    """The one line with which a damaged file is refused, by its name."""
    with pytest.raises(InputError) as error:
        load(path)
    text = str(error.value)
    assert len(text.splitlines()) == 1 and name in text
    assert text.endswith("run: dvc repro") or text.endswith("make it with: dvc repro")
    return text


def folder(path: Path) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    return load_folder(path, TYPES)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    arrays: dict[str, np.ndarray] = {
        "ids": np.arange(1000, dtype=np.int32),
        "rows": np.arange(9, dtype=np.int64),
    }
    save_folder(tmp_path / "train", arrays, {"names": ["no"]})
    return tmp_path / "train"


# --- folders of arrays


def test_arrays_of_a_folder_and_its_facts_come_back_as_they_were(saved: Path) -> None:
    arrays, facts = folder(saved)
    assert arrays["ids"].tolist() == list(range(1000)) and arrays["rows"].tolist() == list(range(9))
    assert [str(array.dtype) for array in arrays.values()] == ["int32", "int64"]
    assert facts == {"names": ["no"]}


@pytest.mark.parametrize("how", [fixed(7, "pre", "pre"), bucket(*range(1, 16)), bucket(2, 5, 9)])
def test_padded_arrays_come_back_as_they_were_and_the_same_arrays_are_the_same_bytes(
    tmp_path: Path, how: Pad
) -> None:
    padded = pad(tokens(*random_texts(2)), how)
    for name in ("one", "two"):
        save_padded(tmp_path / name, padded)
    assert same(load_padded(tmp_path / "one"), padded)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_label_names_of_any_script_come_back(tmp_path: Path) -> None:
    names = ["ünï", "two\nlines", "a long name " * 20, "🎬"]
    save_padded(tmp_path / "a", replace(pad(tokens([1]), fixed(3)), names=names))
    assert load_padded(tmp_path / "a").names == names


def test_ids_are_mapped_and_not_read(tmp_path: Path) -> None:
    save_padded(tmp_path / "train", pad(tokens(*random_texts(0)), bucket(2, 5, 9)))
    whole = load_padded(tmp_path / "train")
    assert len(whole.ids) > 2 and all(isinstance(ids, np.memmap) for ids in whole.ids)
    assert not any(ids.flags.writeable for ids in whole.ids)


def test_every_altered_byte_is_refused(saved: Path) -> None:
    for name in ("ids", "rows"):
        path = saved / f"{name}.npy"
        content = path.read_bytes()
        for at in {*range(0, len(content), 97), 0, 127, 128, len(content) - 1}:
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            assert "bad checksum" in refused(folder, saved, f"{name}.npy is damaged")
        path.write_bytes(content)
    folder(saved)


def test_a_file_that_is_cut_or_longer_or_gone_is_refused(saved: Path) -> None:
    path = saved / "ids.npy"
    content = path.read_bytes()
    for other in (b"", content[:60], content[:128], content[:-1], content + b"\0"):
        path.write_bytes(other)
        refused(folder, saved, "ids.npy is damaged")
    path.unlink()
    refused(folder, saved, "ids.npy is missing")


def test_damaged_facts_are_refused(saved: Path) -> None:
    path = saved / "facts.json"
    for content in (b"", b"{", b"[]", b"3", b"{}", b"\xff", b'{"crc32": {}}', b'{"crc32": 3}'):
        path.write_bytes(content)
        refused(folder, saved, " is damaged")
    path.unlink()
    refused(folder, saved, "facts.json is missing")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(9, dtype=np.float32),
        np.arange(9, dtype=np.int64),
        np.arange(9, dtype=">i4"),
        np.arange(9, dtype=np.uint32),
        np.array(["a"]),
        np.zeros((3, 3), dtype=np.int32),
        np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
        np.array(3, dtype=np.int32),
        np.array([object()], dtype=object),
    ],
    ids=["float", "long", "big-endian", "unsigned", "text", "matrix", "fortran", "scalar", "object"],
)
def test_an_array_of_another_type_order_or_dimension_is_refused_though_its_checksum_is_right(
    saved: Path, array: np.ndarray
) -> None:
    content = io.BytesIO()
    np.save(content, array)
    (saved / "ids.npy").write_bytes(content.getvalue())
    facts = json.loads((saved / "facts.json").read_text(encoding="utf-8"))
    facts["crc32"]["ids"] = zlib.crc32(content.getvalue())
    (saved / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    refused(folder, saved, "ids.npy is damaged")


# --- ragged ids


def equal(one: Tokens, other: Tokens) -> bool:
    return (one.vocabulary, one.tokenizer) == (other.vocabulary, other.tokenizer) and all(
        getattr(one, name).dtype == getattr(other, name).dtype
        and np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("ids", "offsets", "labels", "names", "unknown")
    )


@pytest.mark.parametrize("texts", [random_texts(1), [[]], [[1, 2]]])
def test_tokens_come_back_from_disk_as_they_were(tmp_path: Path, texts: list[list[int]]) -> None:
    for name in ("a.npz", "b.npz"):
        save_tokens(tmp_path / name, tokens(*texts))
    assert equal(load_tokens(tmp_path / "a.npz"), tokens(*texts))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_ids_and_offsets_of_another_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    for name, dtype in (("ids", "float32"), ("ids", "int64"), ("offsets", "float64"), ("offsets", "int32")):
        arrays = vars(tokens([1, 2], [3]))
        np.savez(path, **(arrays | {name: arrays[name].astype(dtype)}))
        assert dtype in refused(load_tokens, path, "train.npz is damaged")


def test_an_array_that_says_it_is_shorter_than_it_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"  # more than is read ahead, so that a checksum may not be reached
    save_tokens(path, tokens([1] * 9000))
    content = path.read_bytes()
    assert content.count(b"(9000,)") == 1
    path.write_bytes(content.replace(b"(9000,)", b"(1000,)"))
    refused(load_tokens, path, "train.npz is damaged")


def test_a_file_that_is_no_split_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    refused(load_tokens, path, "train.npz is missing")
    np.savez(path, ids=np.array([object()], dtype=object))
    pickled = path.read_bytes()
    np.savez(path, vocabulary=3)
    without_ids = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ids.npy", b"\x93NUMPY\x01\x00\xff\xffnot a header")
    damaged = [b"", b"PK\x03\x04 and no more", b"<html>", pickled, without_ids, path.read_bytes()]
    for content in damaged:
        path.write_bytes(content)
        refused(load_tokens, path, "train.npz is damaged")
    path.unlink()
    path.mkdir()
    refused(load_tokens, path, "train.npz is damaged")


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_a_damaged_byte_or_a_cut_gives_the_same_tokens_or_is_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "train.npz"
    save_tokens(path, tokens(*random_texts(4)))
    content = bytearray(path.read_bytes())
    if rng.random() < 0.2:
        path.write_bytes(content[: rng.randrange(len(content))])
        refused(load_tokens, path, "train.npz is damaged")
        return
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    try:
        assert equal(load_tokens(path), tokens(*random_texts(4)))
    except InputError as error:
        assert len(str(error).splitlines()) == 1
