"""Source -> one table per split: `python -m stages.download <source>`.

Out: data/sources/<source>/<split>.parquet (`text` string, `label` int8, -1 if unlabelled) and
labels.json (the label names, in the order that the numbers mean). Whatever a source's entry in
params.yaml states of it (rows per split, rows per label, hash) is checked first.
"""

import hashlib
from pathlib import Path
from typing import Any

from stages.lib import command, files, kinds
from stages.lib.arrays import Split, save_split
from stages.lib.config import ROOT, InputError, params, read


def main(name: str) -> None:
    entries = params()["sources"]
    entry = entries[command.one_of(name, entries, "sources")]
    kind = kinds.module("sources", entry["kind"])
    splits = kind.load(read(kind.Source, entry, f"sources.{name}"))
    verify(name, splits, entry)
    with files.replacing_folder(ROOT / "data" / "sources" / name) as folder:
        write(folder, splits)


def verify(name: str, splits: dict[str, Split], expected: dict[str, Any]) -> None:
    """Refuse data that is not what the source's entry in params.yaml says it is."""
    remedy = "delete the copy that it came from and download it again"
    labelled = [splits["train"], splits["test"]]
    for split, count in expected.get("splits", {}).items():
        if count is not None and (found := len(splits[split].texts)) != count:
            raise InputError(f"{name}: found {found} texts in {split}, allowed: {count}; {remedy}")
    for split in ("train", "test"):
        for i, label in enumerate(splits[split].names):
            if i not in splits[split].labels:
                raise InputError(
                    f"{name}: found no text labelled {label!r} in {split}, allowed: one at least"
                )
    for label, count in expected.get("labels", {}).items():
        found = sum(
            int((s.labels == s.names.index(label)).sum()) if label in s.names else 0 for s in labelled
        )
        if found != count:
            raise InputError(f"{name}: found {found} texts labelled {label!r}, allowed: {count}; {remedy}")
    if "sha256" in expected and (digest := content_hash(labelled)) != expected["sha256"]:
        raise InputError(f"{name}: found content hash {digest}, allowed: {expected['sha256']}; {remedy}")


def content_hash(splits: list[Split]) -> str:
    """SHA-256 of the UTF-8 lines "<label>\\t<text>\\n" of the splits, one after the other."""
    digest = hashlib.sha256()
    for split in splits:
        for text, label in zip(split.texts, split.labels, strict=True):
            digest.update(f"{label}\t{text}\n".encode())
    return digest.hexdigest()


def write(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        save_split(folder / f"{name}.parquet", split)
    files.write_json(folder / "labels.json", splits["train"].names)


if __name__ == "__main__":
    command.run(main)
