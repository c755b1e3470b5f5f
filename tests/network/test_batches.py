"""Batches: every text once, in an order that the seed and the epoch alone determine."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padded import load_padded, save_padded
from stages.network.backend import keras
from stages.network.batches import Batches, feed
from tests.trainers.small import padded

Epoch = list[tuple[np.ndarray, np.ndarray]]


def epoch(data: Any, number: int) -> Epoch:
    data.start(number)
    return [data[i] for i in range(len(data))]


def flat(batches: Epoch) -> list[tuple[Any, ...]]:
    return [(*ids.tolist(), float(y[0])) for ids_, y_ in batches for ids, y in zip(ids_, y_, strict=True)]


def test_an_epoch_has_every_text_once_with_its_own_label() -> None:
    whole = padded()
    expected = Counter(
        (*ids.tolist(), float(whole.labels[row]))
        for bucket, rows in zip(whole.ids, whole.rows, strict=True)
        for ids, row in zip(bucket, rows, strict=True)
    )
    data = Batches(whole, 8, seed=1)
    assert Counter(flat([data[i] for i in range(len(data))])) == expected  # before the first, too
    for number in range(2):
        assert Counter(flat(epoch(data, number))) == expected


def test_a_part_of_a_split_has_its_own_texts_alone() -> None:
    part = np.arange(60) % 5 == 0
    data = Batches(padded().take(part), 8)
    assert sorted(text[1] - 20 for text in flat(epoch(data, 0))) == np.flatnonzero(part).tolist()


def test_the_order_follows_the_seed_and_changes_with_each_epoch() -> None:
    one, same, other = Batches(padded(), 8, 1), Batches(padded(), 8, 1), Batches(padded(), 8, 2)
    first, second = flat(epoch(one, 0)), flat(epoch(one, 1))
    assert second == flat(epoch(same, 1)) and first == flat(epoch(same, 0))  # whatever came before
    assert first != flat(epoch(other, 0)) and first != second


@pytest.mark.parametrize("readers", [1, 2, 3])
def test_the_order_is_the_same_however_many_threads_read_ahead(readers: int) -> None:
    """Whether these threads are our own or Keras's."""
    one, same = (Batches(padded().take(np.arange(60) % 3 == 0), 8, 1) for _ in range(2))
    expected = flat(epoch(one, 2))
    same.start(2)
    with ThreadPoolExecutor(readers) as pool:
        assert flat([*pool.map(same.__getitem__, range(len(same)))]) == expected
    same.workers = readers
    second = keras.layers.Lambda(lambda ids: ids[:, 1])  # of each text, by which it is known
    network = keras.Sequential([keras.Input((None,), dtype="int32"), second])
    assert network.predict(same, verbose=0).tolist() == [text[1] for text in expected]


def test_the_texts_are_shuffled_within_their_width_and_the_batches_between_widths() -> None:
    data = Batches(padded(240), 8, 1)
    batches = epoch(data, 0)
    widths = [ids.shape[1] for ids, _ in batches]
    assert set(widths) == {4, 9} and widths not in (sorted(widths), sorted(widths, reverse=True))
    rows = [row - 20 for ids, _ in batches for row in ids[:, 1]]
    assert np.abs(np.diff(rows)).mean() > 30  # neighbours come from far apart


def test_the_callback_starts_each_epoch_of_fit() -> None:
    data = Batches(padded(), 8, 1)
    data.shuffling.on_epoch_begin(3, None)
    assert flat([data[i] for i in range(len(data))]) == flat(epoch(Batches(padded(), 8, 1), 3))


@pytest.mark.parametrize(("classes", "shape", "dtype"), [(2, (8, 1), "float32"), (3, (8,), "int32")])
def test_targets_are_of_the_form_that_the_loss_takes(
    classes: int, shape: tuple[int, ...], dtype: str
) -> None:
    ids, targets = Batches(padded(classes=classes), 8)[0]
    assert (targets.shape, str(targets.dtype), str(ids.dtype)) == (shape, dtype, "int32")


@pytest.mark.parametrize("widths", [2, 1])
def test_fit_is_fed_the_batches_of_the_epoch_that_was_started(widths: int) -> None:
    data = Batches(padded().take(np.arange(60) % 3 < widths), 8, 1)
    if keras.backend.backend() != "tensorflow":
        assert feed(data) is data
        return
    fed = feed(data)
    for number in (0, 1):
        expected = flat(epoch(data, number))
        pairs = [(np.asarray(ids), np.asarray(y)) for ids, y in fed]
        assert flat(pairs) == expected and len(fed) == len(pairs)


def test_tensorflow_does_not_tune_the_data_which_would_hold_back_the_end_of_an_epoch() -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("another backend")
    assert feed(Batches(padded(), 8)).options().autotune.enabled is False


def test_ids_stay_on_disk_while_batches_are_made_of_them(tmp_path: Path) -> None:
    """So a split may be larger than the memory: a batch alone is in it, whatever the order of the texts."""
    save_padded(tmp_path / "train", padded(240))
    split = load_padded(tmp_path / "train")
    data = Batches(split.take(np.arange(240) % 3 > 0), 8, seed=1)
    batches = epoch(data, 1)
    for bucket in split.ids:
        assert isinstance(bucket, np.memmap) or isinstance(bucket.base, np.memmap)
        assert not any(np.shares_memory(ids, bucket) for ids, _ in batches)
    assert sum(len(ids) for ids, _ in batches) == 160
    assert all(len(ids) <= 8 for ids, _ in batches)
    inside = [each for name, each in vars(data).items() if name != "_padded"]
    assert not any(isinstance(each, np.ndarray) for each in inside)  # nothing of the split is kept
