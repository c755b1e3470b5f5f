"""What a trained recipe says of sample sentences.

In: data/models/<recipe>/, the tokenizer of its corpus, data/calibrations/<recipe>.json. Out: reports/samples/
<recipe>.json: of each sentence of params.yaml's section `samples` the second of two labels, or the most
probable one of more, and its probability: the mean of the seeds, and the lowest and the highest of several.

Example: python -m stages.samples imdb-words-bilstm
"""

from typing import Any

import numpy as np

from stages.evaluation.classify import Classifier
from stages.runtime import files
from stages.runtime.config import ROOT
from stages.study import stage


def main(name: str, params: dict[str, Any]) -> None:
    sentences = params["samples"]
    classifier = Classifier(name, params["recipes"], "all")
    shares = classifier.probabilities(list(sentences.values()))
    answers = dict(zip(sentences, answered(classifier.labels, shares), strict=True))
    files.write_json(ROOT / "reports" / "samples" / f"{name}.json", answers)


def answered(labels: list[str], shares: np.ndarray) -> list[dict[str, str | float]]:
    """For each sentence a label, and its probability.

    shares: float64[seeds, texts, classes].
    """
    means = shares.mean(axis=0)
    likely = [1 if len(labels) == 2 else int(row.argmax()) for row in means]
    answers: list[dict[str, str | float]] = []
    for text, label in enumerate(likely):
        seeds = shares[:, text, label]
        answers.append({"label": labels[label], "probability": round(float(means[text, label]), 3)})
        if len(seeds) > 1:
            answers[-1] |= {"lowest": round(float(seeds.min()), 3), "highest": round(float(seeds.max()), 3)}
    return answers


if __name__ == "__main__":
    stage.run("pipeline.sampled", main, "samples", "versions")
