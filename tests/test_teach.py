"""The stages `teach` and `prepare`: answers are calibrated on held-out texts, and reach the student."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import prepare, teach
from stages.artifacts.padded import save_padded
from stages.artifacts.storage import load_arrays, save_arrays
from stages.artifacts.validation import stratified
from stages.evaluation import calibration, inference
from stages.evaluation.metrics import probabilities
from stages.runtime import files
from stages.runtime.config import InputError
from stages.trainers import transfer
from tests.evaluation.fakes import Fake
from tests.trainers.small import padded

SEEDS = {"7": 1.0, "3": -1.0}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained teacher whose logit is the first token of a text plus a number of its seed, times 3."""
    for module in (teach, prepare):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(prepare, "DATA", tmp_path / "data")
    corpus = tmp_path / "data" / "padded" / "words"
    corpus.mkdir(parents=True)
    save_padded(corpus / "train", padded(60))
    save_padded(corpus / "unsupervised", padded(40))  # and no test split, which none may open
    facts = {
        "seeds": {seed: {} for seed in SEEDS},
        "architecture": "pooled",
        "trainer": "gradient_descent",
        "validation": {"fraction": 0.5},
    }
    files.write_json(tmp_path / "data" / "models" / "teacher" / "training.json", facts)
    monkeypatch.setattr(inference, "load", model)
    return tmp_path


def model(path: Path, architecture: str) -> Fake:
    return Fake(np.array(SEEDS[path.stem]), lambda own, ids: 3 * (ids[:, 0] - 1.5 + own / 4))


PARAMS: dict[str, Any] = {
    "recipes": {
        "teacher": {"corpus": "words"},
        "student": {"corpus": "words", "training": {"teacher": "teacher", "start": "vectors"}},
    }
}


def test_answers_are_probabilities_at_the_temperature_of_what_each_seed_held_out(root: Path) -> None:
    teach.main("teacher", PARAMS)
    answers = load_arrays(root / "data" / "answers" / "teacher.npz")
    assert set(answers) == set(SEEDS)
    train, texts = padded(60), padded(40)
    for seed, own in SEEDS.items():
        held = stratified(train.labels, 0.5, int(seed))
        logits = 3 * (texts.labels + 1 - 1.5 + own / 4)[:, None].astype(np.float32)
        right = 3 * (train.labels[held] + 1 - 1.5 + own / 4)[:, None].astype(np.float32)
        degree = calibration.temperature(right, train.labels[held])
        np.testing.assert_allclose(answers[seed], probabilities(logits / degree), atol=1e-6)
        assert answers[seed].dtype == np.float32


def test_a_student_gets_texts_answers_and_first_weights(root: Path) -> None:
    teach.main("teacher", PARAMS)
    table = np.ones((80, 4), np.float32)
    (root / "data" / "pretrained").mkdir()
    save_arrays(root / "data" / "pretrained" / "vectors.npz", {"embedding": table})
    prepare.main("student", PARAMS)
    student = transfer.load(root / "data" / "prepared" / "student")
    assert student.unlabelled is not None and student.unlabelled.texts == 40 and student.texts == 60
    answers = load_arrays(root / "data" / "answers" / "teacher.npz")
    np.testing.assert_array_equal(student.answers["3"], answers["3"])
    np.testing.assert_array_equal(student.weights["embedding"], table)


def test_answers_to_other_texts_are_refused(root: Path) -> None:
    (root / "data" / "answers").mkdir()
    save_arrays(root / "data" / "answers" / "teacher.npz", {"7": np.zeros((39, 2), np.float32)})
    (root / "data" / "pretrained").mkdir()
    save_arrays(root / "data" / "pretrained" / "vectors.npz", {"embedding": np.ones((80, 4), np.float32)})
    with pytest.raises(InputError, match="found answers of teacher, seed 7, to 39 texts, allowed: 40"):
        prepare.main("student", PARAMS)
    assert not (root / "data" / "prepared" / "student").exists()
