"""The most frequent lower-cased words, as the Keras `Tokenizer` of the course found them.

Its punctuation is dropped, words end at spaces, id 1 stands for every other word. Of equally
frequent words at the end of the vocabulary the first in alphabetical order stay (Keras kept the first seen).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from stages.runtime.config import config
from stages.tokenization.library import PADDING, UNKNOWN, Library, whole

# keras.preprocessing.text.Tokenizer's default `filters`, Keras 2.15
FILTERED = r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n]"""


@config
class Config:
    kind: Literal["word"]
    vocabulary: Annotated[int, Field(ge=3, le=10_000_000)]


def fit(config: Config, texts: Iterable[str]) -> Library:
    """The `vocabulary - 2` most frequent words of the texts, after padding (0) and unknown (1)."""
    counting = _pipeline(models.WordLevel())
    trainer = trainers.WordLevelTrainer(vocab_size=config.vocabulary - 2, show_progress=False)
    counting.train_from_iterator(whole(texts), trainer)
    ranked = sorted(counting.get_vocab().items(), key=lambda item: item[1])
    vocabulary = {PADDING: 0, UNKNOWN: 1} | {word: rank + 2 for word, rank in ranked}
    return Library(_pipeline(models.WordLevel(vocabulary, unk_token=UNKNOWN)))


def load(folder: Path) -> Library:
    return Library.load(folder)


def _pipeline(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(FILTERED), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="removed")
    return tokenizer
