"""Texts on disk are the sequence of texts that they were written from."""

from pathlib import Path

import numpy as np
import pytest

from stages.texts import spooled
from tests.tokenizers.texts import ODD, sentences

TEXTS = ["", *ODD, *sentences(1), "", "ein langer Text " * 50]


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> spooled.Spooled:
    monkeypatch.setattr(spooled, "BLOCK", 100)
    return spooled.spooled(iter(TEXTS), tmp_path / "new")


def test_they_are_read_in_their_order_one_by_one_and_in_slices(on_disk: spooled.Spooled) -> None:
    assert len(on_disk) == len(TEXTS)
    assert [*on_disk] == [on_disk[i] for i in range(len(TEXTS))] == TEXTS
    assert [*on_disk[3:20:4]] == TEXTS[3:20:4]
    assert on_disk[-1] == TEXTS[-1] and TEXTS[2] in on_disk and on_disk.index(TEXTS[-1]) == len(TEXTS) - 1


def test_some_of_them_in_any_order_are_again_such_a_sequence(on_disk: spooled.Spooled) -> None:
    rows = np.random.default_rng(0).permutation(len(TEXTS))[:30]
    some = on_disk.take(rows)
    assert [*some] == [TEXTS[row] for row in rows]
    assert [*some.take(np.array([4, 4, 0]))] == [TEXTS[rows[i]] for i in (4, 4, 0)]


def test_none_are_none(tmp_path: Path) -> None:
    assert [*spooled.spooled([], tmp_path)] == []


def test_no_file_is_left_in_the_folder(on_disk: spooled.Spooled, tmp_path: Path) -> None:
    assert len(on_disk) and not [*(tmp_path / "new").iterdir()]
