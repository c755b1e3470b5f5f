"""Every comparison on one page: `python -m stages.summary`. Out: reports/README.md."""

from collections.abc import Mapping
from pathlib import Path

from stages.lib import command, files
from stages.lib.config import ROOT, params

FIGURES = {
    "curves": "accuracy and loss per epoch",
    "accuracy": "test accuracy",
    "confusion": "confusion on the test split",
    "timings": "seconds per epoch",
}


def main() -> None:
    titles = {name: entry["title"] for name, entry in params()["comparisons"].items()}
    files.write_text(ROOT / "reports" / "README.md", page(titles, ROOT / "data" / "tables"))


def page(titles: Mapping[str, str], tables: Path) -> str:
    """A section per comparison, with its table and figures."""
    head = "# Reports\n\nWritten by `dvc repro`. Numbers are of the test split where nothing else is said.\n"
    return head + "".join(
        section(name, title, (tables / f"{name}.md").read_text(encoding="utf-8"))
        for name, title in titles.items()
    )


def section(name: str, title: str, table: str) -> str:
    figures = "\n".join(f"![{text}](comparisons/{name}/{figure}.svg)\n" for figure, text in FIGURES.items())
    return f"\n## {title}\n\n`dvc repro compare@{name}`\n\n{table}\n{figures}"


if __name__ == "__main__":
    command.guard(main)
