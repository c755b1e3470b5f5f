"""Which differences between recipes are real: tested on the same texts, for other texts and other seeds."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from stages.reporting.comparison import Result

DRAWS = 1000  # of the bootstrap
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


def difference(first: Result, second: Result) -> Difference:
    """Of two recipes that were tested on the same texts."""
    ours, theirs = first.matrix, second.matrix
    low, high = bootstrap(ours, theirs)
    return Difference(float(ours.mean() - theirs.mean()), low, high, mcnemar(ours[0], theirs[0]))


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The exact p of McNemar's test (1947): how probable it is that of the texts which only one of two models
    has right so many are one model's, if either were as likely.

    ours, theirs: bool[texts], what is right.
    """
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if not only_ours + only_theirs:
        return 1.0
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue)


def bootstrap(ours: np.ndarray, theirs: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the difference of accuracies, texts and seeds drawn anew (Efron 1979).

    ours, theirs: bool[seeds, texts]; the texts are the same and are drawn for both at once, the seeds of each
    for itself.
    """
    random = np.random.default_rng(seed)
    texts = ours.shape[1]
    found = np.zeros(DRAWS)
    for i in range(DRAWS):
        weights = np.bincount(random.integers(0, texts, texts), minlength=texts) / texts
        shares = [right[random.integers(0, len(right), len(right))] @ weights for right in (ours, theirs)]
        found[i] = shares[0].mean() - shares[1].mean()
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
