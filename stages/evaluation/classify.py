"""Labels for texts that a trained recipe has not seen: from a string to probabilities."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import Padded
from stages.artifacts.padding import KINDS, Pad, pad
from stages.artifacts.storage import refusing
from stages.artifacts.tokens import Tokens
from stages.evaluation.metrics import probabilities
from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError, read
from stages.tokenization.interface import Tokenizer, identity


class Classifier:
    """The models of a trained recipe, its first seed's or all, with the tokenizer that they were trained
    with.

    Refuses what is not trained, damaged, or no longer what the certificate says.
    """

    def __init__(self, name: str, corpus: str, every_seed: bool = False) -> None:
        folder, tokens = ROOT / "data" / "models" / name, ROOT / "data" / "tokens" / corpus
        if not folder.exists() or not tokens.exists():
            raise InputError(f"{name} is not trained; train it with: dvc repro train@{name}")
        origin = provenance.verified(folder)
        kind, _, _ = origin["tokenizer"].partition(" ")
        if identity(kind, tokens) != origin["tokenizer"]:
            raise InputError(
                f"{tokens} holds another tokenizer than {name} was trained with, or a damaged one; "
                f"bring both up to date: dvc repro train@{name}"
            )
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        _note(name, origin, facts["trainer"])
        self.labels: list[str] = facts["labels"]
        seeds = dict(facts["seeds"]) if every_seed else dict([*facts["seeds"].items()][:1])
        self._folder, self._facts = folder, facts | {"seeds": seeds}
        self._tokenizer = kinds.module("tokenizers", kind).load(tokens)
        self._pad = read(KINDS[origin["pad"]["kind"]], origin["pad"], "pad")
        self._temperatures = temperatures(name, provenance.key(origin))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each label for each text: float64[models, texts, classes]."""
        from stages.evaluation.inference import each, logits  # TensorFlow takes seconds

        arrays = padded(texts, self._tokenizer, self._pad)
        models = each(self._folder, self._facts)
        degrees = [self._temperatures.get(seed, 1.0) for seed in self._facts["seeds"]]
        return np.array(
            [
                probabilities(logits(model, arrays) / degree)
                for model, degree in zip(models, degrees, strict=True)
            ]
        )


def padded(texts: Sequence[str], tokenizer: Tokenizer, how: Pad) -> Padded:
    """The texts as arrays that the corpus's models take."""
    ids = list(tokenizer.encode(texts))
    offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    labels = np.zeros(len(ids), dtype=np.int16)
    joined = np.concatenate([*ids, np.zeros(0, dtype=np.int32)])
    return pad(Tokens(joined, offsets, labels, np.array([]), tokenizer.vocabulary), how)


def _note(name: str, origin: dict[str, Any], trainer: str) -> None:
    """Say on standard error where this environment is not the one that the model was trained in."""
    then, now = origin["versions"] | {"backend": origin["backend"]}, provenance.versions()
    if differing := provenance.differences(then, now | {"backend": _backend(trainer)}):
        there = f"note: {name} was trained with {'; '.join(differing)}"
        print(f"{there}: probabilities may differ from its reports'", file=sys.stderr)


def _backend(trainer: str) -> str:
    """What the trainer's models would run on here."""
    module = kinds.module("trainers", trainer)
    if hasattr(module, "read"):
        return str(module.prepare(None)["backend"])
    from stages.network import backend

    return backend.described()


def temperatures(name: str, key: str) -> dict[str, float]:
    """What `evaluate` found that logits have to be divided by, for each seed; none if nothing was held out.

    key: of the certificate of the models that they must be of.
    """
    path = ROOT / "data" / "calibrations" / f"{name}.json"
    if path.exists():
        with refusing(path):
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["key"] == key:
                return dict(found["temperatures"])
    print(
        f"note: {name} is not evaluated, so its probabilities are not calibrated; dvc repro evaluate@{name}",
        file=sys.stderr,
    )
    return {}
