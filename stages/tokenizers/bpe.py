"""Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): nothing is unknown to it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from stages.runtime.config import config
from stages.runtime.crew import ALONE, Crew
from stages.tokenization.library import PADDING, Library, whole


@config
class Config:
    kind: Literal["bpe"]
    vocabulary: Annotated[int, Field(ge=257, le=10_000_000)]  # padding and the 256 bytes at least


def fit(config: Config, texts: Iterable[str], crew: Crew = ALONE) -> Library:
    """Merges learnt from the texts until there are `vocabulary` ids, padding (0) among them.

    crew: is not asked; the library counts on all cores itself, and remembers words, not texts.
    """
    learning = _pipeline(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary - 1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learning.train_from_iterator(whole(texts), trainer)
    return Library(_pipeline(_behind_padding(learning)))


def load(folder: Path) -> Library:
    return Library.load(folder)


def _behind_padding(learnt: Tokenizer) -> models.BPE:
    """The learnt model with every id one higher, so that 0 is free for padding."""
    model = json.loads(learnt.to_str())["model"]
    vocabulary = {PADDING: 0} | {token: i + 1 for token, i in model["vocab"].items()}
    return models.BPE(vocabulary, [(left, right) for left, right in model["merges"]])


def _pipeline(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
