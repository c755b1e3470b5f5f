"""Labels for texts that a trained recipe has not seen: from a string to probabilities."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import Padded
from stages.artifacts.padding import KINDS, Pad, pad
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
        _note(name, origin)
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        self.labels: list[str] = facts["labels"]
        self._architecture = facts["architecture"]
        seeds = origin["seeds"] if every_seed else origin["seeds"][:1]
        self._paths = [folder / "seeds" / f"{seed}.keras" for seed in seeds]
        self._tokenizer = kinds.module("tokenizers", kind).load(tokens)
        self._pad = read(KINDS[origin["pad"]["kind"]], origin["pad"], "pad")

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each label for each text: float64[models, texts, classes]."""
        from stages.evaluation.inference import each, logits  # TensorFlow takes seconds

        arrays = padded(texts, self._tokenizer, self._pad)
        models = each(self._paths, self._architecture)
        return np.array([probabilities(logits(model, arrays)) for model in models])


def padded(texts: Sequence[str], tokenizer: Tokenizer, how: Pad) -> Padded:
    """The texts as arrays that the corpus's models take."""
    ids = list(tokenizer.encode(texts))
    offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    labels = np.zeros(len(ids), dtype=np.int16)
    joined = np.concatenate([*ids, np.zeros(0, dtype=np.int32)])
    return pad(Tokens(joined, offsets, labels, np.array([]), tokenizer.vocabulary), how)


def _note(name: str, origin: dict[str, Any]) -> None:
    """Say on standard error where this environment is not the one that the model was trained in."""
    from stages.network import backend

    then, now = origin["versions"] | {"backend": origin["backend"]}, provenance.versions()
    if differing := provenance.differences(then, now | {"backend": backend.described()}):
        there = f"note: {name} was trained with {'; '.join(differing)}"
        print(f"{there}: probabilities may differ from its reports'", file=sys.stderr)
