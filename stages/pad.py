"""Ids -> arrays ready to train on: `python -m stages.pad <corpus>`.

In: data/tokens/<corpus>/. Out: data/padded/<corpus>/<split>.npz.
"""

from stages.lib import command, files
from stages.lib.arrays import load_tokens, save_padded
from stages.lib.config import ROOT, params, read
from stages.lib.padding import KINDS, pad


def main(name: str) -> None:
    corpora = params()["corpora"]
    entry = corpora[command.one_of(name, corpora, "corpora")]["pad"]
    how = read(KINDS[entry["kind"]], entry, f"corpora.{name}.pad")
    with files.replacing_folder(ROOT / "data" / "padded" / name) as folder:
        for path in sorted((ROOT / "data" / "tokens" / name).glob("*.npz")):
            save_padded(folder / path.name, pad(load_tokens(path), how))


if __name__ == "__main__":
    command.run(main)
