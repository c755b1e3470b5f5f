"""Every comparison on one page. Out: reports/README.md.

Example: python -m stages.summary
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.reporting.markdown import markdown
from stages.runtime import files
from stages.runtime.config import ROOT
from stages.study import stage

HEAD = """# Reports

Written by `dvc repro`. Numbers are of the test split where nothing else is said. Several seeds: means, ± the
standard deviation. A 95 % interval covers other test texts and other seeds, as far as the spread of the seeds
tells; with three of them it is wide.

Training, validation and their gap are of the weights that were kept, without dropout. The dashed curves are
what Keras reports while it trains: the mean over an epoch's batches, with dropout, so they start lower.
Curves show the seeds' mean, with a band from the lowest to the highest seed, as far as every seed was
trained; so do the lowest loss and the one at the end. "Roughness" is how far the validation accuracy of
an epoch is, on average, from halfway between its neighbours; "deepest dip" the most that it falls from one
epoch to the next. `ECE` is the expected calibration error.

How long trainings took is in [timings.md](timings.md).
"""
LENGTHS = ["mean", "p50", "p95", "max"]


def main(params: dict[str, Any]) -> None:
    data = ROOT / "data"
    parts = [
        HEAD,
        *((data / "chapters" / f"{name}.md").read_text(encoding="utf-8") for name in params["comparisons"]),
        section("Sample sentences", data / "samples.md"),
        section("Published and measured", data / "published.md"),
        corpora(params["corpora"], ROOT / "reports" / "corpora"),
        tested(params),
    ]
    files.write_text(ROOT / "reports" / "README.md", "".join(parts))


def section(title: str, path: Path) -> str:
    """What another stage wrote, under a title; nothing if that is empty."""
    text = path.read_text(encoding="utf-8")
    return f"\n## {title}\n\n{text}" if text else ""


def corpora(names: Iterable[str], reports: Path) -> str:
    """How long the training texts of each corpus are in tokens, and what share of tokens is unknown."""
    header = ["corpus", "vocabulary", *(f"tokens, {name}" for name in LENGTHS), "unknown in training, %"]
    rows = []
    for name in names:
        facts = json.loads((reports / f"{name}.json").read_text(encoding="utf-8"))
        lengths = [f"{facts['train']['length'][key]:,g}" for key in LENGTHS]
        unknown = [f"{100 * facts[split]['oov_rate']:.2f}" for split in ("train", "test")]
        rows.append([name, f"{facts['vocabulary']:,}", *lengths, *unknown])
    return f"\n## Corpora\n\n{markdown([*header, 'unknown in test, %'], rows)}"


def tested(params: dict[str, Any]) -> str:
    """How many recipes each source's test split was read for: of many, the best is best by chance, too."""
    sources = [params["corpora"][recipe["corpus"]]["source"] for recipe in params["recipes"].values()]
    rows = [[source, count] for source, count in Counter(sources).items()]
    return f"\n## Recipes tested on each source\n\n{markdown(['source', 'recipes'], rows)}"


if __name__ == "__main__":
    stage.run_whole(main, "pipeline.order")
