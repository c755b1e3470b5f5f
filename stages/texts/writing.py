"""A split of any length as a Parquet table, a part of its texts in Arrow's memory at a time."""

from pathlib import Path

from stages.artifacts.split import Split, _schema

GROUP = 1 << 16  # rows of a row group, which is in memory whole: 100 MB of texts of 200 words
PIECE = 1 << 12  # of which so many are Python's strings at a time


def write_split(path: Path, split: Split) -> None:
    """Write what `save_split` of artifacts/split.py writes; if it is one row group, byte for byte."""
    import pyarrow.parquet

    schema, count = _schema(), len(split.texts)
    kind = schema.field("text").type
    with pyarrow.parquet.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for start in range(0, max(1, count), GROUP):
            end = min(start + GROUP, count)
            pieces = (split.texts[i : min(i + PIECE, end)] for i in range(start, end, PIECE))
            texts = pyarrow.chunked_array((pyarrow.array([*some], kind) for some in pieces), kind)
            labels = pyarrow.array(split.labels[start:end])
            writer.write_table(pyarrow.table([texts, labels], schema=schema), row_group_size=GROUP)
