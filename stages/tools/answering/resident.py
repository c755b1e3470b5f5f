"""A trained recipe that stays in memory: what `Classifier` says, by models that are loaded once."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.padding import Bucket, Pad
from stages.evaluation.classify import Classifier, padded
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import probabilities
from stages.models.ensemble import combine
from stages.tools.answering import unpadded
from stages.tools.answering.answers import one_line

Logits = Callable[[Sequence[str]], np.ndarray]


class Resident(Classifier):
    """The first seed's model of a trained recipe, and of an ensemble its members'. What it says of a text
    does not depend on the texts beside it, but for the last bits.

    Refuses what `Classifier` refuses. Not for several threads at once.
    """

    def __init__(self, name: str, recipes: Mapping[str, Any]) -> None:
        super().__init__(name, recipes)
        self._loaded = _loaded(self)

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of the model alone, float32[texts, outputs]."""
        return [self._loaded(texts)]

    def knows(self, text: str) -> bool:
        """Whether a word or an n-gram of the text was in the texts that it learned from."""
        tokenizers = [each._tokenizer for each in (self._members or [self])]
        return any((ids > unpadded.UNKNOWN).any() for each in tokenizers for ids in each.encode([text]))

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        """The probabilities of the labels: float32[texts, outputs] of `logits` -> float64[texts, labels]."""
        return probabilities(logits / self._temperatures.get(self.seeds[0], 1.0))


def _loaded(classifier: Classifier) -> Logits:
    """The models of a classifier of one seed, which it would load for every call."""
    [model] = each(classifier._folder, classifier._facts)
    if classifier._members:
        members = [_loaded(member) for member in classifier._members]
        return lambda texts: combine([member(texts) for member in members], model.weights)
    tokenizer, how = classifier._tokenizer, classifier._pad
    if hasattr(model, "scale") and isinstance(how, Bucket):  # linear, and no text is cut
        return lambda texts: unpadded.logits(model, list(tokenizer.encode(texts)))
    return lambda texts: logits(model, apart(padded(texts, tokenizer, how), how))


def apart(arrays: Padded, how: Pad) -> Padded:
    """The same, with texts longer than all boundaries in arrays as wide as they are, not as wide as the
    longest of them: a network without a mask reads padding, too."""
    if not isinstance(how, Bucket) or not arrays.ids or arrays.ids[-1].shape[1] <= how.boundaries[-1]:
        return arrays
    ids, rows = arrays.ids[-1], arrays.rows[-1]
    lengths = arrays.lengths[rows]
    by_length = [(int(length), lengths == length) for length in np.unique(lengths)]
    return replace(
        arrays,
        ids=[*arrays.ids[:-1], *(ids[which, :length] for length, which in by_length)],
        rows=[*arrays.rows[:-1], *(rows[which] for _, which in by_length)],
    )


def note_a_guess(classifier: Resident, text: str) -> None:
    """Say on standard error that a text has no word that was learned."""
    if text.strip() and not classifier.knows(text):
        note = f"note: no word of {one_line(text)!r} was learned: what follows for it is a guess"
        print(note, file=sys.stderr)
