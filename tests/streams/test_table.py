"""Texts read some at a time are those that `load_split` reads at once, or are refused as it refuses them."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from stages.artifacts.split import Split, load_split, save_split
from stages.runtime import files
from stages.runtime.config import InputError
from stages.streams import table
from stages.streams.table import Table
from tests.tokenizers.texts import ODD, sentences


def saved(folder: Path, texts: list[str]) -> Path:
    labels = np.arange(len(texts), dtype=np.int16) % 3 - 1
    save_split(folder / "train.parquet", Split(texts, labels, ["no", "yes"]))
    files.write_json(folder / "labels.json", ["no", "yes"])
    return folder / "train.parquet"


@pytest.mark.parametrize("rows", [1, 7, 4096])
@pytest.mark.parametrize("texts", [[], ["one"], [*ODD, *sentences(1)]], ids=["none", "one", "many"])
def test_texts_labels_and_names_are_those_of_the_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: list[str], rows: int
) -> None:
    monkeypatch.setattr(table, "ROWS", rows)
    path = saved(tmp_path, texts)
    split, read = load_split(path), Table(path)
    for _ in range(2):  # they can be read again
        assert [*read] == split.texts == texts
    assert (read.labels.dtype, read.labels.tolist()) == (split.labels.dtype, split.labels.tolist())
    assert (read.names, len(read)) == (split.names, len(texts))


def test_texts_of_several_row_groups_are_read_on(tmp_path: Path) -> None:
    path = saved(tmp_path, sentences(2))
    whole = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(whole, path, row_group_size=7, write_page_checksum=True)
    assert [*Table(path)] == sentences(2)


def test_an_altered_byte_is_refused_by_its_file_or_changes_nothing(tmp_path: Path) -> None:
    texts = [f"text {i} is ünï" for i in range(30)]
    path = saved(tmp_path, texts)
    labels = Table(path).labels.tolist()
    raw, refusals = path.read_bytes(), 0
    for place in sorted({*range(0, len(raw), 11), *range(16), *range(len(raw) - 16, len(raw))}):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :])
        try:
            read = Table(path)
            assert ([*read], read.labels.tolist()) == (texts, labels)
        except InputError as error:
            assert "\n" not in str(error) and "train.parquet is damaged" in str(error)
            refusals += 1
    assert refusals


def test_a_table_of_other_columns_and_one_that_is_missing_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, ["a"])
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"], "label": [1]}), path)
    with pytest.raises(InputError, match=r"damaged .*run: dvc repro"):
        Table(path)
    path.unlink()
    with pytest.raises(InputError, match="missing; make it with: dvc repro"):
        Table(path)


def test_what_goes_wrong_while_texts_are_used_is_not_taken_for_damage(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        for _ in Table(saved(tmp_path, ["a", "b"])):
            raise ZeroDivisionError
