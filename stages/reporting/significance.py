"""Which differences between recipes are real: tested on the same texts, for other texts and other seeds."""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from scipy.stats import binomtest, t

from stages.reporting.comparison import Result
from stages.reporting.difference import ALPHA, Difference


def differences(results: Sequence[Result]) -> dict[tuple[str, str], Difference]:
    """Of each two recipes, in either order; all were tested on the same texts."""
    rights = {result.recipe: result.matrix for result in results}
    tested = {}
    for first, second in combinations(rights, 2):
        ours, theirs = rights[first], rights[second]
        mean = float(ours.mean() - theirs.mean())
        half = half_interval(ours, theirs)
        low, high = max(mean - half, -1.0), min(mean + half, 1.0)
        p = mcnemar(ours[0], theirs[0])
        tested[first, second] = Difference(mean, low, high, p)
        tested[second, first] = Difference(0 - mean, 0 - high, 0 - low, p)  # 0 - 0 is no -0
    return tested


def half_interval(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Half the width of a difference's 95 % interval, of mean accuracies, for other texts and other seeds.

    The variances of both recipes' means over their seeds are added to that of the texts' differences, and
    Student's t has the degrees of freedom of Welch (1947) and Satterthwaite (1946). A bootstrap is too
    narrow, as means of three seeds drawn with replacement vary too little: of simulated equal recipes whose
    seeds have a standard deviation of half a point on 25,000 texts, it called 12 % different, this 3 %. A
    single seed beside several is taken to vary as they do, by one estimate for both: of three seeds, with two
    degrees of freedom. If both recipes have one seed, the interval is for other texts only.

    ours, theirs: bool[seeds, texts], what is right.
    """
    differences = ours.mean(axis=0) - theirs.mean(axis=0)
    parts = [_of_mean(differences, len(differences))]
    seeds = [right.mean(axis=1) for right in (ours, theirs)]
    fewer, more = sorted(seeds, key=len)
    if len(fewer) > 1:
        parts += [_of_mean(each, len(each)) for each in seeds]
    else:
        parts.append(_of_mean(more, len(more) / (len(more) + 1)))  # a variance of s^2 (1 + 1/n)
    variance = sum(part for part, _ in parts)
    if not variance:
        return 0.0
    freedom = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    return float(t.ppf(1 - ALPHA / 2, freedom) * sqrt(variance))


def _of_mean(values: np.ndarray, count: float) -> tuple[float, int]:
    """The variance of a mean of so many values that vary as these, and its degrees of freedom; if there is
    only one, 0 and 1.

    values: float64[seeds or texts].
    """
    if len(values) == 1:
        return 0.0, 1
    return float(values.var(ddof=1)) / count, len(values) - 1


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The exact p of McNemar's test (1947): how probable it is that of the texts which only one of two models
    has right so many are one model's, if either were as likely.

    ours, theirs: bool[texts], what is right.
    """
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if not only_ours + only_theirs:
        return 1.0
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue)
