"""Source -> one table per split: `python -m stages.download <source>`.

Out: data/sources/<source>/<split>.parquet (`text` string, `label` int8, -1 if unlabelled) and
labels.json (the label names, in the order that the numbers mean); reports/sources/<source>.json
(texts per split and label, duplicates). Whatever a source's entry in params.yaml states of it (rows
per split, rows per label, hash) is checked first; then duplicates are dropped, if it says so.
"""

from pathlib import Path
from typing import Any

import numpy as np

from stages.lib import command, duplicates, files, kinds
from stages.lib.arrays import Split, save_split
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.content import content_hash


def main(name: str) -> None:
    entries = params()["sources"]
    entry = entries[command.one_of(name, entries, "sources")]
    kind = kinds.module("sources", entry["kind"])
    source = read(kind.Source, entry, f"sources.{name}")
    splits = kind.load(source)
    verify(name, splits, entry)
    splits, facts = without_duplicates(name, splits, source.duplicates)
    with files.replacing_folder(ROOT / "data" / "sources" / name) as folder:
        write(folder, splits)
    files.write_json(
        ROOT / "reports" / "sources" / f"{name}.json",
        {split: describe(found) for split, found in splits.items()} | {"duplicates": facts},
    )


def verify(name: str, splits: dict[str, Split], expected: dict[str, Any]) -> None:
    """Refuse data that is not what the source's entry in params.yaml says it is."""
    remedy = "delete the copy that it came from and download it again"
    labelled = [splits["train"], splits["test"]]
    for split, count in expected.get("splits", {}).items():
        if count is not None and (found := len(splits[split].texts)) != count:
            raise InputError(f"{name}: found {found} texts in {split}, allowed: {count}; {remedy}")
    _every_label(name, splits)
    for label, count in expected.get("labels", {}).items():
        found = sum(
            int((s.labels == s.names.index(label)).sum()) if label in s.names else 0 for s in labelled
        )
        if found != count:
            raise InputError(f"{name}: found {found} texts labelled {label!r}, allowed: {count}; {remedy}")
    if "sha256" in expected and (digest := content_hash(labelled)) != expected["sha256"]:
        raise InputError(f"{name}: found content hash {digest}, allowed: {expected['sha256']}; {remedy}")


def _every_label(name: str, splits: dict[str, Split], after: str = "") -> None:
    for split in ("train", "test"):
        for i, label in enumerate(splits[split].names):
            if i not in splits[split].labels:
                raise InputError(
                    f"{name}: found no text labelled {label!r} in {split}{after}, allowed: one at least"
                )


def without_duplicates(
    name: str, splits: dict[str, Split], action: duplicates.Duplicates
) -> tuple[dict[str, Split], dict[str, object]]:
    """The splits, and the numbers of duplicates found and dropped: the texts that repeat an earlier one
    of their split, and those of train that test has too, so that test stays what it was but for its own."""
    texts = splits["train"].texts, splits["test"].texts
    found = {"exact": duplicates.exact(*texts), "near": duplicates.near(*texts)}
    drop = {"train": np.zeros(len(texts[0]), dtype=bool), "test": np.zeros(len(texts[1]), dtype=bool)}
    if action != "keep":
        train, test = found[action.removeprefix("drop ")]
        drop = {"train": train.repeated | train.across, "test": test.repeated}
        splits = splits | {split: _taken(splits[split], ~drop[split]) for split in drop}
        _every_label(name, splits, f" with `duplicates: {action}`")
    facts = {
        kind: {
            "train": int(train.repeated.sum()),
            "test": int(test.repeated.sum()),
            "between": int(test.across.sum()),
        }
        for kind, (train, test) in found.items()
    }
    return splits, {"found": facts, "dropped": {split: int(rows.sum()) for split, rows in drop.items()}}


def _taken(split: Split, rows: np.ndarray) -> Split:
    return Split([split.texts[i] for i in np.flatnonzero(rows)], split.labels[rows], split.names)


def describe(split: Split) -> dict[str, object]:
    """How many texts a split has in all and per label (none has one in a split without labels)."""
    labels = {name: int((split.labels == i).sum()) for i, name in enumerate(split.names)}
    return {"texts": len(split.texts), "labels": labels}


def write(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        save_split(folder / f"{name}.parquet", split)
    files.write_json(folder / "labels.json", splits["train"].names)


if __name__ == "__main__":
    command.run(main)
