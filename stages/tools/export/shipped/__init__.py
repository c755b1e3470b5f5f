"""Text in, probabilities out: the classifier of an exported package.

Example: python -m PACKAGE "a text"
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from stages.tokenizers.ngrams import load
from stages.tools.export.shipped.numpy_model import Model

HERE = Path(__file__).parent
CHUNK = 1000  # texts
UNKNOWN = 1  # the id of what was not learned; that of padding is lower
MOST = 10  # labels that the help names
HELP = """usage: {command} [text ...]

Which of the labels {labels}
a text has: a line for each text, of its label, the calibrated probability, and the text.

text: each argument is a text; without one, each line of what is piped in

Examples: {command} "a text" "another text"
          {command} < texts.txt
"""


class Classifier:
    """labels: the names, in the order of the columns of `probabilities`."""

    def __init__(self, folder: Path = HERE) -> None:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.labels: list[str] = facts["labels"]
        self._temperature = float(facts["temperature"])
        self._tokenizer = load(folder / "tokenizer")
        self._model = Model(folder, facts)

    def probabilities(self, texts: Iterable[str]) -> np.ndarray:
        """The calibrated probability of each label for each text: float64[texts, labels]."""
        outputs = 1 if len(self.labels) == 2 else len(self.labels)
        logits = np.concatenate([np.zeros((0, outputs)), *self._logits(texts)]) / self._temperature
        if outputs == 1:
            logits = np.hstack([np.zeros_like(logits), logits])
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        total: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
        return total

    def predict(self, texts: Iterable[str]) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[i] for i in self.probabilities(texts).argmax(axis=1)]

    def knows(self, text: str) -> bool:
        """Whether a word or an n-gram of the text was in the texts that it learned from."""
        return any((np.asarray(ids) > UNKNOWN).any() for ids in self._tokenizer.encode([text]))

    def _logits(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        remaining = iter(texts)
        while chunk := list(islice(remaining, CHUNK)):
            yield self._model.logits(list(self._tokenizer.encode(chunk)))


def main() -> None:
    classifier = Classifier()
    if sys.argv[1:] in (["--help"], ["-h"]):
        few = classifier.labels[:MOST] + ["..."] * (len(classifier.labels) > MOST)
        print(HELP.format(command=command(), labels=", ".join(few)), end="")
        return
    for text in sys.argv[1:]:
        if not classifier.knows(text):
            print(f"note: no word of {text!r} was learned: its label is a guess", file=sys.stderr)
    texts = sys.argv[1:] or [line.rstrip("\r\n") for line in sys.stdin]
    for text, shares in zip(texts, classifier.probabilities(texts), strict=True):
        print(f"{classifier.labels[int(shares.argmax())]}\t{shares.max():.4f}\t{' '.join(text.split())}")


def command() -> str:
    """What a user typed to get here."""
    started = Path(sys.argv[0])
    return f"python -m {started.parent.name}" if started.name == "__main__.py" else started.name


if __name__ == "__main__":
    main()
