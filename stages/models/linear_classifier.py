"""A linear model on weighed counts: logistic regression (Cox 1958), or a linear support vector machine
(Cortes & Vapnik 1995), whose margins serve as logits; with ratios the NB-SVM of Wang & Manning 2012."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.runtime.config import config

UNORDERED = True


@config
class Sizes:
    """loss: "log_loss" for logistic regression, "squared_hinge" for the support vector machine.
    weighting: "tfidf", or "none" for the counts.
    ratio: features are multiplied by the logarithm of how much more often they are in the texts of a label,
    smoothed by so many texts; None: not.
    C: the inverse of the penalty's weight.
    """

    architecture: Literal["linear_classifier"]
    loss: Literal["log_loss", "squared_hinge"]
    weighting: Literal["tfidf", "none"]
    ratio: Annotated[float, Field(gt=0)] | None = None
    C: Annotated[float, Field(gt=0)]


def estimator(sizes: Sizes, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if sizes.loss == "log_loss":
        return LogisticRegression(C=sizes.C, max_iter=1000)
    return LinearSVC(C=sizes.C, random_state=seed)


def weights(fitted: Any) -> tuple[np.ndarray, np.ndarray]:
    """float64[vocabulary, outputs], float64[outputs]: an output for two labels, else one for each."""
    return fitted.coef_.T, fitted.intercept_
