"""How much each word of a text adds to the logit of a label.

Of a linear model on n-grams exactly: what each n-gram adds to the logit, shared by its words. Of any other
model by occlusion (Li et al. 2016): how much the logit falls when the word is left out.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.padding import KINDS
from stages.evaluation.classify import Classifier, padded
from stages.runtime.config import ROOT, read
from stages.tokenizers import ngrams
from stages.tools.answering.answers import Shares, Weigh, unsupported
from stages.tools.answering.trained import opened
from stages.trainers.linear import Linear, counted, scaled

Explain = Callable[[str, int], tuple[Shares, str | None]]


def explaining(name: str, recipes: Mapping[str, Any], classifier: Classifier) -> Explain:
    """What says of the words of a text, in their order, what each adds to a label's logit, against the other
    of two labels or against the mean of all; and a line if none of them speaks for the label."""
    exactly = exactly_of(name, recipes)

    def explained(text: str, label: int) -> tuple[Shares, str | None]:
        shares = exactly(text, label) if exactly else occluded(classifier, text, label)
        return shares, unsupported(shares, exact=exactly is not None)

    return explained


def exactly_of(name: str, recipes: Mapping[str, Any]) -> Weigh | None:
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
    added = np.zeros(len(words))
    for (is_word, name), where in places.items():
        np.add.at(added, where, (of_words if is_word else of_characters)[name] / len(where))
    shares = zip(words, added.tolist(), strict=True)
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
