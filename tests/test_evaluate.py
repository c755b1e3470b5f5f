"""Evaluation is of the texts that it says: those that were trained on, and those that were not."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from stages.lib import files
from stages.lib.arrays import Padded, Tokens, save_padded, save_tokens
from stages.lib.config import InputError, read
from stages.lib.training import Training

pytestmark = pytest.mark.slow  # TensorFlow is imported

LABELS = np.random.default_rng(3).integers(0, 2, 90).astype(np.int8)
TRAINING = {"optimizer": "adam", "learning_rate": 0.1, "epochs": 1, "batch_size": 8, "early_stopping": None}


def padded(labels: np.ndarray = LABELS) -> Padded:
    """Texts in two buckets, whose only id is 1 + the row."""
    rows = np.arange(len(labels))
    parts = [rows[rows % 3 == 0], rows[rows % 3 != 0]]
    ids = [(1 + part[:, None]).astype(np.int32) for part in parts]
    return Padded(ids, parts, labels, np.array(["negative", "positive"]), len(labels) + 1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("validation", ["test", {"fraction": 0.1}, {"fraction": 0.5}])
def test_what_was_trained_on_is_what_the_training_took(validation: object, seed: int) -> None:
    from stages import evaluate, train

    training = read(Training, {**TRAINING, "validation": validation}, "trainings.x")
    fitted, _ = train.split([padded(), padded()], training, seed)
    rows = np.concatenate([own[lines] for own, lines in zip(fitted.rows, fitted.lines, strict=True)])
    found = evaluate.trained_on(LABELS, validation, seed)
    assert np.flatnonzero(found).tolist() == sorted(rows.tolist())


def test_the_fit_is_measured_on_the_part_alone() -> None:
    from stages import evaluate

    part = np.arange(len(LABELS)) % 2 == 0
    sure = np.where(LABELS == 1, 3.0, -3.0) * np.where(part, 1, -1)  # right in the part, wrong outside
    model = SimpleNamespace(output_shape=(None, 1), predict_on_batch=lambda ids: sure[ids - 1])
    found = evaluate.fit(model, padded(), part)
    assert found == {"accuracy": 1.0, "loss": pytest.approx(np.log1p(np.exp(-3)), abs=1e-6)}
    assert evaluate.fit(model, padded(), ~part)["accuracy"] == 0


def test_a_model_is_not_evaluated_on_labels_in_another_order_than_it_was_trained_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stages import evaluate

    ids = [np.array([[1, 2], [2, 1]], dtype=np.int32)]
    test = Padded(ids, [np.arange(2)], np.array([0, 1], dtype=np.int8), np.array(["negative", "positive"]), 3)
    folder = tmp_path / "data" / "padded" / "words"
    folder.mkdir(parents=True)
    save_padded(folder / "test.npz", test)
    tokens = Tokens(np.array([1]), np.array([0, 1]), test.labels, test.names, 3)
    (tmp_path / "data" / "tokens" / "words").mkdir(parents=True)
    save_tokens(tmp_path / "data" / "tokens" / "words" / "test.npz", tokens)
    facts = {"labels": ["positive", "negative"], "seeds": {}, "parameters": 1}
    files.write_json(tmp_path / "data" / "models" / "mine" / "training.json", facts)
    monkeypatch.setattr(evaluate, "ROOT", tmp_path)
    monkeypatch.setattr(evaluate, "params", lambda: {"pipeline": {"recipes": {"mine": {"corpus": "words"}}}})
    with pytest.raises(InputError, match=r"trained for labels \['positive', 'negative'\]") as refused:
        evaluate.main("mine")
    assert "\n" not in str(refused.value)
