"""The most frequent label, whatever the text: what any other model has to beat."""

from typing import Any, ClassVar, Literal

import numpy as np

from stages.runtime.config import config

UNORDERED = True


@config
class Sizes:
    weighting: ClassVar[None] = None
    ratio: ClassVar[None] = None

    architecture: Literal["majority"]


def estimator(sizes: Sizes, seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def weights(fitted: Any) -> tuple[np.ndarray, np.ndarray]:
    """None, and the log odds or the log shares of the labels."""
    bias = np.log(fitted.class_prior_)
    if len(bias) == 2:
        bias = bias[1:] - bias[:1]
    return np.zeros((fitted.n_features_in_, len(bias))), bias
