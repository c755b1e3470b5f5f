"""Held out is the same share of every label, never none of one, and never all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.artifacts.validation import stratified


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0.001, 0.999), st.integers(0, 2**32 - 1)
)
def test_held_out_is_a_share_of_every_label(drawn: list[int], fraction: float, seed: int) -> None:
    labels = np.array(drawn)
    held = stratified(labels, fraction, seed)
    assert held.dtype == bool and held.shape == labels.shape
    for label in np.unique(labels):
        rows = int((labels == label).sum())
        part = int(held[labels == label].sum())
        assert abs(part - fraction * rows) <= 1 and part >= 1
        assert part < rows or rows == 1
    assert np.array_equal(held, stratified(labels, fraction, seed))


def test_another_seed_holds_out_other_rows_of_the_whole_split() -> None:
    one, other = (np.flatnonzero(stratified(np.zeros(1000, dtype=int), 0.2, seed)) for seed in (1, 2))
    assert not np.array_equal(one, other) and len(one) == len(other) == 200
    assert 400 < one.mean() < 600 and 400 < other.mean() < 600  # not from an end
