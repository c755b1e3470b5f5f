"""Sample sentences through every trained recipe: `python -m stages.samples`.

In: data/models/, data/tokens/. Out: data/samples.md, a table per source of the probabilities that the models
of each recipe give to the sentences of params.yaml's section `samples`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.lib import command, files
from stages.lib.config import ROOT, params
from stages.lib.tables import markdown
from stages.predict import classify

NOTE = """
Several seeds: the mean, and the lowest and highest in brackets. A model knows the words of its source and no
others: what it says of a sentence of another kind means nothing.
"""


def main() -> None:
    everything = params()
    samples = everything["samples"]
    found = {
        recipe: classify(recipe, list(samples.values()), every_seed=True) for recipe in everything["recipes"]
    }
    files.write_text(ROOT / "data" / "samples.md", page(samples, by_source(everything, found)))


def by_source(everything: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What recipes say, grouped by their sources."""
    groups: dict[str, dict[str, Any]] = {}
    for recipe, said in found.items():
        source = everything["corpora"][everything["recipes"][recipe]["corpus"]]["source"]
        groups.setdefault(source, {})[recipe] = said
    return groups


def page(samples: Mapping[str, str], groups: Mapping[str, Mapping[str, tuple[list[str], np.ndarray]]]) -> str:
    """The sentences, and for each source a table of its recipes: the probability of each sentence's label."""
    text = "".join(f"- **{name}**: {sentence}\n" for name, sentence in samples.items()) + NOTE
    for source, said in groups.items():
        labels = next(iter(said.values()))[0]
        shown = f"Probability of *{labels[1]}*" if len(labels) == 2 else "The label, and its probability"
        rows = [[recipe, *_cells(names, shares)] for recipe, (names, shares) in said.items()]
        text += f"\n{shown}, source {source}:\n\n{markdown(['recipe', *samples], rows)}"
    return text


def _cells(names: list[str], shares: np.ndarray) -> list[str]:
    """For each sentence the second of two labels' probability, or the most probable label and its.

    shares: float64[seeds, texts, classes].
    """
    means, lowest, highest = shares.mean(axis=0), shares.min(axis=0), shares.max(axis=0)
    labels = [1 if len(names) == 2 else int(row.argmax()) for row in means]
    cells = []
    for text, label in enumerate(labels):
        cell = f"{means[text, label]:.3f}" if len(names) == 2 else f"{names[label]} {means[text, label]:.3f}"
        several = f" ({lowest[text, label]:.2f} to {highest[text, label]:.2f})" if len(shares) > 1 else ""
        cells.append(cell + several)
    return cells


if __name__ == "__main__":
    command.guard(main)
