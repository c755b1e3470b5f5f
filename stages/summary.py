"""Every comparison on one page: `python -m stages.summary`. Out: reports/README.md."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.lib import command, files
from stages.lib.config import ROOT, params
from stages.lib.tables import markdown

HEAD = """# Reports

Written by `dvc repro`. Numbers are of the test split where nothing else is said. Several seeds: means, ± the
standard deviation. Intervals are for other test texts, not for other seeds.

Training, validation and their gap are of the weights that were kept, without dropout. The dashed curves are
what Keras reports while it trains: the mean over an epoch's batches, with dropout, so they start lower.
Curves show the seeds' mean, with a band from the lowest to the highest seed, as far as every seed was
trained; so do the lowest loss and the one at the end. "Roughness" is how far the validation accuracy of
an epoch is, on average, from halfway between its neighbours; "deepest dip" the most that it falls from one
epoch to the next.
"""

FIGURES = {
    "curves": "accuracy and loss per epoch",
    "accuracy": "test accuracy",
    "gap": "accuracy in training and in validation",
    "slices": "test accuracy by length and by share of unknown tokens",
    "confusions": "confusion on the test split",
    "timings": "seconds per epoch",
}
LENGTHS = ["mean", "p50", "p95", "max"]


def main() -> None:
    everything = params()
    titles = {name: entry["title"] for name, entry in everything["comparisons"].items()}
    parts = [
        page(titles, ROOT / "data" / "tables"),
        chapter("Sample sentences", ROOT / "data" / "samples.md"),
        chapter("Published and measured", ROOT / "data" / "published.md"),
        corpora(everything["corpora"], ROOT / "reports" / "corpora"),
    ]
    files.write_text(ROOT / "reports" / "README.md", "".join(parts))


def page(titles: Mapping[str, str], tables: Path) -> str:
    """A section per comparison, with its tables and figures."""
    return HEAD + "".join(
        section(name, title, (tables / f"{name}.md").read_text(encoding="utf-8"))
        for name, title in titles.items()
    )


def chapter(title: str, path: Path) -> str:
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


def section(name: str, title: str, table: str) -> str:
    figures = "\n".join(f"![{text}](comparisons/{name}/{figure}.svg)\n" for figure, text in FIGURES.items())
    return f"\n## {title}\n\n`dvc repro compare@{name}`\n\n{table}\n{figures}"


if __name__ == "__main__":
    command.guard(main)
