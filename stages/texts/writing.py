"""A split of any length as a Parquet table, a part of its texts in Arrow's memory at a time."""

from pathlib import Path

from stages.artifacts.split import Split, _schema

GROUP = 1 << 20  # rows; a row group of pyarrow's `write_table`, if none is asked for


def write_split(path: Path, split: Split) -> None:
    """Write what `save_split` of artifacts/split.py writes, byte for byte."""
    import pyarrow.parquet

    schema = _schema()
    with pyarrow.parquet.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for start in range(0, max(1, len(split.texts)), GROUP):
            some = slice(start, start + GROUP)
            writer.write_table(
                pyarrow.table({"text": split.texts[some], "label": split.labels[some]}, schema),
                row_group_size=GROUP,
            )
