"""Bring a recipe's reports to a comparison that shows it: `python -m stages.gather <comparison>_<recipe>`.

A comparison has a list of recipes, and dvc.yaml cannot depend on a list (dvc#8171). So each recipe
is gathered by a stage of its own, and the comparison depends on the folder that they fill.
Out: data/gathered/<comparison>/<recipe>.json, and <recipe>.timings.json beside it.
"""

import shutil

from stages.lib import command, files, results
from stages.lib.config import ROOT, params


def main(name: str) -> None:
    shown = params()["pipeline"]["shown"]
    entry = shown[command.one_of(name, shown, "comparisons")]
    recipe, folder = entry["recipe"], ROOT / "data" / "gathered" / entry["comparison"]
    files.write_json(folder / f"{recipe}.json", results.gather(ROOT / "reports", recipe))
    with files.replacing(folder / f"{recipe}.timings.json") as draft:
        shutil.copyfile(ROOT / "reports" / "timings" / f"{recipe}.json", draft)


if __name__ == "__main__":
    command.run(main)
