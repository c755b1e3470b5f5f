"""Which differences between recipes are real: tested on the same texts, for other texts and other seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.stats import binomtest

from stages.reporting.comparison import Result

DRAWS = 1000  # of the bootstrap
BLOCK = 50  # draws at once: of a million texts they take 200 MB
ALPHA = 0.05


@dataclass(frozen=True)
class Difference:
    """Of test accuracies, first less second.

    mean: of the seeds' means; low, high: its 95 % interval for other texts and other seeds; p: McNemar's, of
    the first seeds' models. All of accuracy, not of percent.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def real(self) -> bool:
        """Whether both say so: the interval leaves out 0, and p is below 5 %."""
        return self.p < ALPHA and not self.low <= 0 <= self.high


def differences(results: Sequence[Result]) -> dict[tuple[str, str], Difference]:
    """Of each two recipes, in either order; all were tested on the same texts."""
    rights = {result.recipe: result.matrix for result in results}
    drawn = dict(zip(rights, resampled(list(rights.values())), strict=True))
    tested = {}
    for first, second in permutations(rights, 2):
        ours, theirs = rights[first], rights[second]
        low, high = np.quantile(drawn[first] - drawn[second], [0.025, 0.975])
        mean = float(ours.mean() - theirs.mean())
        tested[first, second] = Difference(mean, float(low), float(high), mcnemar(ours[0], theirs[0]))
    return tested


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The exact p of McNemar's test (1947): how probable it is that of the texts which only one of two models
    has right so many are one model's, if either were as likely.

    ours, theirs: bool[texts], what is right.
    """
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if not only_ours + only_theirs:
        return 1.0
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue)


def resampled(rights: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """Of each recipe float64[draws]: its accuracy where texts and seeds are drawn anew (Efron 1979), the same
    texts for all recipes, seeds for each by itself.

    rights: of each recipe bool[seeds, texts].
    """
    texts = rights[0].shape[1]
    random = np.random.default_rng(seed)
    every = np.concatenate(rights).T.astype(np.float32)
    shares = np.empty((DRAWS, every.shape[1]))
    for start in range(0, DRAWS, BLOCK):
        draws = [random.integers(0, texts, texts) for _ in range(BLOCK)]
        counts = np.stack([np.bincount(drawn, minlength=texts) for drawn in draws]).astype(np.float32)
        shares[start : start + BLOCK] = counts @ every / texts  # sums of ones, exact below 2 ** 24 texts
    means = []
    ends = np.cumsum([len(right) for right in rights])[:-1]
    for number, own in enumerate(np.split(shares, ends, axis=1)):
        seeds = np.random.default_rng([seed, number]).integers(0, own.shape[1], own.shape)
        means.append(np.take_along_axis(own, seeds, axis=1).mean(axis=1))
    return means
