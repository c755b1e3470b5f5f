"""Small models to export, and what a package of one says."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.padding import Bucket, Fixed
from stages.tokenizers import ngrams

TEXTS = [f"Word{i % 7} isn't word{i % 5}, but <br /> nö{i % 3}! 🎬" for i in range(60)]
NEW = ["", "nothing known whatsoever", *TEXTS[:9], "word1 word1 word1 word2 isn't", "  \n ", "word2 " * 30]
SAYS = """
import json, sys
sys.path.insert(0, {folder!r})
import mine_too
made = mine_too.Classifier()
shares = made.probabilities(json.loads(sys.stdin.read()))
absent = "stages", "tensorflow", "keras", "scipy", "pydantic"
others = [name for name in sys.modules if name.partition(".")[0] in absent]
json.dump([made.labels, shares.tolist(), others], sys.stdout)
"""
BUCKETS = Bucket(kind="bucket", boundaries=[4, 9])
CUT = Fixed(kind="fixed", length=8, side="pre", truncate="pre")
PADS: dict[str, dict[str, Any]] = {pad.kind: asdict(pad) for pad in (BUCKETS, CUT)}


def fitted(characters: int, binary: bool, folder: Path) -> ngrams.Ngrams:
    edges = characters > 0
    config = ngrams.Config(
        kind="ngrams", words=2, characters=characters, min_texts=1, binary=binary, edges=edges
    )
    tokenizer = ngrams.fit(config, TEXTS)
    folder.mkdir()
    tokenizer.save(folder)
    return tokenizer


def package_answers(folder: Path) -> tuple[list[str], np.ndarray]:
    """Labels and probabilities of the new texts, from the package, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", SAYS.format(folder=str(folder))],
        input=json.dumps(NEW),
        capture_output=True,
        text=True,
        check=True,
    )
    labels, shares, others = json.loads(done.stdout)
    assert others == []
    return labels, np.array(shares)


def facts(labels: Sequence[str], pad: str = "bucket") -> dict[str, Any]:
    same: dict[str, Any] = {"recipe": "mine-too", "seed": 1, "temperature": 1.7, "certificate": "x"}
    about = {"architecture": "lstm", "source": "mine", "first_learned": 2}
    return same | about | {"labels": [*labels], "pad": PADS[pad]}


def scaled(model: Any, factor: float) -> None:
    """Weights so large that probabilities are far from equal."""
    for weights in model.trainable_variables:
        weights.assign(factor * weights)
