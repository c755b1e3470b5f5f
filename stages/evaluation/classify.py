"""Labels for texts that a trained recipe has not seen: from a string to probabilities."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stages.artifacts import provenance
from stages.artifacts.padded import Padded
from stages.artifacts.padding import KINDS, Pad, pad
from stages.artifacts.storage import refusing
from stages.artifacts.tokens import Tokens
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import probabilities
from stages.models.ensemble import combine
from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError, read
from stages.tokenization.interface import Tokenizer, identity


class Classifier:
    """The models of a trained recipe with the tokenizer that they were trained with; of an ensemble those of
    all its members.

    recipes: the section of params.yaml; seeds: whose models; None: the first one's, all: every one's.
    Refuses what is not trained, damaged, or no longer what the certificate says.
    """

    def __init__(
        self, name: str, recipes: Mapping[str, Any], seeds: Iterable[str] | Literal["all"] | None = None
    ) -> None:
        folder = ROOT / "data" / "models" / name
        tokens = ROOT / "data" / "tokens" / recipes[name]["corpus"]
        if not folder.exists() or not tokens.exists():
            raise InputError(f"{name} is not trained; train it with: dvc repro train@{name}")
        origin = provenance.verified(folder)
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        every = [*facts["seeds"]]
        self.seeds = every if seeds == "all" else every[:1] if seeds is None else [*seeds]
        self.labels: list[str] = facts["labels"]
        self._folder = folder
        self._facts = facts | {"seeds": {seed: facts["seeds"][seed] for seed in self.seeds}}
        self._members: list[Classifier] = []
        if "members" in origin["parameters"]["model"]:
            names = next(each(folder, self._facts)).members
            self._members = [Classifier(member, recipes, self.seeds) for member in names]
        else:
            _note(name, origin, facts["trainer"])
            self._tokenizer = _tokenizer(name, origin["tokenizer"], tokens)
            self._pad = read(KINDS[origin["pad"]["kind"]], origin["pad"], "pad")
        self._temperatures = temperatures(name, provenance.key(origin))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each label for each text: float64[seeds, texts, classes]."""
        degrees = [self._temperatures.get(seed, 1.0) for seed in self.seeds]
        pairs = zip(self.logits(texts), degrees, strict=True)
        return np.array([probabilities(answers / degree) for answers, degree in pairs])

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of each seed's model, float32[texts, outputs]."""
        models = each(self._folder, self._facts)
        if self._members:
            together = zip(*(member.logits(texts) for member in self._members), strict=True)
            return [combine(some, model.weights) for some, model in zip(together, models, strict=True)]
        arrays = padded(texts, self._tokenizer, self._pad)
        return [logits(model, arrays) for model in models]


def _tokenizer(name: str, made: str, folder: Path) -> Tokenizer:
    """The tokenizer in a folder, if it is the one, "<kind> <hash>", that a recipe was trained with."""
    kind, _, _ = made.partition(" ")
    if identity(kind, folder) != made:
        raise InputError(
            f"{folder} holds another tokenizer than {name} was trained with, or a damaged one; "
            f"bring both up to date: dvc repro train@{name}"
        )
    tokenizer: Tokenizer = kinds.module("tokenizers", kind).load(folder)
    return tokenizer


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
    if differing := provenance.differences(then, now | {"backend": _backend(trainer, origin["backend"])}):
        there = f"note: {name} was trained with {'; '.join(differing)}"
        print(f"{there}: probabilities may differ from its reports'", file=sys.stderr)


def _backend(trainer: str, then: str) -> str:
    """What the trainer's models would run on here. then: what they ran on, as "scikit-learn 1.8.0"."""
    if hasattr(kinds.module("trainers", trainer), "read"):
        library, _, _ = then.rpartition(" ")
        try:
            return f"{library} {version(library)}"  # the library itself would take a second to import
        except (PackageNotFoundError, ValueError):  # ValueError: of no name
            return "none"
    from stages.network import backend

    return backend.described()


def temperatures(name: str, key: str) -> dict[str, float]:
    """What `evaluate` found that logits have to be divided by, for each seed; none if nothing was held out.

    key: of the certificate of the models that they must be of.
    """
    path = ROOT / "data" / "calibrations" / f"{name}.json"
    if path.exists():
        with refusing(path):
            calibrated = json.loads(path.read_text(encoding="utf-8"))
            if calibrated["key"] == key:
                return dict(calibrated["temperatures"])
    print(
        f"note: {name} is not evaluated, so its probabilities are not calibrated; dvc repro evaluate@{name}",
        file=sys.stderr,
    )
    return {}
