"""What models say of a split: each text's answer at its own row, in batches, without dropout."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padded import Padded
from stages.evaluation import inference
from stages.network import backend, saving
from tests.models.small import build, ids, run

FACTS = {"trainer": "gradient_descent", "architecture": "pooled", "seeds": {"0": {}, "1": {}, "2": {}}}


def split(texts: int) -> Padded:
    """Texts in two buckets, the narrow one's rows after those of the wide one's; the first id is the row."""
    rows = [np.arange(texts)[texts // 3 :], np.arange(texts)[: texts // 3]]
    arrays = [
        np.repeat(own[:, None], width, axis=1).astype(np.int32)
        for own, width in zip(rows, (2, 5), strict=True)
    ]
    return Padded(arrays, rows, np.zeros(texts, np.int16), ["no", "yes"], texts)


@pytest.mark.parametrize("texts", [1, 7, 3 * inference.BATCH + 5])
def test_each_text_s_output_stands_at_its_row(texts: int) -> None:
    sizes = []

    def answer(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return np.asarray(batch[:, :1] + np.array([[0.25, 0.5, 0.75]]))

    model = SimpleNamespace(output_shape=(None, 3), predict_on_batch=answer)
    outputs = inference.logits(model, split(texts))
    np.testing.assert_allclose(outputs, np.arange(texts)[:, None] + [[0.25, 0.5, 0.75]])
    assert outputs.dtype == np.float32 and max(sizes) <= inference.BATCH


def test_dropout_does_not_act_and_the_answers_are_the_model_s() -> None:
    model = build("pooled", dropout={"embedding": 0.5, "dense": 0.5})
    whole = split(7)
    expected = np.zeros((7, 1))
    for batch, rows in zip(whole.ids, whole.rows, strict=True):
        expected[rows] = run(model, batch)
    np.testing.assert_allclose(inference.logits(model, whole), expected, atol=1e-6)


def test_a_saved_model_is_loaded_after_the_threads_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = build("pooled"), tmp_path / "1.keras"
    saving.save(model, path)
    calls: list[Any] = []
    loading = saving.load
    monkeypatch.setattr(backend, "threads", lambda count: calls.append(count))
    monkeypatch.setattr(saving, "load", lambda given: calls.append(given) or loading(given))  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(run(inference.load(path, "pooled"), ids(3, 5)), run(model, ids(3, 5)))
    assert calls == [2, path]


def test_models_of_several_seeds_are_one_object_with_the_weights_of_each_in_turn(tmp_path: Path) -> None:
    texts, answers = ids(3, 5), []
    (tmp_path / "seeds").mkdir()
    for seed in range(3):
        model = build("pooled", seed=seed, dropout={"dense": 0.5})
        saving.save(model, tmp_path / "seeds" / f"{seed}.keras")
        answers.append(run(model, texts))
    models = set()
    for model, answer in zip(inference.each(tmp_path, FACTS), answers, strict=True):
        np.testing.assert_array_equal(run(model, texts), answer)
        np.testing.assert_allclose(model.predict_on_batch(texts), answer, atol=1e-6)
        models.add(id(model))
    assert len(models) == 1 and len({answer.tobytes() for answer in answers}) == 3
