"""Vectors of n-grams by latent semantic analysis (Deerwester et al. 1990): a truncated singular value
decomposition, scikit-learn's, of which texts have which n-grams.

An n-gram counts the square of log(texts / its texts). With the logarithm itself, or its cube, what a linear
classifier makes of the vectors of IMDB's reviews was less accurate, cross-validated on the training split.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from scipy import sparse

from stages.artifacts.padded import Padded
from stages.network.sizes import Units
from stages.runtime.config import InputError, config

FIRST = 2  # id after padding and unknown, which have no vector


@config
class Pretraining:
    """embedding: the numbers of a vector; passes: how often the texts are gone through for more exact
    directions, after the first time (Halko et al. 2011)."""

    kind: Literal["lsa"]
    corpus: str
    embedding: Units
    passes: Annotated[int, Field(ge=0, le=100)]


def fit(config: Pretraining, splits: Sequence[Padded], seed: int) -> dict[str, np.ndarray]:
    """`embedding`, float32[vocabulary, embedding]: the sum of its rows over a text's distinct ids is the
    text's vector, but for its length. The row of an id that is in no text, or in all, is 0, as are those of
    padding and unknown; the others' numbers have a standard deviation of 1.

    On one thread: how many take part in a product decides how its sums are rounded.
    """
    from sklearn.preprocessing import normalize
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    texts = sparse.vstack([sets(ids, splits[0].vocabulary) for split in splits for ids in split.ids])
    most = min(texts.shape) - 1
    if config.embedding > most:
        raise InputError(
            f"pretrainings: found an embedding of {config.embedding} for {texts.shape[0]} texts with "
            f"{texts.shape[1]} ids of {config.corpus}, allowed: at most {most}; mend conf/pretrainings"
        )
    frequency = np.asarray(texts.sum(axis=0)).ravel()
    weights = np.log(texts.shape[0] / np.maximum(frequency, 1)) ** 2 * (frequency > 0)
    weighted = normalize(texts.multiply(weights).tocsr().astype(np.float32))
    with threadpool_limits(1):
        *_, directions = randomized_svd(weighted, config.embedding, n_iter=config.passes, random_state=seed)
    table: np.ndarray = (directions * weights).T
    return {"embedding": np.ascontiguousarray(table / table[weights > 0].std(), np.float32)}


def sets(ids: np.ndarray, vocabulary: int) -> Any:
    """Which text has which id: int32[texts, width] -> a sparse float32[texts, vocabulary] of ones."""
    rows, columns = np.nonzero(ids >= FIRST)
    ones = np.ones(len(rows), np.float32)
    counts = sparse.csr_matrix((ones, (rows, ids[rows, columns])), shape=(len(ids), vocabulary))
    counts.data[:] = 1  # an id that a text has twice counts once
    return counts
