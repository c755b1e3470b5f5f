"""Texts without their labels -> weights that networks start with.

In: the arrays of a corpus's training split and of its unlabelled texts. Out: data/pretrained/<name>.npz.

Example: python -m stages.pretrain imdb-vectors
"""

from typing import Any

from stages.artifacts.padded import load_padded
from stages.artifacts.storage import save_arrays
from stages.runtime import clock, files, kinds
from stages.runtime.config import ROOT, read
from stages.study import stage

SPLITS = ["train", "unsupervised"]


def main(name: str, params: dict[str, Any]) -> None:
    entry = params["pretrainings"][name]
    kind = kinds.module("pretrainers", entry["kind"])
    config = read(kind.Pretraining, entry, f"pretrainings.{name}")
    folder = ROOT / "data" / "padded" / config.corpus
    with clock.timed(ROOT / "data" / "timings" / "pretrain" / f"{name}.json"):
        weights = kind.fit(config, [load_padded(folder / split) for split in SPLITS], params["seed"])
    with files.replacing(ROOT / "data" / "pretrained" / f"{name}.npz") as draft, draft.open("wb") as file:
        save_arrays(file, weights)


if __name__ == "__main__":
    stage.run("pretrainings", main, "pretrainings.{name}", "versions")
