"""Sample sentences through every trained recipe.

In: data/models/, data/tokens/. Out: data/samples.md, a table per source of the probabilities that the models
of each recipe give to the sentences of params.yaml's section `samples`.

Example: python -m stages.samples
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.evaluation.classify import Classifier
from stages.reporting.markdown import markdown, plain
from stages.runtime import files
from stages.runtime.config import ROOT
from stages.study import stage

NOTE = """
Several seeds: the mean, and the lowest and highest in brackets. A model knows the words of its source and no
others: what it says of a sentence of another kind means nothing.
"""
Answers = Mapping[str, tuple[list[str], np.ndarray]]


def main(params: dict[str, Any]) -> None:
    sentences = params["samples"]
    groups: dict[str, dict[str, tuple[list[str], np.ndarray]]] = {}
    for name, recipe in params["recipes"].items():
        classifier = Classifier(name, params["recipes"], "all")
        answer = classifier.labels, classifier.probabilities(list(sentences.values()))
        source = params["corpora"][recipe["corpus"]]["source"]
        groups.setdefault(source, {})[name] = answer
    files.write_text(ROOT / "data" / "samples.md", page(sentences, groups))


def page(samples: Mapping[str, str], groups: Mapping[str, Answers]) -> str:
    """The sentences, and for each source a table of its recipes: the probability of each sentence's label."""
    text = "".join(f"- **{name}**: {plain(sentence)}\n" for name, sentence in samples.items()) + NOTE
    for source, answers in groups.items():
        labels = next(iter(answers.values()))[0]
        of = f"Probability of *{plain(labels[1])}*" if len(labels) == 2 else "The label, and its probability"
        rows = [[recipe, *_cells(names, shares)] for recipe, (names, shares) in answers.items()]
        text += f"\n{of}, source {source}:\n\n{markdown(['recipe', *samples], rows)}"
    return text


def _cells(labels: list[str], shares: np.ndarray) -> list[str]:
    """For each sentence the second of two labels' probability, or the most probable label and its.

    shares: float64[seeds, texts, classes].
    """
    means, lowest, highest = shares.mean(axis=0), shares.min(axis=0), shares.max(axis=0)
    likely = [1 if len(labels) == 2 else int(row.argmax()) for row in means]
    cells = []
    for text, label in enumerate(likely):
        cell = f"{means[text, label]:.3f}"
        if len(labels) > 2:
            cell = f"{plain(labels[label])} {cell}"
        several = f" ({lowest[text, label]:.2f} to {highest[text, label]:.2f})" if len(shares) > 1 else ""
        cells.append(cell + several)
    return cells


if __name__ == "__main__":
    stage.run_whole(main, "samples", "pipeline.order", "versions")
