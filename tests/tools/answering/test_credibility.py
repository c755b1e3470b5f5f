"""Probabilities are doubted where held-out texts could not calibrate them."""

from pathlib import Path

import numpy as np
import pytest

from stages.artifacts.storage import save_arrays
from stages.artifacts.validation import stratified
from stages.evaluation.calibration import COOLEST, HOTTEST, temperature
from stages.tools.answering import credibility

LABELS = np.arange(40, dtype=np.int16) % 2
VALIDATION = {"fraction": 0.1}


def left(path: Path, margin: float, wrong: int) -> float:
    """Leave logits of a model with so many of the four held-out texts wrong; its temperature."""
    held = np.flatnonzero(stratified(LABELS, 0.1, 7))
    logits = np.where(LABELS == 1, margin, -margin).astype(np.float32)[:, None]
    logits[held[:wrong]] *= -0.5
    path.parent.mkdir(parents=True, exist_ok=True)
    save_arrays(path, {"labels": LABELS, "names": np.array(["a", "b"]), "7": logits})
    return temperature(logits[held], LABELS[held])


def test_the_limits_are_those_that_a_temperature_is_fitted_within() -> None:
    assert (credibility.COOLEST, credibility.HOTTEST) == (COOLEST, HOTTEST)


@pytest.mark.parametrize("margin", [0.5, 2.0, 5.0, 40.0])
def test_a_model_that_has_all_held_out_texts_right_is_too_sure_whatever_its_logits(
    tmp_path: Path, margin: float
) -> None:
    path = credibility.logits_of(tmp_path, "mine", "study")
    degrees = {"7": left(path, margin, wrong=0)}
    assert credibility.too_sure(degrees, VALIDATION, path) == ["7"]
    doubt = credibility.doubt(degrees, VALIDATION, path)
    assert doubt and "not calibrated" in doubt and "threshold means little" in doubt
    assert not credibility.too_sure({"7": left(path, margin, wrong=1)}, VALIDATION, path)


def test_at_a_limit_they_are_doubted_without_logits_and_between_them_not(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.npz"
    degrees = {"1": COOLEST, "2": 1.1, "3": HOTTEST, "4": 0.3}
    assert credibility.too_sure(degrees, VALIDATION, nowhere) == ["1"]
    assert credibility.too_unsure(degrees) == ["3"]
    assert "the highest temperature" in (credibility.doubt({"3": HOTTEST}, VALIDATION, nowhere) or "")
    assert credibility.doubt({"2": 1.1, "4": 0.3}, VALIDATION, nowhere) is None
    assert credibility.doubt({}, VALIDATION, nowhere) is None  # that it is not evaluated is another's word
    assert "no text was held out" in (credibility.doubt({}, "test", nowhere) or "")
