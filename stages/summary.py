"""What recipes say of sample sentences, and how long the texts of the corpora are, as pages for people.

In: reports/samples/, reports/corpora/. Out: reports/samples.md, reports/corpora.md.

Example: python -m stages.summary
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.reporting.markdown import markdown, plain
from stages.runtime import files
from stages.runtime.config import ROOT
from stages.study import stage

LENGTHS = ["mean", "p50", "p95", "max"]
SEVERAL = """
Several seeds: the mean, and the lowest and highest in brackets. A model knows the words of its source and no
others: what it says of a sentence of another kind means nothing.
"""
Answers = Mapping[str, Mapping[str, Any]]  # by the names of the sentences


def main(params: dict[str, Any]) -> None:
    reports = ROOT / "reports"
    groups: dict[str, dict[str, Answers]] = {}
    order = params["pipeline"]["order"]
    for name in order["sampled"]:
        source = params["corpora"][params["recipes"][name]["corpus"]]["source"]
        text = (reports / "samples" / f"{name}.json").read_text(encoding="utf-8")
        groups.setdefault(source, {})[name] = json.loads(text)
    files.write_text(reports / "samples.md", sentences(params["samples"], groups))
    page = corpora(order["corpora"], reports / "corpora") + tested(order["tested"])
    files.write_text(reports / "corpora.md", page)


def sentences(texts: Mapping[str, str], groups: Mapping[str, Mapping[str, Answers]]) -> str:
    """The sentences, and for each source a table of its recipes with what stages/samples.py wrote. The label
    stands above the table if it is the same everywhere."""
    page = "# Sample sentences\n\n"
    page += "".join(f"- **{name}**: {plain(text)}\n" for name, text in texts.items()) + SEVERAL
    for source, recipes in groups.items():
        labels = {answer["label"] for answers in recipes.values() for answer in answers.values()}
        of = f"Probability of *{plain(*labels)}*" if len(labels) == 1 else "The label, and its probability"
        rows = [
            [recipe, *(_cell(answers[name], labelled=len(labels) > 1) for name in texts)]
            for recipe, answers in recipes.items()
        ]
        page += f"\n{of}, source {source}:\n\n{markdown(['recipe', *texts], rows)}"
    return page


def _cell(answer: Mapping[str, Any], labelled: bool) -> str:
    label = f"{plain(answer['label'])} " if labelled else ""
    several = f" ({answer['lowest']:.3f} to {answer['highest']:.3f})" if "lowest" in answer else ""
    return f"{label}{answer['probability']:.3f}{several}"


def corpora(names: Iterable[str], reports: Path) -> str:
    """How long the training texts of each corpus are in tokens, and what share of tokens is unknown."""
    header = ["corpus", "vocabulary", *(f"tokens, {name}" for name in LENGTHS), "unknown in training, %"]
    rows = []
    for name in names:
        facts = json.loads((reports / f"{name}.json").read_text(encoding="utf-8"))
        lengths = [f"{facts['train']['length'][key]:,g}" for key in LENGTHS]
        unknown = [f"{100 * facts[split]['oov_rate']:.2f}" for split in ("train", "test")]
        rows.append([name, f"{facts['vocabulary']:,}", *lengths, *unknown])
    return f"# Corpora\n\n{markdown([*header, 'unknown in test, %'], rows)}"


def tested(counts: Mapping[str, int]) -> str:
    """How many recipes each source's test split was read for: of many, the best is best by chance, too."""
    rows = [[source, count] for source, count in counts.items()]
    return f"\n## Recipes tested on each source\n\n{markdown(['source', 'recipes'], rows)}"


if __name__ == "__main__":
    stage.run_whole(main, "samples", "pipeline.order")
