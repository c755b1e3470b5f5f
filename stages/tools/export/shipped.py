"""Text in, probabilities out: a linear model on n-grams, with NumPy alone.

Example: python -m PACKAGE "a text"
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from stages.tokenizers import ngrams

HERE = Path(__file__).parent
CHUNK = 1000  # texts


class Classifier:
    """labels: the names, in the order of the columns of `probabilities`."""

    def __init__(self, folder: Path = HERE) -> None:
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            self._scale, self._weights = arrays["scale"], arrays["weights"]
            self._bias, self._parts = arrays["bias"], arrays["parts"]
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.labels: list[str] = facts["labels"]
        self._temperature = float(facts["temperature"])
        self._tokenizer = ngrams.load(folder / "tokenizer")

    def probabilities(self, texts: Iterable[str]) -> np.ndarray:
        """The calibrated probability of each label for each text: float64[texts, labels]."""
        logits = np.concatenate([np.zeros((0, len(self._bias))), *self._logits(texts)]) / self._temperature
        if logits.shape[1] == 1:
            logits = np.hstack([np.zeros_like(logits), logits])
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        total: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
        return total

    def predict(self, texts: Iterable[str]) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[i] for i in self.probabilities(texts).argmax(axis=1)]

    def _logits(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        remaining = iter(texts)
        while chunk := list(islice(remaining, CHUNK)):
            yield self._of(chunk)

    def _of(self, texts: Sequence[str]) -> np.ndarray:
        """float64[texts, outputs]: of what each n-gram weighs, each part of a text's brought to length 1."""
        coded = list(self._tokenizer.encode(texts))
        ids = np.concatenate(coded).astype(np.int64)
        rows = np.repeat(np.arange(len(coded), dtype=np.int64), [len(each) for each in coded])
        known = ids > 1  # after padding and unknown words
        pairs, counts = np.unique(rows[known] << 32 | ids[known], return_counts=True)
        row, number = pairs >> 32, pairs & 0xFFFFFFFF
        values = counts * self._scale[number].astype(np.float64)
        parts = len(self._parts) + 1
        group = row * parts + np.searchsorted(self._parts, number, side="right")
        norms = np.sqrt(np.bincount(group, weights=values**2, minlength=len(texts) * parts))
        values /= np.maximum(norms, 1e-30)[group]
        sums = [
            np.bincount(row, weights=values * column[number], minlength=len(texts))
            for column in self._weights.T.astype(np.float64)
        ]
        logits: np.ndarray = np.stack(sums, axis=1) + self._bias
        return logits


def main() -> None:
    texts = sys.argv[1:] or [line.rstrip("\r\n") for line in sys.stdin]
    classifier = Classifier()
    for text, shares in zip(texts, classifier.probabilities(texts), strict=True):
        print(f"{classifier.labels[int(shares.argmax())]}\t{shares.max():.4f}\t{' '.join(text.split())}")


if __name__ == "__main__":
    main()
