"""Proof that the study can be reproduced: `python -m stages.verify [comparison]`, by default the demo.

Runs a comparison's whole pipeline twice at once, in two fresh clones of the last commit, in folders of
other names and with other hash seeds, and compares every out and report (timings aside): first the two
runs with each other, byte by byte, then with what is committed. On a processor other than that of the
committed results, whose vector units may round differently, there the metrics are compared instead.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.lib import command
from stages.lib.config import ROOT, InputError, params, parse
from stages.lib.machine import processor

TOLERANCE = 0.03  # of test accuracy; the demo's conv1d gave 82.8 % on an Intel and 83.7 % on an AMD processor
FOLDERS = {"one": "1", "the other, with spaces": "2"}  # and PYTHONHASHSEED in each


def main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        sys.exit("usage: python -m stages.verify [comparison]")
    with tempfile.TemporaryDirectory(prefix="seqstudy-") as temporary:
        clones = [cloned(Path(temporary) / folder) for folder in FOLDERS]
        comparisons = params(clones[0] / "params.yaml")["comparisons"]
        name = command.one_of([*arguments, "demo"][0], comparisons, "comparisons")
        recipes = comparisons[name]["recipes"]
        committed = parse(clones[0] / "dvc.lock", "dvc.lock")
        reports = clones[0] / "reports"
        made_on, accurate = processors(reports, recipes), accuracies(reports, recipes)
        stages = run_all(clones, f"compare@{name}")
        runs = [outs(parse(clone / "dvc.lock", "dvc.lock"), stages) for clone in clones]
        if made_on == {processor()}:
            same = agree([*runs, outs(committed, stages)])
        else:
            there = ", ".join(sorted(made_on))
            print(f"The committed results come from {there}; this is {processor()}.")
            same = agree(runs) & close(accuracies(reports, recipes), accurate)
    print("verified" if same else "NOT verified")
    sys.exit(not same)


def cloned(folder: Path) -> Path:
    """A clone of the last commit, with the data that users supply themselves."""
    done = subprocess.run(
        ["git", "clone", "--quiet", str(ROOT), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{ROOT}: can't be cloned ({done.stderr.strip()}); verify in a clone made by Git")
    supplied = [source["reads"] for source in params()["pipeline"]["sources"].values()]
    for path in ["data/manual", *supplied]:
        if (folder / path).exists():  # committed, or absolute
            continue
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, folder / path)
        elif (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    return folder


def run_all(clones: list[Path], target: str) -> set[str]:
    """Force the target and all that it follows from in every clone, at once; the stages that ran."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("DVC_")}
    inherited["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    running = []
    for clone, seed in zip(clones, FOLDERS.values(), strict=True):
        with log(clone).open("w", encoding="utf-8") as file:
            call = [sys.executable, "-m", "dvc", "repro", "--force", target]
            environment = inherited | {"PYTHONHASHSEED": seed}
            running.append(
                subprocess.Popen(call, cwd=clone, env=environment, stdout=file, stderr=subprocess.STDOUT)
            )
    for clone, process in zip(clones, running, strict=True):
        if process.wait():
            lines = log(clone).read_text(encoding="utf-8").splitlines()
            said = next((line for line in lines if line.startswith(("error:", "ERROR:"))), lines[-1])
            raise InputError(f"dvc repro --force {target} failed in a clone: {said}")
    text = log(clones[0]).read_text(encoding="utf-8")
    return set(re.findall(r"^Running stage '(.*)':$", text, re.MULTILINE))


def log(clone: Path) -> Path:
    return clone.with_name(f"{clone.name}.log")


def outs(lock: Mapping[str, Any], stages: set[str]) -> dict[str, str]:
    """Path -> hash of everything that stages made, as a dvc.lock tells it; timings aside."""
    made = [out for stage in stages for out in lock["stages"].get(stage, {}).get("outs", [])]
    return {out["path"]: out["md5"] for out in made if "timings" not in out["path"]}


def agree(made: list[dict[str, str]]) -> bool:
    """Print for every out whether it has the same bytes in the second run, and the committed ones (if
    there is a third element); whether all have."""
    print("".join(f"{title:14}" for title in ["second run", "committed"][: len(made) - 1]) + "out")
    differing = 0
    for path in sorted(set().union(*made)):
        same = [other.get(path) == made[0].get(path) for other in made[1:]]
        differing += not all(same)
        print("".join(f"{'same' if s else 'DIFFERS':14}" for s in same) + path)
    print(f"{differing} of {len(set().union(*made))} outs differ")
    return not differing


def processors(reports: Path, recipes: list[str]) -> set[str]:
    """What the results of recipes were made on."""
    return {_json(reports / "timings" / f"{recipe}.json")["processor"] for recipe in recipes}


def accuracies(reports: Path, recipes: list[str]) -> dict[str, float]:
    return {recipe: _json(reports / "metrics" / f"{recipe}.json")["test"]["accuracy"] for recipe in recipes}


def close(here: Mapping[str, float], there: Mapping[str, float]) -> bool:
    """Print how far test accuracies are from the committed ones; whether all are within the tolerance."""
    print(f"Its vector units may round differently, so test accuracies may differ by {TOLERANCE}:")
    far = [recipe for recipe in here if abs(here[recipe] - there[recipe]) > TOLERANCE]
    for recipe, accuracy in here.items():
        print(f"{'DIFFERS' if recipe in far else 'close':14}{recipe}: {accuracy}, committed {there[recipe]}")
    return not far


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    command.guard(lambda: main(sys.argv[1:]))
