"""Padding drops nothing and puts 0 only where there is no text; texts that are taken keep what is theirs."""

import numpy as np
import pytest

from stages.artifacts.padding import Pad, fit, pad
from stages.runtime.config import InputError
from tests.artifacts.made import bucket, by_row, fixed, random_texts, tokens

BOUNDARIES = [[4], [2, 5, 9], [1, 2, 3, 40], [64]]


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
    ids = fit(np.array([7, 8, 9], dtype=np.int32), length, fixed(length, side, truncate))
    assert ids.tolist() == expected and ids.dtype == np.int32


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
def test_buckets_hold_every_text_once_untruncated_at_the_least_width_that_holds_it(
    boundaries: list[int],
) -> None:
    for seed in range(5):
        texts = random_texts(seed)
        rows = by_row(pad(tokens(*texts), bucket(*boundaries)))
        assert sorted(rows) == list(range(len(texts)))
        allowed = sorted({*boundaries, max(map(len, texts))})
        for row, line in rows.items():
            assert line == texts[row] + [0] * (len(line) - len(texts[row]))
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
    assert padded.names == ["no", "yes"]
    assert padded.lengths.tolist() == whole.lengths.tolist()
    assert padded.unknown.tolist() == whole.unknown.tolist()
    assert padded.pad["kind"] == how.kind
    assert padded.vocabulary == 4321 and padded.tokenizer == "word 1234"
    assert padded.tokens == len(whole.ids)
    assert all(ids.dtype == np.int32 for ids in padded.ids)


def test_boundaries_that_do_not_rise_are_refused() -> None:
    for boundaries in ([3, 2], [2, 2], [5, 1, 9]):
        with pytest.raises(InputError, match=r"corpora\.mine\.pad\.boundaries.*rise"):
            bucket(*boundaries).check("corpora.mine.pad")


def test_taking_some_texts_keeps_ids_rows_and_labels_together_and_copies_none() -> None:
    for seed in range(10):
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
        assert part.labels is whole.labels
        assert all(mine is theirs for mine, theirs in zip(part.ids, whole.ids, strict=True))
