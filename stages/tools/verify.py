"""Proof that the study can be reproduced: a comparison's whole pipeline, run again.

It runs twice at once, in two fresh clones of the last commit, in folders of other names and with other hash
seeds; then every out and report is compared: the two runs' with each other, byte by byte, and with what is
committed. On a processor other than that of the committed results (reports/processors.csv names it), whose
vector units may round differently, committed bytes may differ; then test accuracies are compared with them.

Examples: python -m stages.tools.verify
          python -m stages.tools.verify imdb-words
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.runtime import command
from stages.runtime.config import ROOT, InputError, parse
from stages.runtime.machine import processor
from stages.study.params import one_of, params
from stages.tools import timings

TOLERANCE = 0.03  # of test accuracy; the demo's conv1d gave 82.8 % on an Intel and 83.7 % on an AMD processor
FOLDERS = {"one": "1", "the other, with spaces": "2"}  # and PYTHONHASHSEED in each


def main() -> None:
    parser = command.parser()
    parser.add_argument("comparison", nargs="?", default="demo", help="one of params.yaml (default: demo)")
    name = parser.parse_args().comparison
    with tempfile.TemporaryDirectory(prefix="seqstudy-") as temporary:
        clones = [cloned(Path(temporary) / folder) for folder in FOLDERS]
        comparisons = params(clones[0] / "params.yaml")["comparisons"]
        recipes = comparisons[one_of(name, comparisons, "comparisons")]["recipes"]
        same = reproduced(clones, f"compare@{name}", recipes)
    print("verified" if same else "NOT verified")
    sys.exit(not same)


def reproduced(clones: list[Path], target: str, recipes: list[str]) -> bool:
    """Run the target in the clones; print how each out compares, and say whether all agree."""
    lock, reports = clones[0] / "dvc.lock", clones[0] / "reports"
    committed, accurate = parse(lock, lock.name), accuracies(reports, recipes)
    made_on = processors(reports / "processors.csv", recipes)
    stages = run_all(clones, target)
    runs = [outs(parse(clone / "dvc.lock", "dvc.lock"), stages) for clone in clones]
    before = outs(committed, stages)
    if made_on == {processor()} or runs[0] == before:
        return agree([*runs, before])
    print(f"The committed results come from {', '.join(sorted(made_on))}; this is {processor()}.")
    return agree(runs) & close(accuracies(reports, recipes), accurate)


def cloned(folder: Path) -> Path:
    """A clone of the last commit, with the data that users supply themselves."""
    done = subprocess.run(
        ["git", "clone", "--quiet", str(ROOT), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{ROOT}: can't be cloned ({done.stderr.strip()}); verify in a clone made by Git")
    reads = [source["reads"] for source in params()["pipeline"]["sources"].values()]
    supply(folder, ["data/manual", *reads])
    return folder


def supply(clone: Path, paths: Iterable[str]) -> None:
    """Copy files and folders that are not committed from here into a clone. Those whose place would be
    outside of it are left alone."""
    for path in paths:
        source, target = ROOT / path, clone / path
        if target.exists() or not target.resolve().is_relative_to(clone.resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.is_file():
            shutil.copy(source, target)


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
            complaint = next((line for line in lines if line.startswith(("error:", "ERROR:"))), lines[-1])
            raise InputError(f"dvc repro --force {target} failed in a clone: {complaint}")
    text = log(clones[0]).read_text(encoding="utf-8")
    return set(re.findall(r"^Running stage '(.*)':$", text, re.MULTILINE))


def log(clone: Path) -> Path:
    return clone.with_name(f"{clone.name}.log")


def outs(lock: Mapping[str, Any], stages: set[str]) -> dict[str, str]:
    """Path -> hash of everything that stages made, as a dvc.lock tells it."""
    made = [out for stage in stages for out in lock["stages"].get(stage, {}).get("outs", [])]
    return {out["path"]: out["md5"] for out in made}


def agree(runs: list[dict[str, str]]) -> bool:
    """Print for every out whether it has the same bytes in the second run, and the committed ones (if
    there is a third element); whether all have."""
    print("".join(f"{title:14}" for title in ["second run", "committed"][: len(runs) - 1]) + "out")
    differing = 0
    for path in sorted(set().union(*runs)):
        same = [run.get(path) == runs[0].get(path) for run in runs[1:]]
        differing += not all(same)
        print("".join(f"{'same' if s else 'DIFFERS':14}" for s in same) + path)
    print(f"{differing} of {len(set().union(*runs))} outs differ")
    return not differing


def processors(table: Path, recipes: list[str]) -> set[str]:
    """What recipes were trained on, as a clone's reports/processors.csv tells it. (Their certificates do,
    too, but are not in Git.)"""
    rows = {row["recipe"]: row["processor"] for row in timings.table(table, timings.PROCESSOR_COLUMNS)}
    return {rows.get(recipe, "an unknown processor") for recipe in recipes}


def accuracies(reports: Path, recipes: list[str]) -> dict[str, float]:
    texts = {r: (reports / "metrics" / f"{r}.json").read_text(encoding="utf-8") for r in recipes}
    return {recipe: json.loads(text)["test"]["accuracy"] for recipe, text in texts.items()}


def close(here: Mapping[str, float], there: Mapping[str, float]) -> bool:
    """Print how far test accuracies are from the committed ones; whether all are within the tolerance."""
    print(f"Its vector units may round differently, so test accuracies may differ by {TOLERANCE}:")
    far = [recipe for recipe in here if abs(here[recipe] - there[recipe]) > TOLERANCE]
    for recipe, accuracy in here.items():
        print(f"{'DIFFERS' if recipe in far else 'close':14}{recipe}: {accuracy}, committed {there[recipe]}")
    return not far


if __name__ == "__main__":
    command.guard(main)
