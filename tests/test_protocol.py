"""The test split chooses nothing: replaced by noise, it leaves every model as it was."""

import hashlib
import sys

import numpy as np
import pytest

from stages.artifacts.split import Split
from stages.sources import demo
from tests.project import Project, write

STAGES = ["download own", "tokenize words", "pad words", "train small-lstm", "train small-pooled"]
# a student of small-lstm that starts from word vectors, and an ensemble of it alone
TAUGHT = {
    "pretrainings/vectors": "kind: word_vectors\ncorpus: words\nembedding: 8\nalgorithm: cbow\nwindow: 3\n"
    "negatives: 2\nepochs: 1",
    "trainings/taught": "kind: transfer\nteacher: small-lstm\nstart: vectors\noptimizer: adam\n"
    "learning_rate: 0.02\nepochs: 2\nbatch_size: 32\nearly_stopping: null\nvalidation: {fraction: 0.2}",
    "trainings/blend": "kind: blend\nvalidation: {fraction: 0.2}",
    "experiments/taught": "title: t\nseeds: 2\ncorpus: words\ntraining: taught\n"
    "vary: {network: {pooled: {model: pooled}}}",
    "models/ensemble": "architecture: ensemble\nmembers: taught",
    "experiments/both": "title: t\nseeds: 2\ncorpus: words\ntraining: blend\n"
    "vary: {members: {all: {model: ensemble}}}",
}
MORE = [
    *["pretrain vectors", "teach small-lstm", "prepare taught-pooled", "train taught-pooled"],
    *["evaluate taught-pooled", "train both-all"],
]
# all that fitting, early stopping and model selection make
MADE = [
    *["sources/own/train.parquet", "tokens/words/train.npz", "tokens/words/tokenizer.json"],
    *["padded/words/train/*", "models/small-lstm/seeds/*", "models/small-lstm/training.json"],
    *["models/small-lstm/history.csv", "models/small-pooled/seeds/*", "models/small-pooled/training.json"],
    *["pretrained/vectors.npz", "answers/small-lstm.npz", "prepared/taught-pooled/*"],
    *["models/taught-pooled/seeds/*", "logits/train/taught/*", "models/both-all/seeds/*"],
    "calibrations/*.json",
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


def run(project: Project, stages: list[str]) -> None:
    """The stages, in one process: starting TensorFlow takes longer than any of them."""
    script = (
        "import importlib\nfrom stages.study.params import params\nentries = params()\n"
        f"for stage in {stages}:\n"
        "    verb, name = stage.split()\n    importlib.import_module(f'stages.{verb}').main(name, entries)"
    )
    project.run(sys.executable, "-c", script)


@pytest.mark.slow
def test_noise_in_the_place_of_the_test_split_changes_no_model(project: Project) -> None:
    write(project.root / "own" / "unsupervised.csv", noise(80))
    project.edit("conf/corpora/words.yaml", lambda text: text.replace("pad: {", "pad: {unlabelled: true, "))
    for name, text in TAUGHT.items():
        (project.root / "conf" / f"{name}.yaml").write_text(text + "\n", encoding="utf-8")
    project.compose()
    run(project, [*STAGES, *MORE])
    before = hashes(project)
    tested = (project.root / "data" / "padded" / "words" / "test" / "ids.npy").read_bytes()
    write(project.root / "own" / "test.csv", noise(150))
    run(project, [*STAGES, *MORE])
    assert hashes(project) == before
    assert (project.root / "data" / "padded" / "words" / "test" / "ids.npy").read_bytes() != tested
