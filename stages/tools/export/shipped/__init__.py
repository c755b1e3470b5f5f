"""Text in, probabilities out: the classifier of an exported package.

Example: python -m PACKAGE "a text"
"""

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from stages.tokenizers.ngrams import load
from stages.tools.export.shipped.numpy_model import Model

HERE = Path(__file__).parent
CHUNK = 1000  # texts
MOST = 10  # labels that the help names
FEW = 3  # texts that are named one by one
HELP = """usage: {command} [text ...]

Which of the labels {labels}
a text has: a line for each text, of its label, the probability, and the text. Of a blank text neither is
given.{doubt}

text: each argument is a text; without one, each line of what is piped in

Examples: {command} "a text" "another text"
          {command} < texts.txt
"""


class Classifier:
    """labels: the names, in the order of the columns of `probabilities`. doubt: why these should not be
    believed, if that is so."""

    def __init__(self, folder: Path = HERE) -> None:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.labels: list[str] = facts["labels"]
        self.doubt: str | None = facts.get("doubt")
        self._temperature = float(facts["temperature"])
        self._first_learned = int(facts["first_learned"])  # of the ids
        self._tokenizer = load(folder / "tokenizer")
        self._model = Model(folder, facts)

    def probabilities(self, texts: Iterable[str]) -> np.ndarray:
        """The probability of each label for each text, calibrated unless there is a doubt: float64[texts,
        labels]."""
        every = [shares for _, _, shares in self._coded(texts)]
        return np.concatenate([np.zeros((0, len(self.labels))), *every])

    def predict(self, texts: Iterable[str]) -> list[str]:
        """The most probable label of each text; of a blank one ""."""
        return [label for _, label, *_ in self.answers(texts)]

    def answers(self, texts: Iterable[str]) -> Iterator[tuple[str, str, float | None, bool]]:
        """Each text, its most probable label, how probable that is, and whether a word or an n-gram of it was
        in the texts that it learned from. A blank text has the label "" and no probability."""
        for chunk, coded, every in self._coded(texts):
            for text, ids, shares in zip(chunk, coded, every, strict=True):
                if text.strip():
                    label, known = self.labels[int(shares.argmax())], bool((ids >= self._first_learned).any())
                    yield text, label, float(shares.max()), known
                else:
                    yield text, "", None, False

    def _coded(self, texts: Iterable[str]) -> Iterator[tuple[list[str], list[np.ndarray], np.ndarray]]:
        """Some texts, their ids, and the probabilities of their labels, until there are no more."""
        if isinstance(texts, str):  # whose letters would be texts
            raise TypeError("texts: found a str, allowed: several of them; put it into a list")
        remaining = iter(texts)
        while chunk := list(islice(remaining, CHUNK)):
            if odd := [text for text in chunk if not isinstance(text, str)]:
                raise TypeError(f"texts: found {odd[0]!r:.80}, allowed: str; leave it out or write ''")
            coded = [np.asarray(ids) for ids in self._tokenizer.encode(chunk)]
            logits = self._model.logits(coded) / self._temperature
            if logits.shape[1] == 1:
                logits = np.hstack([np.zeros_like(logits), logits])
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            yield chunk, coded, shares / shares.sum(axis=1, keepdims=True)


def main() -> None:
    try:
        answer()
        sys.stdout.flush()
    except BrokenPipeError:  # what reads the output has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def answer() -> None:
    """Do what the command line asks for."""
    classifier = Classifier()
    if sys.argv[1:] in (["--help"], ["-h"]):
        few = classifier.labels[:MOST] + ["..."] * (len(classifier.labels) > MOST)
        doubt = f"\n\nIts {classifier.doubt}." if classifier.doubt else ""
        print(HELP.format(command=command(), labels=", ".join(few), doubt=doubt), end="")
        return
    strange, first = 0, list[str]()
    for text, label, share, known in classifier.answers(given()):
        print(f"{label}\t{'' if share is None else f'{share:.4f}'}\t{' '.join(text.split())}")
        if not known and share is not None:
            strange += 1
            first = [*first, text][:FEW]
    for note in [*notes(strange, first), *([f"note: {classifier.doubt}"] if classifier.doubt else [])]:
        print(note, file=sys.stderr)


def given() -> Iterable[str]:
    """The texts on the command line, all refused before one is answered, or else those piped in."""
    if sys.argv[1:]:
        return [*decoded(map(os.fsencode, sys.argv[1:]), "text")]
    return (line.rstrip("\r\n") for line in decoded(sys.stdin.buffer, "standard input, line"))


def decoded(texts: Iterable[bytes], where: str) -> Iterator[str]:
    """Texts from UTF-8. One that is not ends the command; `where` they are from goes before its number."""
    for number, text in enumerate(texts, start=1):
        try:
            yield text.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            sys.exit(f"error: {where} {number}: not UTF-8 ({error.reason}); give it as UTF-8")


def notes(strange: int, first: Sequence[str]) -> list[str]:
    """Lines on so many texts of which nothing was learned, and the first of them."""
    if strange > FEW:
        return [f"note: no word of {strange:,} of the texts was learned: their labels are guesses"]
    return [f"note: no word of {text!r} was learned: its label is a guess" for text in first]


def command() -> str:
    """What a user typed to get here."""
    started = Path(sys.argv[0])
    return f"python -m {started.parent.name}" if started.name == "__main__.py" else started.name


if __name__ == "__main__":
    main()
