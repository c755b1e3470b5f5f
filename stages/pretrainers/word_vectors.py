"""Word vectors by gensim's word2vec (Mikolov et al. 2013), of a corpus's tokens."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.padded import Padded
from stages.network.sizes import Units
from stages.runtime.config import Count, config

SPREAD = (
    0.05 / 3**0.5
)  # standard deviation of numbers drawn between -0.05 and 0.05, as Keras draws embeddings


@config
class Pretraining:
    """embedding: the numbers of a vector; window: how many tokens to each side predict one (`cbow`), or are
    predicted by it (`skip_gram`); negatives: tokens drawn at random that it is told from.
    """

    kind: Literal["word_vectors"]
    corpus: str
    embedding: Units
    algorithm: Literal["cbow", "skip_gram"]
    window: Count
    negatives: Count
    epochs: Annotated[int, Field(ge=1, le=1000)]


class Sentences:
    """The texts as lists of ids, as often as they are read."""

    def __init__(self, splits: Sequence[Padded]) -> None:
        self._splits = splits

    def __iter__(self) -> Iterator[list[int]]:
        for split in self._splits:
            for ids in split.ids:
                for line in ids:
                    yield line[line > 0].tolist()


def fit(config: Pretraining, splits: Sequence[Padded], seed: int) -> dict[str, np.ndarray]:
    """`embedding`, float32[vocabulary, embedding], as spread as Keras's own first weights; the row of a token
    that is in no text, as of padding, is 0.

    On one thread: on more the order of the updates, and so the numbers, would differ from run to run.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(
        Sentences(splits),
        vector_size=config.embedding,
        window=config.window,
        sg=config.algorithm == "skip_gram",
        negative=config.negatives,
        epochs=config.epochs,
        min_count=1,
        workers=1,
        seed=seed,
    )
    known = np.array(model.wv.index_to_key, dtype=np.int64)
    table = np.zeros((splits[0].vocabulary, config.embedding), np.float32)
    table[known] = model.wv.vectors - model.wv.vectors.mean(axis=0)
    return {"embedding": table / table[known].std() * SPREAD}
