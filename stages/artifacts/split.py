"""A split of a source: raw texts and their labels, as a Parquet table."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.storage import refusing


@dataclass(frozen=True)
class Split:
    """A split of a source.

    texts: the raw texts, in the source's order.
    labels: int16[texts], indices into `names`; -1 where a text has no label.
    names: the label names, in the order that the indices mean.
    """

    texts: list[str]
    labels: np.ndarray
    names: list[str]

    def take(self, rows: np.ndarray) -> "Split":
        """The texts at `rows`, bool[texts] or int[some texts]."""
        at = np.arange(len(self.texts))[rows]
        return Split([self.texts[i] for i in at], self.labels[at], self.names)


def save_split(path: Path, split: Split) -> None:
    """Write a Parquet table, `text` and `label`; the names are labels.json's, beside it."""
    import pyarrow.parquet

    table = pyarrow.table({"text": split.texts, "label": split.labels}, _schema())
    pyarrow.parquet.write_table(table, path, write_page_checksum=True)


def load_split(path: Path) -> Split:
    import pyarrow.parquet

    with refusing(path):
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            table, rows = file.read(), file.metadata.num_rows
        # no checksum covers the footer, but it says these twice
        if table.schema != _schema() or len(table) != rows:
            raise ValueError(f"found {table.schema.names}, {len(table)} rows of {rows}")
        texts, labels = table["text"].to_pylist(), table["label"].to_numpy()
    names = path.with_name("labels.json")
    with refusing(names):
        return Split(texts, labels, json.loads(names.read_text(encoding="utf-8")))


def _schema() -> Any:
    import pyarrow  # here, because it takes 0.2 s and most stages read no table

    text = pyarrow.field("text", pyarrow.large_string(), nullable=False)  # 2 GB are no limit to it
    return pyarrow.schema([text, pyarrow.field("label", pyarrow.int16(), nullable=False)])
