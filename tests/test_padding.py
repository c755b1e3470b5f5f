"""Padding drops nothing and puts 0 only where there is no text; arrays come back from disk as they were."""

import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.lib import arrays
from stages.lib.arrays import Padded, Tokens
from stages.lib.config import InputError
from stages.lib.padding import Bucket, Fixed, Pad, fit, pad

BOUNDARIES = [[4], [2, 5, 9], [1, 2, 3, 40], [64]]


def fixed(length: int, side: str = "post", truncate: str = "post") -> Fixed:
    return Fixed(kind="fixed", length=length, side=side, truncate=truncate)  # type: ignore[arg-type]


def bucket(*boundaries: int) -> Bucket:
    return Bucket(kind="bucket", boundaries=list(boundaries))


def tokens(*texts: list[int], vocabulary: int = 1000) -> Tokens:
    return Tokens(
        ids=np.array([i for text in texts for i in text], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, texts)], dtype=np.int64),
        labels=np.arange(len(texts), dtype=np.int8) % 3 - 1,
        names=np.array(["no", "yes"]),
        vocabulary=vocabulary,
        tokenizer="word 1234",
    )


def random_texts(seed: int) -> list[list[int]]:
    """Texts of 0 to 15 ids, some of them equal, some empty, one longer than all boundaries."""
    rng = random.Random(seed)
    texts = [[rng.randint(1, 999) for _ in range(rng.randint(0, 15))] for _ in range(rng.randint(1, 60))]
    return [*texts, [], [rng.randint(1, 999) for _ in range(70)], texts[0]]


def by_row(padded: Padded) -> dict[int, list[int]]:
    """Each text's row and its padded ids; fails if a row is there twice."""
    pairs = [
        (int(row), line.tolist())
        for ids, rows, lines in zip(padded.ids, padded.rows, padded.lines, strict=True)
        for row, line in zip(rows[lines], ids[lines], strict=True)
    ]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def same(one: Padded, other: Padded) -> bool:
    return (
        all(np.array_equal(a, b) for a, b in zip(one.ids, other.ids, strict=True))
        and all(np.array_equal(a, b) for a, b in zip(one.rows, other.rows, strict=True))
        and np.array_equal(one.labels, other.labels)
        and np.array_equal(one.names, other.names)
        and one.vocabulary == other.vocabulary
    )


@pytest.mark.parametrize(
    ("length", "side", "truncate", "expected"),
    [
        (2, "post", "post", [7, 8]),
        (2, "post", "pre", [8, 9]),
        (2, "pre", "post", [7, 8]),
        (2, "pre", "pre", [8, 9]),
        (3, "pre", "pre", [7, 8, 9]),
        (5, "post", "pre", [7, 8, 9, 0, 0]),
        (5, "pre", "post", [0, 0, 7, 8, 9]),
    ],
)
def test_a_text_is_cut_and_padded_on_the_sides_that_are_asked_for(
    length: int, side: str, truncate: str, expected: list[int]
) -> None:
    found = fit(np.array([7, 8, 9], dtype=np.int32), length, fixed(length, side, truncate))
    assert found.tolist() == expected
    assert found.dtype == np.int32


@pytest.mark.parametrize("side", ["pre", "post"])
@pytest.mark.parametrize("truncate", ["pre", "post"])
@pytest.mark.parametrize("length", [1, 4, 100])
def test_fixed_padding_keeps_every_text_once_in_order_at_one_width(
    length: int, side: str, truncate: str
) -> None:
    texts = random_texts(length)
    padded = pad(tokens(*texts), fixed(length, side, truncate))
    assert [ids.shape for ids in padded.ids] == [(len(texts), length)]
    assert padded.rows[0].tolist() == list(range(len(texts)))
    for row, line in by_row(padded).items():
        cut = texts[row][-length:] if truncate == "pre" else texts[row][:length]
        zeros = [0] * (length - len(cut))
        assert line == (zeros + cut if side == "pre" else cut + zeros)


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("seed", range(5))
def test_buckets_hold_every_text_once_untruncated_and_padded_at_its_end(
    seed: int, boundaries: list[int]
) -> None:
    texts = random_texts(seed)
    found = by_row(pad(tokens(*texts), bucket(*boundaries)))
    assert sorted(found) == list(range(len(texts)))
    for row, line in found.items():
        assert line == texts[row] + [0] * (len(line) - len(texts[row]))


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("seed", range(5))
def test_a_buckets_width_is_the_least_that_holds_its_texts(seed: int, boundaries: list[int]) -> None:
    texts = random_texts(seed)
    allowed = sorted({*boundaries, max(map(len, texts))})
    for row, line in by_row(pad(tokens(*texts), bucket(*boundaries))).items():
        assert len(line) == next(width for width in allowed if width >= len(texts[row]))


def test_a_bucket_worked_by_hand() -> None:
    padded = pad(tokens([1, 2], [], [3, 4, 5], [6], [7, 8, 9, 10, 11]), bucket(1, 3))
    assert [ids.tolist() for ids in padded.ids] == [[[0], [6]], [[1, 2, 0], [3, 4, 5]], [[7, 8, 9, 10, 11]]]
    assert [rows.tolist() for rows in padded.rows] == [[1, 3], [0, 2], [4]]
    assert (padded.texts, padded.tokens) == (5, 11)


def test_widths_do_not_depend_on_the_texts_that_the_boundaries_hold() -> None:
    short, long = pad(tokens([1], [1]), bucket(4, 8)), pad(tokens([1] * 4, [1] * 3), bucket(4, 8))
    assert [ids.shape for padded in (short, long) for ids in padded.ids] == [(2, 4), (2, 4)]


@pytest.mark.parametrize("how", [fixed(3), bucket(2, 4)])
def test_a_split_of_empty_texts_is_all_padding(how: Pad) -> None:
    padded = pad(tokens([], [], []), how)
    assert padded.texts == 3
    assert padded.tokens == 0
    assert [ids.shape for ids in padded.ids] in ([(3, 2)], [(3, 3)])


@pytest.mark.parametrize("how", [fixed(100), bucket(2, 5, 9)])
def test_labels_names_and_vocabulary_pass_through_padding(how: Pad) -> None:
    whole = tokens(*random_texts(1), vocabulary=4321)
    padded = pad(whole, how)
    assert np.array_equal(padded.labels, whole.labels)
    assert padded.names.tolist() == ["no", "yes"]
    assert padded.vocabulary == 4321 and padded.tokenizer == "word 1234"
    assert padded.tokens == len(whole.ids)
    assert all(ids.dtype == np.int32 for ids in padded.ids)


@pytest.mark.parametrize("boundaries", [[3, 2], [2, 2], [5, 1, 9]])
def test_boundaries_that_do_not_rise_are_refused(boundaries: list[int]) -> None:
    with pytest.raises(InputError, match=r"corpora\.mine\.pad\.boundaries.*rise"):
        bucket(*boundaries).check("corpora.mine.pad")


@pytest.mark.parametrize("seed", range(10))
def test_taking_some_texts_keeps_ids_rows_and_labels_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = random_texts(seed)
    whole = pad(tokens(*texts), bucket(2, 5, 9))
    keep = rng.random(len(texts)) < rng.choice([0.0, 0.1, 0.5, 1.0])
    part, rest = whole.take(keep), whole.take(~keep)
    assert not part.take(~keep).texts and by_row(part.take(keep)) == by_row(part)
    assert by_row(part) == {row: line for row, line in by_row(whole).items() if keep[row]}
    assert sorted([*by_row(part), *by_row(rest)]) == list(range(len(texts)))
    assert part.texts == keep.sum()
    assert part.tokens == sum(len(texts[row]) for row in np.flatnonzero(keep))
    assert part.labels.tolist() == whole.labels.tolist()


def test_arrays_stay_on_disk_and_taking_some_texts_copies_none(tmp_path: Path) -> None:
    arrays.save_padded(tmp_path / "train.npz", pad(tokens(*random_texts(0)), bucket(2, 5, 9)))
    whole = arrays.load_padded(tmp_path / "train.npz")
    part = whole.take(np.arange(len(whole.labels)) % 2 == 0)
    assert all(isinstance(ids, np.memmap) for ids in whole.ids)
    assert all(mine is theirs for mine, theirs in zip(part.ids, whole.ids, strict=True))


@pytest.mark.parametrize("texts", [random_texts(1), [[]], [[1, 2]]])
def test_tokens_come_back_from_disk_as_they_were(tmp_path: Path, texts: list[list[int]]) -> None:
    whole = tokens(*texts)
    arrays.save_tokens(tmp_path / "a.npz", whole)
    found = arrays.load_tokens(tmp_path / "a.npz")
    assert found.vocabulary == whole.vocabulary and found.tokenizer == whole.tokenizer
    for name in ("ids", "offsets", "labels", "names"):
        one, other = getattr(found, name), getattr(whole, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@pytest.mark.parametrize("how", [fixed(7, "pre", "pre"), bucket(*range(1, 16))])
def test_padded_arrays_come_back_from_disk_as_they_were(tmp_path: Path, how: Pad) -> None:
    padded = pad(tokens(*random_texts(2)), how)
    arrays.save_padded(tmp_path / "a.npz", padded)
    assert same(arrays.load_padded(tmp_path / "a.npz"), padded)


def test_the_same_arrays_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        arrays.save_padded(tmp_path / name, pad(tokens(*random_texts(3)), bucket(2, 5)))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_an_array_that_says_it_is_shorter_than_it_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    arrays.save_tokens(
        path, tokens([1] * 9000)
    )  # more than is read ahead, so that a checksum may not be reached
    content = path.read_bytes()
    assert content.count(b"(9000,)") == 1
    path.write_bytes(content.replace(b"(9000,)", b"(1000,)"))
    with pytest.raises(InputError, match=r"a.npz is damaged"):
        arrays.load_tokens(path)


def test_label_names_of_any_script_come_back_from_disk(tmp_path: Path) -> None:
    names = np.array(["ünï", "two\nlines", "a long name " * 20, "🎬"])
    padded = Padded([], [], np.zeros(0, dtype=np.int8), names, 5)
    arrays.save_padded(tmp_path / "a.npz", padded)
    assert arrays.load_padded(tmp_path / "a.npz").names.tolist() == names.tolist()


def pickled(path: Path) -> None:
    np.savez(path, ids_0=np.array([object()], dtype=object))


def without_labels(path: Path) -> None:
    np.savez(path, vocabulary=3)


def not_arrays(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.npy", b"\x93NUMPY\x01\x00\xff\xffnot a header")


@pytest.mark.parametrize("load", [arrays.load_tokens, arrays.load_padded])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
        lambda path: path.write_bytes(b"<html>"),
        lambda path: path.mkdir(),
        pickled,
        without_labels,
        not_arrays,
    ],
    ids=["empty", "cut off", "html", "folder", "pickled", "without labels", "not arrays"],
)
def test_a_file_that_is_no_split_is_refused_in_one_line_with_the_remedy(
    tmp_path: Path, load: Callable[[Path], object], damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "train.npz"
    damage(path)
    refused_in_one_line(path, load)


@pytest.mark.parametrize("load", [arrays.load_tokens, arrays.load_padded])
def test_a_missing_file_is_refused_with_the_command_that_makes_it(
    tmp_path: Path, load: Callable[[Path], object]
) -> None:
    with pytest.raises(InputError, match=r"train\.npz is missing.*dvc repro$"):
        load(tmp_path / "train.npz")


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_byte_gives_the_same_arrays_or_is_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "train.npz"
    padded = pad(tokens(*random_texts(4)), bucket(2, 5))
    arrays.save_padded(path, padded)
    content = path.read_bytes()
    for _ in range(40):
        damaged = bytearray(content)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            found = arrays.load_padded(path)
        except InputError as refused:
            assert "\n" not in str(refused)
        else:
            assert same(found, padded)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "train.npz"
    arrays.save_tokens(path, tokens(*random_texts(5)))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused_in_one_line(path, arrays.load_tokens)


def refused_in_one_line(path: Path, load: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match=r"train\.npz is damaged.*dvc repro$") as refused:
        load(path)
    assert "\n" not in str(refused.value)
