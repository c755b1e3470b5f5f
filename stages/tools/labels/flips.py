"""How many labels that were made wrong on purpose are at the top of the list.

The labels of a downloaded source's training texts are the truth; a twentieth of them is drawn and replaced by
another one, with three seeds in turn. Printed is the share of them that is among the first twentieth of all
texts, and among the first tenth, in the order of `labels`.

Example: python -m stages.tools.labels.flips imdb
"""

from collections.abc import Sequence

import numpy as np

from stages.artifacts.split import load_split
from stages.runtime import command
from stages.runtime.config import ROOT
from stages.runtime.wording import percent
from stages.study.params import one_of, params
from stages.tools.fit import folds
from stages.tools.labels import judges
from stages.tools.labels.listing import quality

FLIPPED = 0.05  # of the labels
READ = (0.05, 0.1)  # of the texts
SEEDS = (1, 2, 3)


def main() -> None:
    parser = command.parser()
    parser.add_argument("source", help="an entry of sources in params.yaml that has been downloaded")
    name = one_of(parser.parse_args().source, params()["sources"], "sources")
    train = load_split(ROOT / "data" / "sources" / name / "train.parquet")
    weighed = judges.features(train.texts)
    for seed in SEEDS:
        shares = recalled(weighed, train.texts, train.labels, seed)
        phrases = (
            f"{percent(share)} in the first {100 * part:.0f} %"
            for share, part in zip(shares, READ, strict=True)
        )
        print(f"{name}, seed {seed}: {', '.join(phrases)} of the texts", flush=True)


def recalled(weighed: judges.Weighed, texts: Sequence[str], labels: np.ndarray, seed: int) -> list[float]:
    """The share of the flipped labels in each part of READ of the list.

    weighed: judges.features of the texts. labels: int[texts], all of 0, 1, ... frequent.
    """
    wrong, flipped = with_flips(labels, seed)
    shares = judges.probabilities(weighed, wrong, folds.drawn(texts, wrong, seed))
    order = np.argsort(quality(wrong, shares), kind="stable")
    return [float(np.isin(flipped, order[: round(part * len(order))]).mean()) for part in READ]


def with_flips(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which FLIPPED are others, int64[texts], and the rows of those, int64[flipped]."""
    random = np.random.default_rng(seed)
    rows = random.permutation(len(labels))[: round(FLIPPED * len(labels))]
    number = int(labels.max()) + 1
    wrong = labels.astype(np.int64)
    wrong[rows] = (wrong[rows] + random.integers(1, number, len(rows))) % number
    return wrong, rows


if __name__ == "__main__":
    command.guard(main)
