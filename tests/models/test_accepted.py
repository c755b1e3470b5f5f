"""A recipe that params.yaml may have takes every batch of its corpus; one that could not is refused."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from stages.artifacts.padding import KINDS, pad
from stages.artifacts.tokens import Tokens
from stages.network.sizes import Shape
from stages.runtime.config import InputError, read
from stages.study import recipe as recipes
from tests.models.small import ARCHITECTURES, RECURRENT, build, entry, run

FIXED = {"kind": "fixed", "length": 2, "side": "pre", "truncate": "post"}
BUCKETS = {"kind": "bucket", "boundaries": [1, 3]}
LENGTHS = [0, 1, 2, 9]
TRAINING = {
    "kind": "gradient_descent",
    "optimizer": "adam",
    "learning_rate": 0.1,
    "epochs": 1,
    "batch_size": 1,
    "early_stopping": None,
    "validation": {"fraction": 0.5},
}


def accepted(model: dict[str, Any], how: dict[str, Any]) -> bool:
    """Whether the schema takes a params.yaml with a recipe of this model on arrays padded like this."""
    recipe = {
        "experiment": "mine",
        "corpus": "words",
        "arrays": "data/padded/words/train",
        "model": model,
        "training": TRAINING,
        "seeds": [1],
    }
    corpus = {"pad": how, "tokenizer": {"kind": "word"}}
    params = {"corpora": {"words": corpus}, "experiments": {"mine": {}}}
    try:
        recipes.check(params, "mine-x", recipe)  # of the whole only what this is about
    except InputError as refusal:
        assert "kernel" in str(refusal) or "flatten" in str(refusal)
        return False
    return True


def takes(architecture: str, how: dict[str, Any], **sizes: Any) -> bool:
    """Whether a model runs on texts of all lengths, with a finite output for each."""
    ids = np.ones(sum(LENGTHS), np.int32)
    labels, names = np.zeros(len(LENGTHS), np.int16), np.array(["no", "yes"])
    tokens = Tokens(ids, np.cumsum([0, *LENGTHS]), labels, names, 5)
    try:
        model = build(architecture, Shape(5, how.get("length"), 2), **sizes)
        arrays = pad(tokens, read(KINDS[how["kind"]], how, "pad")).ids
        outputs = [run(model, batch[i : i + 1]) for batch in arrays for i in range(len(batch))]
    except (ValueError, tf.errors.InvalidArgumentError):
        return False
    return bool(np.isfinite(np.concatenate(outputs)).all())


CASES = [
    *(
        (name, how, {"mask": mask})
        for name, how, mask in product(
            ["flatten", "pooled", "oh_cnn", "hashed_bag"], [FIXED, BUCKETS], [True, False]
        )
    ),
    *(
        ("conv1d", how, {"mask": mask, "kernel": kernel})
        for how, mask, kernel in product([FIXED, BUCKETS], [True, False], [1, 2, 3])
    ),
    *(
        (name, how, {"mask": mask, "bidirectional": mask, "units": [2, 2]})
        for name in RECURRENT
        for how, mask in ((FIXED, True), (BUCKETS, True), (BUCKETS, False))
    ),
]


@pytest.mark.parametrize(("architecture", "how", "sizes"), CASES)
def test_what_is_accepted_runs_and_what_could_not_run_is_refused(
    architecture: str, how: dict[str, Any], sizes: dict[str, Any]
) -> None:
    assert accepted(entry(architecture, **sizes), how) == takes(architecture, how, **sizes)


def test_every_architecture_is_tried() -> None:
    tried = {architecture for architecture, _, _ in CASES}
    untried, gone = sorted(set(ARCHITECTURES) - tried), sorted(tried - set(ARCHITECTURES))
    assert not untried, (
        f"{', '.join(untried)} without a case: CASES here needs one, and OWN in tests/models/small.py the "
        "sizes that Common has not; or name it in APART there, if it has tests of its own"
    )
    assert not gone, f"{', '.join(gone)} in CASES, of which stages/models has no network; delete the cases"
