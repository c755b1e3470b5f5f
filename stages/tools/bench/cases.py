"""What is measured."""

from dataclasses import dataclass
from typing import Any

SUBWORDS, WORDS = "imdb-subwords8k", "imdb-words"


@dataclass(frozen=True)
class Case:
    """A model, trained on some texts of a corpus; `texts` and `rounds` are those of --full."""

    corpus: str
    batch: int
    texts: int
    sizes: dict[str, Any]
    epochs: int = 1
    rounds: int = 3
    baseline: str = "notebook"  # or another case


def _subwords(*units: int, **options: Any) -> Case:
    sizes = {"architecture": "lstm", "units": [*units], "bidirectional": True, "pooling": "last"}
    return Case(SUBWORDS, 64, sizes={**sizes, "embedding": 64, "dense": 64, "mask": True}, **options)


def _words(sizes: dict[str, Any], baseline: str = "notebook") -> Case:
    return Case(WORDS, 128, 25_000, {"embedding": 16, "dense": 6, "mask": False, **sizes}, baseline=baseline)


ONE: dict[str, Any] = {"units": [32], "bidirectional": False, "pooling": "last"}
TWO = ONE | {"bidirectional": True}
CONV = {"architecture": "conv1d", "filters": 128, "kernel": 5, "pooling": "mean"}
CASES = {
    "BiLSTM 64, subwords": _subwords(64, texts=4000),
    "BiLSTM 64, 32, subwords": _subwords(64, 32, texts=4000),
    "BiLSTM 32, words": _words(TWO | {"architecture": "lstm"}),
    "BiGRU 32, words": _words(TWO | {"architecture": "gru"}),
    "conv1d, words": _words(CONV),
    "LSTM 32, words": _words(ONE | {"architecture": "lstm"}),
    "peephole LSTM 32, words, beside our LSTM": _words(
        ONE | {"architecture": "peephole_lstm"}, baseline="LSTM 32, words"
    ),
    "BiLSTM 64, subwords, four times the texts": _subwords(
        64, texts=25_000, rounds=1, baseline="BiLSTM 64, subwords, a quarter"
    ),
}
QUARTER = {"BiLSTM 64, subwords, a quarter": _subwords(64, texts=6250)}
POOLED = {"architecture": "pooled", "embedding": 64, "dense": 64, "pooling": "mean", "mask": True}
ACCURACY = Case(SUBWORDS, 64, 25_000, POOLED, epochs=3)


@dataclass(frozen=True)
class Measured:
    """What a process measured: tokens without padding, array places with it, seconds, MiB at most."""

    tokens: int
    seconds: float
    places: int
    peak_mib: int = 0
