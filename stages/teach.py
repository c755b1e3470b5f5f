"""What a teacher says of texts without labels, for its students.

In: data/models/<recipe>/, the corpus's arrays but the test split's. Out: data/answers/<recipe>.npz:
for each seed the probabilities of the labels, float32[texts, classes], with the temperature of the texts that
the seed holds out.

Example: python -m stages.teach baselines-imdb-nb-svm
"""

import json
from typing import Any

import numpy as np

from stages.artifacts.padded import load_padded
from stages.artifacts.storage import refusing, save_arrays
from stages.artifacts.validation import HeldOut, stratified
from stages.evaluation import calibration
from stages.evaluation.inference import each, logits
from stages.evaluation.metrics import probabilities
from stages.runtime import files
from stages.runtime.config import ROOT, read
from stages.study import stage


def main(name: str, params: dict[str, Any]) -> None:
    corpus, models = params["recipes"][name]["corpus"], ROOT / "data" / "models" / name
    arrays = ROOT / "data" / "padded" / corpus
    with refusing(models / "training.json"):
        facts = json.loads((models / "training.json").read_text(encoding="utf-8"))
    texts, train = load_padded(arrays / "unsupervised"), load_padded(arrays / "train")
    fraction = read(HeldOut, facts["validation"], "validation").fraction
    answers: dict[str, np.ndarray] = {}
    for seed, model in zip(facts["seeds"], each(models, facts), strict=True):
        held = stratified(train.labels, fraction, int(seed))
        degree = calibration.temperature(logits(model, train)[held], train.labels[held])
        answers[seed] = probabilities(logits(model, texts) / degree).astype(np.float32)
    with files.replacing(ROOT / "data" / "answers" / f"{name}.npz") as draft, draft.open("wb") as file:
        save_arrays(file, answers)


if __name__ == "__main__":
    stage.run("pipeline.teachers", main, "versions")
