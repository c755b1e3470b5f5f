"""Results of a comparison's recipes -> tables and figures.

In: reports/compared/<comparison>/. Out: reports/comparisons/<comparison>/ with the figures; reports/chapters/
<comparison>.md, which shows them and the tables; reports/tables/<comparison>.csv; reports/differences/
<comparison>.csv, each two recipes that were tested on the same texts.

Example: python -m stages.compare demo
"""

from pathlib import Path
from typing import Any

from stages.reporting import chapter, figures
from stages.reporting.comparison import baseline, load
from stages.reporting.style import Figures
from stages.runtime import files
from stages.runtime.config import ROOT, read
from stages.study import stage


def main(name: str, params: dict[str, Any]) -> None:
    entry = params["comparisons"][name]
    style = read(Figures, params["figures"], "figures")
    folder = ROOT / "reports" / "compared" / name
    prune(folder, entry["recipes"])
    results, beside = load(folder, entry), baseline(entry, ROOT)
    tested = chapter.pairs(results)
    files.write_csv(ROOT / "reports" / "tables" / f"{name}.csv", *chapter.table(results))
    files.write_csv(ROOT / "reports" / "differences" / f"{name}.csv", *chapter.differing(results, tested))
    text = chapter.chapter(name, entry["title"], results, tested)
    files.write_text(ROOT / "reports" / "chapters" / f"{name}.md", text)
    with files.replacing_folder(ROOT / "reports" / "comparisons" / name) as pictures:
        for part in dict.fromkeys(result.chapter for result in results):
            some = [result for result in results if result.chapter == part]
            title = f"{entry['title']}: {some[0].heading}" if part else entry["title"]
            prefix = f"{part}-" if part else ""
            figures.draw(some, title, style, pictures, prefix, beside)


def prune(folder: Path, recipes: list[str]) -> None:
    """Delete the results of recipes that the comparison no longer shows: DVC leaves them lying, and the
    folder must be the same in every clone."""
    for path in folder.iterdir():
        if path.stem not in recipes:
            files.remove(path)


if __name__ == "__main__":
    stage.run("comparisons", main, "comparisons.{name}", "figures")
