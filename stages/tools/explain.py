"""Which words of a text carried a decision.

Of a linear model on n-grams exactly: what each n-gram adds to the logit, shared by its words. Of any other
model by occlusion (Li et al. 2016): how much the logit falls when the word is left out.

Example: python -m stages.tools.explain demo-lstm "The plot is not dull but good."
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.padding import KINDS
from stages.evaluation.classify import Classifier, padded
from stages.runtime import command
from stages.runtime.config import ROOT, InputError, read
from stages.study.params import one_of, params
from stages.tokenizers import ngrams
from stages.tools.export.linear_form import opened
from stages.tools.serve.resident import Resident, note_a_guess, one_line
from stages.trainers.linear import Linear, counted, scaled

SHOWN = 5  # words that are named where there are no colours
STRONG = 0.3  # of the strongest word's share: weaker ones are not coloured
FOR, AGAINST, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"

Shares = list[tuple[str, float]]  # of each word what it adds to the logit of the label


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("text", help="a text")
    options = parser.parse_args()
    recipes = params()["recipes"]
    classifier = Resident(one_of(options.recipe, recipes, "recipes"), recipes)
    if not options.text.strip():
        raise InputError("text: found an empty one, allowed: a text with words")
    note_a_guess(classifier, options.text)
    probable = classifier.probabilities([options.text])[0][0]
    label = int(probable.argmax())
    print(f"{classifier.labels[label]}, {probable[label]:.4f}")
    shares = explained(options.recipe, recipes, classifier, options.text, label)
    print(coloured(shares) if sys.stdout.isatty() else "\n".join(strongest(shares)))


def explained(name: str, recipes: Mapping[str, Any], classifier: Classifier, text: str, label: int) -> Shares:
    """The words in their order, with what each adds to the label's logit, against the other of two labels or
    against the mean of all."""
    exactly = exactly_of(name, recipes)
    return exactly(text, label) if exactly else occluded(classifier, text, label)


def exactly_of(name: str, recipes: Mapping[str, Any]) -> Callable[[str, int], Shares] | None:
    """What does that for any text and label, if the recipe's model is linear on n-grams; its files are read
    and verified once."""
    facts, origin, models = opened(name)
    if facts["trainer"] != "linear" or not origin["tokenizer"].startswith("ngrams "):
        return None
    tokenizer = ngrams.load(ROOT / "data" / "tokens" / recipes[name]["corpus"])
    how = read(KINDS[origin["pad"]["kind"]], origin["pad"], "pad")
    model = next(models)
    return lambda text, label: exact(model, tokenizer, padded([text], tokenizer, how), text, label)


def exact(model: Linear, tokenizer: ngrams.Ngrams, arrays: Padded, text: str, label: int) -> Shares:
    """They sum up to the logit less the bias. An n-gram with an edge of the text is its other words'."""
    features = scaled(counted(arrays), model.scale, model.parts.tolist()).tocoo()
    weights = margins(model.weights[features.col], label)
    edge = int(model.parts[0]) if len(model.parts) else tokenizer.vocabulary
    of_words: dict[str, float] = {}
    of_characters: dict[str, float] = {}
    for number, share in zip(features.col.tolist(), (features.data * weights).tolist(), strict=True):
        (of_words if number < edge else of_characters)[tokenizer.name(number)] = share
    words, longest = tokenizer.split(text), max(map(len, of_characters), default=0)
    places: dict[tuple[bool, str], list[int]] = {}  # an n-gram's words, once for each time that it is there
    for start in range(len(words)):
        for end in range(start + 1, min(start + 3, len(words)) + 1):
            if (name := " ".join(words[start:end])) in of_words:
                inside = (place for place in range(start, end) if words[place] not in ngrams.EDGES)
                places.setdefault((True, name), []).extend(inside)
        for name in ngrams.characters(words[start], longest):
            if name in of_characters:
                places.setdefault((False, name), []).append(start)
    found = np.zeros(len(words))
    for (whole, name), where in places.items():
        np.add.at(found, where, (of_words if whole else of_characters)[name] / len(where))
    shares = zip(words, found.tolist(), strict=True)
    return [(word, share) for word, share in shares if word not in ngrams.EDGES]


def occluded(classifier: Any, text: str, label: int) -> Shares:
    return falls(text, classifier.logits(left_out(text))[0], label)


def left_out(text: str) -> list[str]:
    """The text, then it without its first word, without its second, and so on."""
    words = text.split()
    return [" ".join(words), *(" ".join(words[:i] + words[i + 1 :]) for i in range(len(words)))]


def falls(text: str, logits: np.ndarray, label: int) -> Shares:
    """How far the label's logit falls without each word. logits: of `left_out`, float[1 + words, outputs]."""
    margin = margins(logits, label)
    return list(zip(text.split(), (margin[0] - margin[1:]).tolist(), strict=True))


def margins(logits: np.ndarray, label: int) -> np.ndarray:
    """A label's logit against the others': float[rows, outputs] -> float64[rows]."""
    logits = logits.astype(np.float64)
    if logits.shape[1] == 1:
        return logits[:, 0] if label else -logits[:, 0]
    margin: np.ndarray = logits[:, label] - logits.mean(axis=1)
    return margin


def coloured(shares: Shares) -> str:
    """For a terminal: what speaks for the label is green, what speaks against it is red."""
    most = max(abs(share) for _, share in shares) or 1.0
    words = []
    for word, share in shares:
        colour = FOR if share > 0 else AGAINST
        shown = command.printable(word)
        words.append(f"{colour}{shown}{PLAIN}" if abs(share) >= STRONG * most else shown)
    return " ".join(words)


def strongest(shares: Sequence[tuple[str, float]]) -> list[str]:
    """The words that decided most, a line each."""
    most = sorted(shares, key=lambda pair: -abs(pair[1]))[:SHOWN]
    return [f"{share:+.3f}\t{one_line(word)}" for word, share in most]


if __name__ == "__main__":
    command.guard(main)
