"""Arrays -> what a training starts from beside labels: a teacher's answers, weights made without labels.

In: the corpus's arrays, what the teacher says of those of its texts without labels, the weights.
Out: data/prepared/<recipe>/, the training split's arrays with all that. No test split is opened.

Example: python -m stages.prepare ladder-teacher
"""

import shutil
from typing import Any

from stages.artifacts.padded import load_padded
from stages.artifacts.storage import load_arrays
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.study import stage
from stages.trainers import transfer

DATA = ROOT / "data"


def main(name: str, params: dict[str, Any]) -> None:
    recipe = params["recipes"][name]
    corpus, training = DATA / "padded" / recipe["corpus"], recipe["training"]
    teacher, start = training.get("teacher"), training.get("start")
    answers = load_arrays(DATA / "answers" / f"{teacher}.npz") if teacher else {}
    weights = load_arrays(DATA / "pretrained" / f"{start}.npz") if start else {}
    unlabelled = load_padded(corpus / "unsupervised") if teacher else None
    for seed, shares in answers.items():
        if unlabelled is not None and len(shares) != len(unlabelled.labels):
            raise InputError(
                f"{name}: found answers of {teacher}, seed {seed}, to {len(shares)} texts, allowed: "
                f"{len(unlabelled.labels)}, those of {recipe['corpus']}; run: dvc repro prepare@{name}"
            )
    with files.replacing_folder(DATA / "prepared" / name) as folder:
        shutil.copytree(corpus / "train", folder, dirs_exist_ok=True)
        transfer.save(folder, unlabelled, answers, weights)


if __name__ == "__main__":
    stage.run("pipeline.prepared", main, "pipeline.prepared.{name}")
