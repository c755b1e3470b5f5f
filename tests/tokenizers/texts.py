"""Odd texts, and tokenizers fitted to them, for the tests of tokenizers."""

import functools
import random
from typing import Any

from stages.runtime import kinds
from stages.runtime.config import read
from stages.tokenization.interface import Tokenizer

SETTINGS: dict[str, dict[str, Any]] = {
    "word": {"vocabulary": 60},
    "bpe": {"vocabulary": 400},
    "subwords8k": {},
    "ngrams": {"words": 3, "characters": 4, "min_texts": 2, "binary": False},
}

WORDS = ["the", "film", "don't", "naïve", "привет", "日本", "🎬", "ß", "x\u00a0y", "unk", "pad", "0", "it's"]
WORDS += ["é", "e\u0301", "a\rb", "\x0b", "\u2028", "ok\x00", "straße", "ﬁne", "½", "'", "“so”", "\u2013"]
ODD = [
    "",
    " ",
    "\n\t ",
    "...",
    "[UNK]",
    "[PAD]",
    "[UNK] [PAD] <unk> </s> [CLS]",
    "\x00",
    "a_b__\\c\\u0;",
    "_",
]
ODD += [
    "🎬🏽\u200d",
    "\u2028\x85",
    "don't  stop\n\nnow ",
    " lead",
    "\\65;",
    "é e\u0301",
    "日本語テキスト",
    "x" * 999,
]

# Texts of these letters have every case of subwords8k but one that has tests of its own, the backslash or
# ampersand that reads like the spelling of an underscore.
LETTERS = [*"aaabbcAB  __..,9\n\té日🎬\u0301Ωß½", "  ", "\u2028", "the ", "the_", "__", "!?!", " a", "\u00a0"]


def sentences(seed: int, count: int = 60) -> list[str]:
    """Seeded texts of ordinary and odd words, with punctuation, tabs, newlines and doubled spaces."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        words = rng.choices(WORDS, weights=range(len(WORDS), 0, -1), k=rng.randint(1, 12))
        ends = rng.choices([" ", "  ", ". ", ", ", "\t", "\n", "!? ", "--", " [", "] ", "_"], k=len(words))
        texts.append("".join(word + end for word, end in zip(words, ends, strict=True)))
    return texts


def of_letters(seed: int, letters: list[str] = LETTERS, count: int = 120) -> list[str]:
    """Seeded texts of random letters; their words often share a beginning."""
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=rng.randint(0, 60))) for _ in range(count)]


def fit(kind: str, texts: list[str], **changes: Any) -> Tokenizer:
    module = kinds.module("tokenizers", kind)
    config = read(module.Config, {"kind": kind} | SETTINGS[kind] | changes, "corpora.mine.tokenizer")
    tokenizer: Tokenizer = module.fit(config, texts)
    return tokenizer


@functools.cache
def fitted(kind: str) -> Tokenizer:
    return fit(kind, sentences(0))


def ids(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [row.tolist() for row in tokenizer.encode(texts)]
