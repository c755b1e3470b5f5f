"""Ids -> arrays ready to train on.

In: data/tokens/<corpus>/. Out: data/padded/<corpus>/<split>/.

Example: python -m stages.pad demo-words
"""

from typing import Any

from stages.artifacts.padded import save_padded
from stages.artifacts.padding import KINDS, pad
from stages.artifacts.tokens import load_tokens
from stages.runtime import files
from stages.runtime.config import ROOT, read
from stages.study import stage


def main(name: str, params: dict[str, Any]) -> None:
    entry = params["corpora"][name]["pad"]
    how = read(KINDS[entry["kind"]], entry, f"corpora.{name}.pad")
    with files.replacing_folder(ROOT / "data" / "padded" / name) as folder:
        for path in sorted((ROOT / "data" / "tokens" / name).glob("*.npz")):
            save_padded(folder / path.stem, pad(load_tokens(path), how))


if __name__ == "__main__":
    stage.run("corpora", main, "corpora.{name}.pad")
