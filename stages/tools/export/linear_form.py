"""A recipe as one linear form on n-grams: scikit-learn's models, and the NB-SVM network for two labels."""

from dataclasses import asdict
from typing import Any

import numpy as np


def arrays(model: Any, tokenizer: str) -> dict[str, np.ndarray] | None:
    """scale, weights, bias and parts (stages/trainers/linear.py) of a trained model, if it has that form.

    tokenizer: its kind. The network counts words that are there twice in another way than n-grams.
    """
    if hasattr(model, "scale"):
        return asdict(model)
    if tokenizer == "ngrams" and model.name == "nb_svm" and model.output_shape[-1] == 1:
        from stages.models.nb_svm import SCALE

        ratios, weights = (model.get_layer(name).get_weights()[0] for name in ("ratios", "weights"))
        gain, bias = next(layer.get_weights() for layer in model.layers if len(layer.get_weights()) == 2)
        none = np.zeros(0, np.int64)
        return {"scale": ratios[:, 0], "weights": SCALE * weights * gain, "bias": bias, "parts": none}
    return None
