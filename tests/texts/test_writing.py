"""A split is the same bytes however it is written."""

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from stages.artifacts.split import Split, load_split, save_split
from stages.runtime import files
from stages.texts import writing
from tests.tokenizers.texts import ODD, sentences


def split(texts: list[str]) -> Split:
    return Split(texts, np.arange(len(texts), dtype=np.int16) % 3 - 1, ["no", "yes"])


@pytest.mark.parametrize("texts", [[], ["one"], [*ODD, *sentences(1)]], ids=["none", "one", "many"])
def test_a_split_of_one_row_group_is_the_bytes_that_are_written_at_once(
    tmp_path: Path, texts: list[str]
) -> None:
    writing.write_split(tmp_path / "parts.parquet", split(texts))
    save_split(tmp_path / "whole.parquet", split(texts))
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_split_of_several_is_read_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GROUP", 7)
    files.write_json(tmp_path / "labels.json", ["no", "yes"])
    for count in (7, 8, 60):
        whole = split(sentences(1, count))
        writing.write_split(tmp_path / "train.parquet", whole)
        read = load_split(tmp_path / "train.parquet")
        assert (read.texts, read.labels.tolist()) == (whole.texts, whole.labels.tolist())
        assert pyarrow.parquet.ParquetFile(tmp_path / "train.parquet").num_row_groups == -(-count // 7)
