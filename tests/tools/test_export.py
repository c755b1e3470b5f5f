"""An exported package says what the pipeline says, on an interpreter that has NumPy and nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padding import Bucket
from stages.evaluation.classify import padded
from stages.evaluation.metrics import probabilities
from stages.network.sizes import Shape
from stages.tokenizers import ngrams
from stages.tools.export import linear
from stages.tools.export.__main__ import write
from stages.trainers.linear import Linear

TEXTS = [f"Word{i % 7} isn't word{i % 5}, but <br /> nö{i % 3}! 🎬" for i in range(60)]
NEW = ["", "nothing known whatsoever", *TEXTS[:9], "word1 word1 word1 word2 isn't", "  \n "]
SAYS = """
import json, sys
sys.path.insert(0, {folder!r})
import mine_too
made = mine_too.Classifier()
shares = made.probabilities(json.loads(sys.stdin.read()))
absent = "stages", "tensorflow", "scipy", "pydantic"
others = [name for name in sys.modules if name.partition(".")[0] in absent]
json.dump([made.labels, shares.tolist(), others], sys.stdout)
"""


def fitted(characters: int, binary: bool, folder: Path) -> ngrams.Ngrams:
    config = ngrams.Config(kind="ngrams", words=2, characters=characters, min_texts=1, binary=binary)
    tokenizer = ngrams.fit(config, TEXTS)
    folder.mkdir()
    tokenizer.save(folder)
    return tokenizer


def said(folder: Path) -> tuple[list[str], np.ndarray]:
    """Labels and probabilities of the new texts, from the package, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", SAYS.format(folder=str(folder))],
        input=json.dumps(NEW),
        capture_output=True,
        text=True,
        check=True,
    )
    labels, shares, others = json.loads(done.stdout)
    assert others == []
    return labels, np.array(shares)


def exported(folder: Path, labels: list[str], arrays: dict[str, np.ndarray], tokens: Path) -> None:
    facts: dict[str, Any] = {
        "recipe": "mine-too",
        "seed": 1,
        "labels": labels,
        "temperature": 1.7,
        "certificate": "x",
    }
    write(folder, facts, arrays, [tokens / "ngrams.json", *tokens.glob("words-*.npy")])


@pytest.mark.parametrize(("characters", "binary", "classes"), [(0, False, 2), (0, True, 3), (4, False, 2)])
def test_a_linear_model_says_what_it_says_here(
    tmp_path: Path, characters: int, binary: bool, classes: int
) -> None:
    tokenizer = fitted(characters, binary, tmp_path / "tokens")
    random = np.random.default_rng(0)
    outputs = 1 if classes == 2 else classes
    model = Linear(
        random.random(tokenizer.vocabulary).astype(np.float32),
        random.normal(size=(tokenizer.vocabulary, outputs)).astype(np.float32),
        random.normal(size=outputs).astype(np.float32),
        np.array(tokenizer.parts, dtype=np.int64),
    )
    names = [f"label {i} ü" for i in range(classes)]
    arrays = linear.arrays(model)
    assert arrays is not None
    exported(tmp_path / "package", names, arrays, tmp_path / "tokens")
    labels, shares = said(tmp_path / "package")
    assert labels == names
    here = padded(NEW, tokenizer, Bucket(kind="bucket", boundaries=[8]))
    np.testing.assert_allclose(shares, probabilities(model.logits(here) / 1.7), atol=1e-4)


@pytest.mark.slow
def test_the_nb_svm_network_says_what_it_says_here(tmp_path: Path) -> None:
    from stages.models import nb_svm

    tokenizer = fitted(0, True, tmp_path / "tokens")
    model = nb_svm.build(nb_svm.Sizes(architecture="nb_svm"), Shape(tokenizer.vocabulary, None, 2))
    random = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([random.normal(size=array.shape) for array in layer.get_weights()])
    table = model.get_layer("ratios").get_weights()[0]
    table[:2] = 0
    model.get_layer("ratios").set_weights([table])
    arrays = linear.arrays(model)
    assert arrays is not None
    exported(tmp_path / "package", ["a", "b"], arrays, tmp_path / "tokens")
    here = padded(NEW, tokenizer, Bucket(kind="bucket", boundaries=[32]))
    [ids] = here.ids
    expected = probabilities(model.predict_on_batch(np.asarray(ids)) / 1.7)
    np.testing.assert_allclose(said(tmp_path / "package")[1], expected[np.argsort(here.rows[0])], atol=1e-4)


def test_other_models_have_no_such_form() -> None:
    class Network:
        name = "lstm"
        output_shape = (None, 1)

    assert linear.arrays(Network()) is None


def test_the_package_s_code_has_nothing_of_ours_in_it() -> None:
    for code in linear.modules().values():
        assert "from stages" not in code and "import stages" not in code
