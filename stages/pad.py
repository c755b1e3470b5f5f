"""Ids -> arrays ready to train on.

In: data/tokens/<corpus>/. Out: data/padded/<corpus>/<split>/, with parts.json, if there is one.

Example: python -m stages.pad demo-words
"""

import shutil
from contextlib import nullcontext
from typing import Any

from stages.artifacts.padding import KINDS
from stages.runtime import clock, files
from stages.runtime.config import ROOT, InputError, read
from stages.streams import archive, rows
from stages.study import stage
from stages.study.entries import padded

LABELLED, UNLABELLED = ["train", "test"], "unsupervised"
PARTS = "parts.json"


def main(name: str, params: dict[str, Any]) -> None:
    entry, unlabelled = padded(params["corpora"][name]["pad"])
    how = read(KINDS[entry["kind"]], entry, f"corpora.{name}.pad")
    tokens = ROOT / "data" / "tokens" / name
    splits = [*LABELLED, UNLABELLED] if unlabelled else LABELLED
    if not (tokens / f"{splits[-1]}.npz").exists():
        raise InputError(
            f"{name}: found no texts without labels in its source, allowed: a source that has some, with "
            "`unlabelled: true` in its pad; drop that, or name another source in conf/corpora"
        )
    with files.replacing_folder(ROOT / "data" / "padded" / name) as folder:
        for split in splits:
            clocked = clock.timed(ROOT / "data" / "timings" / "pad" / f"{name}.json")
            with (
                clocked if split == "train" else nullcontext(),
                archive.opened(tokens / f"{split}.npz") as reader,
            ):
                rows.write(folder / split, reader, how)
            if (tokens / PARTS).exists():
                shutil.copyfile(tokens / PARTS, folder / split / PARTS)


if __name__ == "__main__":
    stage.run("corpora", main, "corpora.{name}.pad")
