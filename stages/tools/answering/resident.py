"""A trained recipe that stays in memory: what `Classifier` says, by models that are loaded once."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.padding import Bucket, Pad
from stages.evaluation.classify import Classifier, padded
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import probabilities
from stages.models.ensemble import combine
from stages.runtime.wording import counted
from stages.tokenization.interface import Tokenizer
from stages.tools.answering import credibility, unpadded
from stages.tools.answering.answers import one_line

Logits = Callable[[Sequence[str]], np.ndarray]


class Resident(Classifier):
    """The first seed's model of a trained recipe, and of an ensemble its members'. What it says of a text
    does not depend on the texts beside it, but for the last bits.

    Refuses what `Classifier` refuses. Not for several threads at once. doubt: why its probabilities should
    not be believed, if that is so.
    """

    def __init__(self, name: str, recipes: Mapping[str, Any]) -> None:
        super().__init__(name, recipes)
        data, seeds = self._folder.parents[1], self.seeds
        self.doubt = credibility.doubt_of(name, recipes[name], self._facts, self._temperatures, seeds, data)
        self._listening = [Listening(one._tokenizer) for one in (self._members or [self])]
        for one, tokenizer in zip(self._members or [self], self._listening, strict=True):
            one._tokenizer = tokenizer
        self._loaded = _loaded(self)

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of the model alone, float32[texts, outputs]."""
        return [self._loaded(texts)]

    def answers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The probability of each label for each text, float64[texts, labels]; whether a word or an n-gram of
        it was in the texts that the model learned from, bool[texts]."""
        shares = self.probabilities(texts)[0]
        known: np.ndarray = np.any([tokenizer.known for tokenizer in self._listening], axis=0)
        return shares, known

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        """The probabilities of the labels: float32[texts, outputs] of `logits` -> float64[texts, labels]."""
        return probabilities(logits / self._temperatures.get(self.seeds[0], 1.0))


def first_learned(tokenizer: Tokenizer) -> int:
    """The lowest id of what was learned: padding has 0, and what was not learned 1, if it has an id."""
    return 1 + int(tokenizer.unknown(np.ones(1, np.int32))[0])


class Listening:
    """A tokenizer that remembers of which of the latest texts it knows something."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer, self._first = tokenizer, first_learned(tokenizer)
        self.known: list[bool] = []

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        self.known = []
        for ids in self._tokenizer.encode(texts):
            self.known.append(bool(ids.max(initial=0) >= self._first))
            yield ids

    @property
    def vocabulary(self) -> int:
        return self._tokenizer.vocabulary

    def decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(ids)

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        return self._tokenizer.unknown(ids)

    def save(self, folder: Path) -> None:
        self._tokenizer.save(folder)


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


def note_a_guess(text: str) -> None:
    """Say on standard error that a text has no word that was learned."""
    note = f"note: no word of {one_line(text)!r} was learned: what follows for it is a guess"
    print(note, file=sys.stderr)


def note_doubt(name: str, classifier: Resident) -> None:
    """Say on standard error that a recipe's probabilities should not be believed."""
    if classifier.doubt:
        print(f"note: {name}: {classifier.doubt}", file=sys.stderr)


def note_guesses(name: str, texts: int, strange: int) -> None:
    """Say on standard error how many of so many texts have no word that was learned."""
    if strange:
        have, them = ("has", "it") if strange == 1 else ("have", "them")
        note = f"note: of {counted(texts, 'text')} {strange:,} {have} no word that {name} learned"
        print(f"{note}: what is said of {them} is a guess", file=sys.stderr)
