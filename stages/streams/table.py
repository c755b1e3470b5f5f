"""A split of a source, its texts read some at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.split import _schema
from stages.artifacts.storage import refusing

ROWS = 4096  # of a table at once
BUFFER = 1 << 20  # bytes of a column at once; else a row group, up to a million texts, is


class Table:
    """The table that `save_split` of artifacts/split.py wrote; damage is refused as by `load_split`, that of
    texts when they are read.

    labels: int16[texts], indices into `names`; -1 where a text has no label.
    names: the label names.
    characters: how many bytes of UTF-8 the texts are, about.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with refusing(path), self._opened() as file:
            facts, table = file.metadata, file.read(["label"])
            if file.schema_arrow != _schema() or len(table) != facts.num_rows:
                raise ValueError(f"found {file.schema_arrow.names}, {len(table)} rows of {facts.num_rows}")
            self.labels: np.ndarray = table["label"].to_numpy()
            groups = (facts.row_group(i).column(0) for i in range(facts.num_row_groups))
            self.characters: int = sum(group.total_uncompressed_size for group in groups)
        names = path.with_name("labels.json")
        with refusing(names):
            self.names: list[str] = json.loads(names.read_text(encoding="utf-8"))

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[str]:
        """The texts, in the source's order."""
        read = 0
        with refusing(self._path), self._opened() as file:
            for batch in file.iter_batches(ROWS, columns=["text"]):
                read += len(batch)
                yield from batch.column(0).to_pylist()
            if read != len(self):  # no checksum covers the footer
                raise ValueError(f"found {read} texts of {len(self)}")

    def _opened(self) -> Any:
        import pyarrow.parquet

        return pyarrow.parquet.ParquetFile(self._path, page_checksum_verification=True, buffer_size=BUFFER)
