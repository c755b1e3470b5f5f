"""All tables and figures of each comparison, the sample sentences and the corpora, as pages for people.

Out: reports/chapters/<comparison>.md, reports/differences/<comparison>.csv, reports/samples.md,
reports/corpora.md.

Example: python -m stages.summary
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.reporting.markdown import markdown
from stages.runtime import files
from stages.runtime.config import ROOT
from stages.study import stage

LENGTHS = ["mean", "p50", "p95", "max"]


def main(params: dict[str, Any]) -> None:
    data, reports = ROOT / "data", ROOT / "reports"
    with files.replacing_folder(reports / "chapters") as folder:
        for name in params["comparisons"]:
            text = (data / "chapters" / f"{name}.md").read_text(encoding="utf-8")
            files.write_text(folder / f"{name}.md", chapter(text))
    with files.replacing_folder(reports / "differences") as folder:
        for name in params["comparisons"]:
            shutil.copyfile(data / "differences" / f"{name}.csv", folder / f"{name}.csv")
    sentences = (data / "samples.md").read_text(encoding="utf-8")
    files.write_text(reports / "samples.md", f"# Sample sentences\n\n{sentences}")
    files.write_text(reports / "corpora.md", corpora(params["corpora"], reports / "corpora") + tested(params))


def chapter(text: str) -> str:
    """What `compare` wrote, as a page of its own in a folder of reports/."""
    return text.lstrip("\n").replace("## ", "# ").replace("](comparisons/", "](../comparisons/")


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


def tested(params: dict[str, Any]) -> str:
    """How many recipes each source's test split was read for: of many, the best is best by chance, too."""
    sources = [params["corpora"][recipe["corpus"]]["source"] for recipe in params["recipes"].values()]
    rows = [[source, count] for source, count in Counter(sources).items()]
    return f"\n## Recipes tested on each source\n\n{markdown(['source', 'recipes'], rows)}"


if __name__ == "__main__":
    stage.run_whole(main, "pipeline.order")
