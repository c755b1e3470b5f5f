"""The test split chooses nothing: replaced by noise, it leaves every model as it was."""

import hashlib
import sys

import numpy as np
import pytest

from stages.artifacts.split import Split
from stages.sources import demo
from tests.project import Project, write

STAGES = ["download own", "tokenize words", "pad words", "train small-lstm", "train small-pooled"]
# all that fitting, early stopping and model selection make
MADE = [
    *["sources/own/train.parquet", "tokens/words/train.npz", "tokens/words/tokenizer.json"],
    *["padded/words/train/*", "models/small-lstm/seeds/*", "models/small-lstm/training.json"],
    *["models/small-lstm/history.csv", "models/small-pooled/seeds/*", "models/small-pooled/training.json"],
]


def noise(texts: int) -> Split:
    """Words that the training split has, and others, in any order, with labels that mean nothing."""
    random = np.random.default_rng(1)
    words = ["good", "dull", "the", "plot", "not", "qwert", "ünheard", "of"]
    drawn = [" ".join(random.choice(words, random.integers(1, 80))) for _ in range(texts)]
    return Split(drawn, random.permutation(np.arange(texts) % 2).astype(np.int16), demo.LABELS)


def hashes(project: Project) -> dict[str, str]:
    files = [path for pattern in MADE for path in (project.root / "data").glob(pattern)]
    assert len(files) > len(MADE)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_noise_in_the_place_of_the_test_split_changes_no_model(project: Project) -> None:
    before = hashes(project)
    tested = (project.root / "data" / "padded" / "words" / "test" / "ids.npy").read_bytes()
    write(project.root / "own" / "test.csv", noise(150))
    for stage in STAGES:
        project.run(sys.executable, "-m", *f"stages.{stage}".split())
    assert hashes(project) == before
    assert (project.root / "data" / "padded" / "words" / "test" / "ids.npy").read_bytes() != tested
