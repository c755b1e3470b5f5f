"""A recipe that stays in memory says what `Classifier` says, without reading its files again."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.artifacts import provenance
from stages.artifacts.padding import Bucket, Fixed, pad
from stages.artifacts.storage import save_arrays
from stages.artifacts.tokens import Tokens
from stages.evaluation import classify, inference
from stages.evaluation.classify import Classifier, padded
from stages.network import backend
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.tokenization.interface import identity
from stages.tokenizers import ngrams, word
from stages.tools.answering import unpadded
from stages.tools.answering.resident import Resident, apart
from stages.trainers import linear
from tests.evaluation.fakes import Fake
from tests.project import Project

TEXTS = ["", "a dull plot", "who knows", "a plot " * 9, "plot " * 30, "a dull dull plot"]
WORDS = word.fit(word.Config(kind="word", vocabulary=5), ["a plot", "a dull plot"])
NGRAMS = ngrams.fit(
    ngrams.Config(kind="ngrams", words=2, characters=3, min_texts=1, binary=False),
    [f"a dull plot {i % 7}, isn't it? good bad {i % 3}" for i in range(30)],
)
BUCKET = {"kind": "bucket", "boundaries": [2, 5]}
RECIPES = {
    "net": {"corpus": "words"},
    "line": {"corpus": "ngrams"},
    "both": {"corpus": "words"},
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network, whose answers are made up, a linear model, and an ensemble of them, each of
    two seeds."""
    for name, tokenizer in (("words", WORDS), ("ngrams", NGRAMS)):
        (tmp_path / "data" / "tokens" / name).mkdir(parents=True)
        tokenizer.save(tmp_path / "data" / "tokens" / name)
    random = np.random.default_rng(0)
    trained: dict[str, tuple[str, Mapping[str, np.ndarray] | None]] = {
        "net": ("gradient_descent", None),
        "line": ("linear", asdict(line(random))),
        "both": ("blend", {"members": np.array(["net", "line"]), "weights": np.array([0.3, 0.9])}),
    }
    for name, (trainer, arrays) in trained.items():
        folder = tmp_path / "data" / "models" / name
        (folder / "seeds").mkdir(parents=True)
        for seed in (7, 3):
            path = folder / "seeds" / f"{seed}.{'npz' if arrays else 'keras'}"
            if arrays:
                save_arrays(path, dict(arrays))
            else:
                path.write_bytes(b"network")
        certify(name, folder, trainer)
    monkeypatch.setattr(classify, "ROOT", tmp_path)
    monkeypatch.setattr(inference, "load", network)
    return tmp_path


def line(random: np.random.Generator) -> linear.Linear:
    return linear.Linear(
        random.random(NGRAMS.vocabulary).astype(np.float32),
        random.normal(size=(NGRAMS.vocabulary, 1)).astype(np.float32),
        np.array([0.1], np.float32),
        np.array(NGRAMS.parts, dtype=np.int64),
    )


def network(path: Path, architecture: str) -> Fake:
    """One without a mask: its logit depends on the width of the array, too."""
    return Fake(np.array(0.25), lambda own, ids: own * (ids > 1).sum(axis=1) - ids.shape[1] / 8)


def certify(name: str, folder: Path, trainer: str) -> None:
    facts = {"labels": ["dull", "good"], "architecture": "x", "trainer": trainer, "seeds": {"7": {}, "3": {}}}
    files.write_json(folder / "training.json", facts)
    corpus = RECIPES[name]["corpus"]
    kind = {"words": "word", "ngrams": "ngrams"}[corpus]
    members = {"members": "mine"} if trainer == "blend" else {}
    origin = {
        "parameters": {"model": {"architecture": "x", **members}},
        "tokenizer": identity(kind, folder.parents[1] / "tokens" / corpus),
        "pad": BUCKET,
        "seeds": [7, 3],
        "versions": {"python": "3", **provenance.versions()},
        "backend": backend.described(),
    }
    provenance.write(folder, origin)
    key = provenance.key(provenance.verified(folder))
    calibrated = {"key": key, "temperatures": {"7": 2.0, "3": 0.5}}
    files.write_json(folder.parents[1] / "calibrations" / f"{name}.json", calibrated)


@pytest.mark.parametrize("name", RECIPES)
def test_it_says_of_a_text_what_the_classifier_says_exactly(root: Path, name: str) -> None:
    resident, classifier = Resident(name, RECIPES), Classifier(name, RECIPES)
    assert resident.labels == classifier.labels
    for texts in [[text] for text in TEXTS] + [TEXTS[:3]]:
        np.testing.assert_array_equal(resident.probabilities(texts), classifier.probabilities(texts))
        np.testing.assert_array_equal(resident.logits(texts), classifier.logits(texts))


@pytest.mark.parametrize("name", RECIPES)
def test_it_knows_a_text_of_which_it_learned_a_word(root: Path, name: str) -> None:
    resident, texts = Resident(name, RECIPES), [TEXTS[1], "zzzzz", "zzzzz plot", ""]
    shares, known = resident.answers(texts)
    np.testing.assert_array_equal(shares, resident.probabilities(texts)[0])
    assert known.tolist() == [True, False, True, False]
    for text, of_one in zip(texts, known, strict=True):
        assert resident.answers([text])[1] == [of_one]
    assert [len(of_none) for of_none in resident.answers([])] == [0, 0]


def test_it_doubts_the_probabilities_of_the_seed_that_it_uses(root: Path) -> None:
    path = root / "data" / "calibrations" / "net.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for temperatures, doubtful in (({"7": 1.0, "3": 1.2}, True), ({"7": 1.2, "3": 1.0}, False)):
        files.write_json(path, content | {"temperatures": temperatures})
        assert (Resident("net", RECIPES).doubt is not None) is doubtful


@pytest.mark.parametrize("name", RECIPES)
def test_what_it_says_of_a_text_does_not_depend_on_the_texts_beside_it(root: Path, name: str) -> None:
    resident = Resident(name, RECIPES)
    alone = np.concatenate([resident.probabilities([text]) for text in TEXTS], axis=1)
    np.testing.assert_allclose(resident.probabilities(TEXTS), alone, rtol=1e-6)


@given(
    st.lists(st.lists(st.integers(1, 19), max_size=30), min_size=1, max_size=6),
    st.lists(st.integers(2, 19), unique=True, max_size=2).map(sorted),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_without_padding_a_linear_model_says_the_same_to_the_last_bit(
    texts: list[list[int]], parts: list[int], outputs: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    scale, weights, bias = (
        random.normal(size=size).astype(np.float32) for size in (20, (20, outputs), outputs)
    )
    scale[random.random(20) < 0.2] = 0
    model = linear.Linear(scale, weights, bias, np.array(parts, dtype=np.int64))
    coded = [np.array(ids, dtype=np.int32) for ids in texts]
    joined, offsets = np.concatenate(coded), np.cumsum([0, *map(len, coded)])
    tokens = Tokens(joined, offsets, np.zeros(len(coded), np.int16), np.array([]), 20)
    expected = model.logits(pad(tokens, Bucket(kind="bucket", boundaries=[2, 5])))
    logits = unpadded.logits(model, coded)
    np.testing.assert_array_equal(logits, expected)
    assert logits.dtype == expected.dtype == np.float32


@pytest.mark.parametrize("name", RECIPES)
def test_no_file_is_read_for_a_text(root: Path, name: str) -> None:
    resident = Resident(name, RECIPES)
    expected = resident.probabilities(TEXTS)
    files.remove(root / "data")
    np.testing.assert_array_equal(resident.probabilities(TEXTS), expected)


START = """
import json, pathlib, sys
from stages.evaluation import classify
from stages.tools.predict import __main__ as predict
classify.ROOT = pathlib.Path(sys.argv[1])
recipes = json.loads(sys.argv[2])
predict.trained_recipes = lambda: recipes
sys.argv = ["predict", "line", "a dull plot"]
predict.main()
print("loaded:", *sys.modules)
"""
SLOW_TO_IMPORT = {  # half a second to several seconds each
    *["sklearn", "pandas", "matplotlib", "pyarrow", "scipy.stats", "scipy.optimize"],
    *["tensorflow", "keras", "tokenizers", "gensim", "hydra", "dvc"],
}


def test_predict_starts_a_linear_model_without_what_is_slow_to_import(root: Path) -> None:
    line = [sys.executable, "-c", START, str(root), json.dumps(RECIPES)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    answer, loaded = done.stdout.splitlines()
    assert answer.endswith("\ta dull plot")
    assert "numpy" in loaded.split() and not SLOW_TO_IMPORT & {*loaded.split()}


def test_what_was_altered_is_refused(root: Path) -> None:
    (root / "data" / "models" / "net" / "seeds" / "7.keras").write_bytes(b"another")
    for name in ("net", "both"):
        with pytest.raises(InputError, match=r"7\.keras is missing or not the file that was trained"):
            Resident(name, RECIPES)


@pytest.mark.parametrize(
    "how", [Bucket(kind="bucket", boundaries=[2, 5]), Bucket(kind="bucket", boundaries=[99])]
)
def test_longer_texts_than_all_boundaries_are_as_wide_as_they_are(how: Bucket) -> None:
    arrays = apart(padded(TEXTS, WORDS, how), how)
    assert sorted(int(row) for rows in arrays.rows for row in rows) == list(range(len(TEXTS)))
    for ids, rows in zip(arrays.ids, arrays.rows, strict=True):
        assert len(ids) == len(rows)
        for own, row in zip(ids, rows, strict=True):
            [tokens] = WORDS.encode([TEXTS[row]])
            assert own[own > 0].tolist() == tokens.tolist()
            assert len(own) == min(
                (edge for edge in how.boundaries if edge >= len(tokens)), default=len(tokens)
            )


def test_where_all_texts_have_one_width_nothing_changes() -> None:
    how = Fixed(kind="fixed", length=4, side="pre", truncate="post")
    arrays = padded(TEXTS, WORDS, how)
    assert apart(arrays, how) is arrays


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small-pooled", "small-lstm"])
def test_a_trained_network_says_what_the_classifier_says(pipeline: Project, name: str) -> None:
    code = f"""
import numpy as np
from stages.evaluation.classify import Classifier
from stages.study.params import params
from stages.tools.answering.resident import Resident
recipes = params()["recipes"]
texts = ["the plot is not dull but good", "", "unheard words", "good " * 60]
resident, classifier = Resident({name!r}, recipes), Classifier({name!r}, recipes)
for _ in range(2):
    assert np.array_equal(resident.probabilities(texts), classifier.probabilities(texts))
"""
    pipeline.run("python", "-c", code)
