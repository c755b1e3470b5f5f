"""Source -> one table per split.

Out: data/sources/<source>/<split>.parquet (`text` string, `label` int16, -1 if unlabelled) and
labels.json (the label names, in the order that the numbers mean); reports/sources/<source>.json
(texts per split and label, duplicates and other doubts, which are printed, too). Whatever a source's entry in
params.yaml states of it (rows per split, rows per label, hash) is checked first; then duplicates are
dropped, if it says so.

Example: python -m stages.download demo
"""

from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.split import Split
from stages.runtime import files, kinds
from stages.runtime.config import ROOT, InputError, read
from stages.study import stage
from stages.texts import doubts, duplicates
from stages.texts.content import content_hash
from stages.texts.writing import write_split


def main(name: str, params: dict[str, Any]) -> None:
    entry = params["sources"][name]
    kind = kinds.module("sources", entry["kind"])
    source = read(kind.Source, entry, f"sources.{name}")
    splits = kind.load(source)
    verify(name, splits, entry)
    facts: dict[str, Any] = {
        "alike": doubts.alike(splits["train"].names),
        "contradictory": doubts.contradictory(splits[part] for part in ("train", "test")),
        "bad_rows": listed(kind.dropped(source) if hasattr(kind, "dropped") else []),
    }
    splits, facts["duplicates"] = without_duplicates(name, splits, source.duplicates)
    for line in doubts.told(name, facts):
        print(line)
    with files.replacing_folder(ROOT / "data" / "sources" / name) as folder:
        write(folder, splits)
    files.write_json(
        ROOT / "reports" / "sources" / f"{name}.json",
        {name: describe(split) for name, split in splits.items()} | facts,
    )


def listed(rows: list[str]) -> dict[str, object]:
    return {"count": len(rows), "rows": rows[: doubts.LISTED]}


def verify(name: str, splits: dict[str, Split], expected: dict[str, Any]) -> None:
    """Refuse data that is not what the source's entry in params.yaml says it is."""
    remedy = "delete the copy that it came from and download it again"
    for split, count in expected.get("splits", {}).items():
        if count is not None and (texts := len(splits[split].texts)) != count:
            raise InputError(f"{name}: found {texts} texts in {split}, allowed: {count}; {remedy}")
    _every_label(name, splits)
    labelled = [splits["train"], splits["test"]]
    for i, count in enumerate(expected.get("per_label", [])):
        if (texts := sum(int((split.labels == i).sum()) for split in labelled)) != count:
            label = labelled[0].names[i]
            raise InputError(f"{name}: found {texts} texts labelled {label!r}, allowed: {count}; {remedy}")
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
    """The splits, and the numbers of duplicates there were and that were dropped: the texts that repeat an
    earlier one of their split, and those of train that test has too, so that test stays what it was but for
    its own."""
    train, test = duplicates.exact(splits["train"].texts, splits["test"].texts)
    drop = {"train": train.repeated | train.across, "test": test.repeated}
    if action == "keep":
        drop = {split: np.zeros_like(rows) for split, rows in drop.items()}
    else:
        splits = splits | {split: splits[split].take(~rows) for split, rows in drop.items()}
        _every_label(name, splits, f" with `duplicates: {action}`")
    counts = {
        "train": int(train.repeated.sum()),
        "test": int(test.repeated.sum()),
        "between": int(test.across.sum()),
    }
    return splits, {"exact": counts, "dropped": {split: int(rows.sum()) for split, rows in drop.items()}}


def describe(split: Split) -> dict[str, object]:
    """How many texts a split has in all and per label (none has one in a split without labels)."""
    labels = {name: int((split.labels == i).sum()) for i, name in enumerate(split.names)}
    return {"texts": len(split.texts), "labels": labels}


def write(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        write_split(folder / f"{name}.parquet", split)
    files.write_json(folder / "labels.json", splits["train"].names)


if __name__ == "__main__":
    stage.run("sources", main, "pipeline.sources.{name}.entry")
