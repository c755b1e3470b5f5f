"""The most frequent lower-cased words, as the Keras `Tokenizer` of the course found them.

Its punctuation is dropped, words end at spaces, id 1 stands for every other word. Of equally
frequent words at the end of the vocabulary the first in alphabetical order stay (Keras kept the first seen).
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from stages.runtime.config import config
from stages.runtime.crew import ALONE, Block, Crew
from stages.tokenization.library import PADDING, UNKNOWN, Library, whole

# keras.preprocessing.text.Tokenizer's default `filters`, Keras 2.15
FILTERED = r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n]"""
TOGETHER = 100  # texts that are counted as one: a call of the library takes as long as a short text


@config
class Config:
    kind: Literal["word"]
    vocabulary: Annotated[int, Field(ge=3, le=10_000_000)]


def fit(config: Config, texts: Iterable[str], crew: Crew = ALONE) -> Library:
    """The `vocabulary - 2` most frequent words of the texts, after padding (0) and unknown (1)."""
    counts = Counter[str]()
    for own in crew.map(_counts, crew.blocks(texts)):
        counts.update(own)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: config.vocabulary - 2]
    vocabulary = {PADDING: 0, UNKNOWN: 1} | {word: rank for rank, (word, _) in enumerate(ranked, start=2)}
    return Library(_pipeline(models.WordLevel(vocabulary, unk_token=UNKNOWN)))


def _counts(block: Block) -> Counter[str]:
    """How often each word is in the texts, which the library's own trainer does not say."""
    first, texts = block
    normalizer, counts, remaining = _normalizer(), Counter[str](), whole(texts, start=first + 1)
    while some := list(islice(remaining, TOGETHER)):
        counts.update(normalizer.normalize_str(" ".join(some)).split(" "))
    del counts[""]  # between two spaces
    return counts


def load(folder: Path) -> Library:
    return Library.load(folder)


def _pipeline(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="removed")
    return tokenizer


def _normalizer() -> normalizers.Normalizer:
    """Character by character: what a text becomes does not depend on the next one."""
    return normalizers.Sequence([normalizers.Replace(Regex(FILTERED), " "), normalizers.Lowercase()])
