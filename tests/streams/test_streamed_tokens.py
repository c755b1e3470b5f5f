"""Tokens and padded ids that are written piece by piece are the bytes that are written at once."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.artifacts.padded import load_padded, save_padded
from stages.artifacts.padding import Pad, fit, pad
from stages.artifacts.tokens import Tokens, load_tokens
from stages.artifacts.tokens import save_tokens as save_at_once
from stages.runtime.config import InputError
from stages.streams import archive, rows
from tests.artifacts.made import bucket, by_row, fixed, random_texts, tokens

TEXTS = st.lists(st.lists(st.integers(1, 99), max_size=9), max_size=12)
SIDES = st.sampled_from(["pre", "post"])
WAYS = st.one_of(
    st.builds(fixed, st.integers(1, 11), SIDES, SIDES),
    st.sets(st.integers(1, 10), min_size=1).map(lambda edges: bucket(*sorted(edges))),
)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def written(folder: Path, whole: Tokens, how: Pad) -> dict[str, bytes]:
    """The folder that is written piece by piece."""
    save_at_once(folder / "tokens.npz", whole)
    with archive.opened(folder / "tokens.npz") as reader:
        rows.write(folder / "pieces", reader, how)
    return contents(folder / "pieces")


@given(TEXTS, st.lists(st.integers(0, 200), max_size=3))
def test_tokens_whose_ids_come_from_files_are_the_bytes_of_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[int]], cuts: list[int]
) -> None:
    folder, whole = tmp_path_factory.mktemp("tokens"), tokens(*texts)
    files = []
    for number, part in enumerate(np.split(whole.ids, sorted(cuts))):
        files.append(folder / f"{number}")
        files[-1].write_bytes(part.tobytes())
    archive.save_tokens(folder / "pieces.npz", whole, files)
    save_at_once(folder / "whole.npz", whole)
    assert (folder / "pieces.npz").read_bytes() == (folder / "whole.npz").read_bytes()


@given(TEXTS, WAYS, st.integers(1, 30), st.integers(1, 30))
def test_padded_arrays_are_the_same_bytes_however_little_is_in_memory(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[int]], how: Pad, cells: int, read: int
) -> None:
    folder, whole = tmp_path_factory.mktemp("padded"), tokens(*texts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rows, "CELLS", cells)
        patched.setattr(rows, "TOKENS", read)
        pieces = written(folder, whole, how)
    save_padded(folder / "whole", pad(whole, how))
    assert pieces == contents(folder / "whole")
    if texts:
        assert by_row(load_padded(folder / "pieces")) == by_row(pad(whole, how))


@given(TEXTS.filter(bool), WAYS, st.integers(1, 11))
def test_a_line_is_what_fit_makes_of_its_text(texts: list[list[int]], how: Pad, width: int) -> None:
    whole = tokens(*texts)
    lines = rows.lines(whole.ids, whole.offsets[:-1], whole.offsets[1:], width, how)
    expected = [fit(np.array(text, dtype=np.int32), width, how).tolist() for text in texts]
    assert lines.tolist() == expected and lines.dtype == np.int32


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    save_at_once(tmp_path / "train.npz", tokens(*random_texts(1)))
    yield tmp_path / "train.npz"


def test_any_stretch_of_texts_has_its_ids(path: Path) -> None:
    whole = load_tokens(path)
    with archive.opened(path) as reader:
        for first, last in [(0, 3), (5, 9), (2, 4), (0, 0), (0, len(whole.labels))]:
            expected = whole.ids[whole.offsets[first] : whole.offsets[last]]
            assert reader.ids(first, last).tolist() == expected.tolist()
        for name in ("offsets", "labels", "names", "unknown"):
            assert getattr(reader.tokens, name).tolist() == getattr(whole, name).tolist()
        assert (reader.tokens.vocabulary, reader.tokens.tokenizer) == (whole.vocabulary, whole.tokenizer)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error, archive.opened(path):
        pass
    return str(error.value)


def test_an_altered_byte_of_any_array_is_refused(path: Path) -> None:
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as whole:
        places = [info.header_offset + 200 for info in whole.infolist()]
    for place in places:
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert "train.npz is damaged" in refused(path)


@pytest.mark.parametrize("name", ["ids", "offsets", "labels"])
def test_arrays_of_another_type_or_length_and_missing_ones_are_refused(path: Path, name: str) -> None:
    with np.load(path) as whole:
        arrays = dict(whole)
    if name != "labels":
        np.savez(path, **(arrays | {name: arrays[name].astype(np.float64)}))
        assert "train.npz is damaged (found " in refused(path)
    np.savez(path, **(arrays | {"ids": arrays["ids"][1:]}))
    assert "train.npz is damaged (found ids of int32" in refused(path)
    del arrays[name]
    np.savez(path, **arrays)
    assert "train.npz is damaged" in refused(path)
    path.unlink()
    assert "is missing; make it with: dvc repro" in refused(path)
