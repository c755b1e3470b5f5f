"""What a linear model says of ids as the tokenizer gives them: padding takes longer than the model itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stages.trainers.linear import Linear

UNKNOWN = 1  # as in stages/trainers/linear.py: it and padding count for nothing


def logits(model: "Linear", coded: Sequence[np.ndarray]) -> np.ndarray:
    """Those of `Linear.logits`, to the last bit: float32[texts, outputs].

    coded: of each text, int32[tokens] in any order.
    """
    from scipy import sparse

    ids, rows, counts = counted(coded)
    values = counts * model.scale[ids]
    parts = len(model.parts) + 1  # of the vocabulary; what a text has of each is brought to length 1
    group = rows * parts + np.searchsorted(model.parts, ids, side="right")
    # float32 squares summed as float64 one after the other, as scikit-learn's `normalize` sums them
    norms = np.sqrt(np.bincount(group, weights=values * values, minlength=len(coded) * parts))
    norms[norms == 0] = 1
    shares = (values / norms[group]).astype(np.float32)
    edges = np.searchsorted(rows, np.arange(len(coded) + 1))
    features = sparse.csr_matrix((shares, ids, edges), (len(coded), len(model.scale)))
    outputs: np.ndarray = features @ model.weights + model.bias
    return outputs


def counted(coded: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each known id of each text once, ascending: the id, int32; the text's number, int64; how often it is
    there, float32."""
    ids = np.concatenate([np.zeros(0, np.int32), *coded])
    rows = np.repeat(np.arange(len(coded), dtype=np.int64), [len(each) for each in coded])
    keys = (rows << 32 | ids)[ids > UNKNOWN]
    if (keys[1:] < keys[:-1]).any():
        keys.sort()
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    counts = np.diff(np.append(first, len(keys))).astype(np.float32)
    return (keys[first] & 0xFFFFFFFF).astype(np.int32), keys[first] >> 32, counts
