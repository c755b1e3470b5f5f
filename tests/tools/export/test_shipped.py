"""A package says what the pipeline says, in a process that has nothing of ours and no TensorFlow."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padding import Fixed, Pad
from stages.evaluation.classify import padded
from stages.evaluation.inference import logits
from stages.evaluation.metrics import probabilities
from stages.network.sizes import Shape
from stages.tokenizers import bpe, subwords8k, word
from stages.tools.answering.resident import Listening, first_learned
from stages.tools.export import package
from stages.tools.export.__main__ import write
from stages.trainers.linear import Linear
from tests.models import small
from tests.tools.export.packages import BUCKETS, CUT, NEW, PADS, TEXTS, facts, fitted, package_answers, scaled


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
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts(names), model, "ngrams", tmp_path / "tokens")
    labels, shares = package_answers(tmp_path / "package")
    assert labels == names
    here = padded(NEW, tokenizer, BUCKETS)
    np.testing.assert_allclose(shares, probabilities(model.logits(here) / 1.7), atol=1e-4)


@pytest.mark.parametrize("truncate", ["pre", "post"])
def test_a_linear_model_on_any_ids_is_a_package_and_reads_of_a_text_what_it_reads_here(
    tmp_path: Path, truncate: Any
) -> None:
    """Also where its corpus cuts texts, and words come in their order."""
    tokenizer = word.fit(word.Config(kind="word", vocabulary=12), TEXTS)
    (tmp_path / "tokens").mkdir()
    tokenizer.save(tmp_path / "tokens")
    random = np.random.default_rng(0)
    weights = random.normal(size=(12, 1)).astype(np.float32)
    model = Linear(np.abs(weights[:, 0]), weights, weights[0], np.zeros(0, np.int64))
    how = Fixed(kind="fixed", length=3, side="pre", truncate=truncate)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("ab") | {"pad": asdict(how)}, model, "word", tmp_path / "tokens")
    expected = probabilities(model.logits(padded(NEW, tokenizer, how)) / 1.7)
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


MANY = [f"Of {i} and {i * 7}: isn't word{i % 7} word{i % 5}, or ünheard{i}?" for i in range(300)]
ALONE = """
import json, sys
class Others:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in {{*sys.stdlib_module_names, "numpy", "mine_too"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Others)
sys.path.insert(0, {folder!r})
import mine_too
texts = json.loads(sys.stdin.read())
one_by_one, in_bulk = mine_too.Classifier(), mine_too.Classifier()
shares = [one_by_one.probabilities([text])[0].tolist() for text in texts]
json.dump([shares, in_bulk.probabilities(texts).tolist()], sys.stdout)
"""


@pytest.mark.parametrize("characters", [0, 4])
def test_a_linear_model_needs_numpy_alone_however_many_texts_it_is_asked(
    tmp_path: Path, characters: int
) -> None:
    """Each text alone or all at once: what is looked up often may be looked up another way."""
    tokenizer = fitted(characters, False, tmp_path / "tokens")
    assert sum(len(ids) for ids in tokenizer.encode(MANY)) > 5 * tokenizer.vocabulary
    random = np.random.default_rng(0)
    weights = random.normal(size=(tokenizer.vocabulary, 3)).astype(np.float32)
    parts = np.array(tokenizer.parts, dtype=np.int64)
    model = Linear(np.abs(weights[:, 0]), weights, weights[0], parts)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"), model, "ngrams", tmp_path / "tokens")
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE.format(folder=str(tmp_path / "package"))],
        input=json.dumps(MANY),
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    expected = probabilities(model.logits(padded(MANY, tokenizer, BUCKETS)) / 1.7)
    for shares in json.loads(done.stdout):
        np.testing.assert_allclose(shares, expected, atol=1e-4)


def test_a_long_text_is_as_wide_as_it_is_whatever_is_beside_it() -> None:
    """A network without a mask reads padding, too."""
    from stages.tools.export.shipped.onnx_model import Model

    model = Model.__new__(Model)
    model._pad = PADS["bucket"]
    assert model._widths(np.array([0, 4, 5, 9, 10, 30])).tolist() == [4, 4, 9, 9, 10, 30]


def test_what_is_known_follows_from_the_tokenizer_s_ids() -> None:
    """Of subwords, id 1 is one that was learned; of words it is that of all others."""
    pieces = bpe.fit(bpe.Config(kind="bpe", vocabulary=300), TEXTS)
    words = word.fit(word.Config(kind="word", vocabulary=12), TEXTS)
    assert [first_learned(tokenizer) for tokenizer in (pieces, words)] == [1, 2]
    listening = Listening(pieces)
    ids = [ids.tolist() for ids in listening.encode(["!", ""])]
    assert ids == [[1], []] and listening.known == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
def test_the_nb_svm_network_says_what_it_says_here(tmp_path: Path, classes: int) -> None:
    """With two labels it is a linear form, with three a file for ONNX Runtime."""
    from stages.models import nb_svm

    tokenizer = fitted(0, True, tmp_path / "tokens")
    model = nb_svm.build(nb_svm.Sizes(architecture="nb_svm"), Shape(tokenizer.vocabulary, None, classes))
    random = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([random.normal(size=array.shape) for array in layer.get_weights()])
    table = model.get_layer("ratios").get_weights()[0]
    table[:2] = 0
    model.get_layer("ratios").set_weights([table])
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"[:classes]), model, "ngrams", tmp_path / "tokens")
    assert (tmp_path / "package" / "mine_too" / "model.onnx").exists() == (classes == 3)
    expected = probabilities(logits(model, padded(NEW, tokenizer, BUCKETS)) / 1.7)
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "architecture", "pad", "classes"),
    [("word", "lstm", "fixed", 2), ("bpe", "hashed_bag", "bucket", 3), ("subwords8k", "conv1d", "bucket", 2)],
)
def test_a_network_says_what_it_says_here(
    tmp_path: Path, kind: str, architecture: str, pad: str, classes: int
) -> None:
    configs: dict[str, Any] = {
        "word": (word, word.Config(kind="word", vocabulary=12)),
        "bpe": (bpe, bpe.Config(kind="bpe", vocabulary=300)),
        "subwords8k": (subwords8k, subwords8k.Config(kind="subwords8k")),
    }
    module, config = configs[kind]
    tokenizer = module.fit(config, TEXTS)
    (tmp_path / "tokens").mkdir()
    tokenizer.save(tmp_path / "tokens")
    how: Pad = CUT if pad == "fixed" else BUCKETS
    shape = Shape(tokenizer.vocabulary, 8 if pad == "fixed" else None, classes)
    model = small.build(architecture, shape)
    scaled(model, 30)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"[:classes], pad), model, kind, tmp_path / "tokens")
    expected = probabilities(logits(model, padded(NEW, tokenizer, how)) / 1.7)
    assert np.ptp(expected[:, 0]) > 0.1
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


@pytest.mark.parametrize("form", ["numpy_model", "onnx_model"])
@pytest.mark.parametrize("kind", ["ngrams", "word", "bpe", "subwords8k"])
def test_the_package_s_code_has_nothing_of_ours_in_it(form: str, kind: str) -> None:
    for code in package.modules(form, kind).values():
        assert "stages" not in code.replace("stages/", "")
        compile(code, "package", "exec")
