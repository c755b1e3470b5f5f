"""How fast this is beside the lessons' notebooks, on this machine.

Each measurement is made in a process of its own, the baseline and ours in turn, on the same texts with
the same model, batch size and optimizer; medians are shown. Without --full the texts are made up, and
nothing is written; with it they are IMDB's, and the figures go to reports/bench.json. Then what serves a
model: predict, exported packages, and serve under load beside a plain service, of recipes that are trained
here. Waiting times follow, those of DVC only where it has nothing to do.

With --part only a part is measured, and with --full that part of reports/bench.json is renewed: each says on
what machine it was measured.

Examples: python -m stages.tools.bench
          python -m stages.tools.bench --full --part waits
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from stages.runtime import command, files
from stages.runtime.config import ROOT
from stages.runtime.machine import peak_mib, processor
from stages.tools.bench import peers, processes, results, using
from stages.tools.bench.cases import CASES, QUARTER, Measured
from stages.tools.bench.tokenizing import TOKENIZING
from stages.tools.bench.training import held_out_accuracy, train_notebook, train_ours

REPORT = ROOT / "reports" / "bench.json"
VERBS = ["download", "tokenize", "pad", "train", "evaluate", "compare", "summary"]
NOTHING_TO_DO = {
    "dvc repro": ["dvc", "repro"],
    "dvc status": ["dvc", "status"],
    "plan": [sys.executable, "-m", "stages.tools.plan"],
}
SEEDS = (1, 2, 3)


def one(name: str, way: str, full: bool) -> Measured:
    """A measurement in this process; `way` is "ours" or "baseline"."""
    if name in TOKENIZING:
        measured = TOKENIZING[name](way, full)
    else:
        case = CASES[name]
        if way == "baseline" and case.baseline != "notebook":
            case, way = (CASES | QUARTER)[case.baseline], "ours"
        measured = (train_ours if way == "ours" else train_notebook)(case, full)
    return replace(measured, peak_mib=peak_mib())


def compared(name: str, full: bool) -> dict[str, float]:
    """A row of the report: medians of some processes for each way, taking turns."""
    runs: dict[str, list[Measured]] = {"ours": [], "baseline": []}
    rounds = CASES[name].rounds if name in CASES else 1
    for _ in range(rounds if full else 1):
        for way, measured in runs.items():
            measured.append(Measured(**in_process("--one", name, way, full=full)))
    speeds = {way: median(each.tokens / each.seconds for each in all_) for way, all_ in runs.items()}
    row: dict[str, float] = {way: round(speed) for way, speed in speeds.items()}
    row["ratio"] = round(speeds["ours"] / speeds["baseline"], 2)
    for way, suffix in (("ours", ""), ("baseline", "_baseline")):
        row[f"peak_mib{suffix}"] = max(each.peak_mib for each in runs[way])
        row[f"padding{suffix}"] = round(median(each.places / each.tokens for each in runs[way]), 3)
    return row


def in_process(*arguments: str, full: bool) -> Any:
    """What this module prints in a process of its own: threads and memory are set where it starts."""
    line = [sys.executable, "-m", "stages.tools.bench", *arguments, *(["--full"] if full else [])]
    return json.loads(processes.printed(" ".join(arguments), line).splitlines()[-1])


def accuracies() -> dict[str, float]:
    """Held-out accuracies over the seeds: mean and standard deviation."""
    row: dict[str, float] = {}
    for way, suffix in (("ours", ""), ("baseline", "_baseline")):
        shares = [in_process("--accuracy", way, str(seed), full=True) for seed in SEEDS]
        row |= {f"accuracy{suffix}": round(mean(shares), 4), f"deviation{suffix}": round(stdev(shares), 4)}
    return row


def speeds(full: bool) -> dict[str, Any]:
    """The rows of trainings and tokenizers beside the notebooks', and with IMDB's texts of accuracies."""
    rows: dict[str, Any] = {}
    for name in [*CASES, *TOKENIZING]:
        rows[name] = compared(name, full)
        print(f"{name}: {rows[name]['ratio']} times the baseline", flush=True)
    return rows | ({"batches": accuracies()} if full else {})  # made-up labels can't be learnt


def beside(full: bool) -> dict[str, Any]:
    """The rows of other projects' models, on IMDB's texts alone; one that is not installed is named."""
    if not full:
        return {}
    rows = {name: in_process("--peer", name, full=True) for name in peers.PEERS}
    for name in (name for name, row in rows.items() if row is None):
        print(f"{name}: not installed, not measured", flush=True)
    return {name: row for name, row in rows.items() if row}


def in_use(full: bool) -> dict[str, Any]:
    """The rows of what serves a model; those that are left out are named."""
    rows = {}
    for name, row in using.rows(full, in_process, waits):
        if isinstance(row, str):
            print(f"{name}: left out, {row}", flush=True)
        else:
            print(f"{name}: {row}", flush=True)
            rows[name] = row
    return rows


def waits(line: list[str], folder: Path = ROOT) -> dict[str, float]:
    """How long a command takes in a folder: the median of three runs, in seconds."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(line, cwd=folder, capture_output=True, check=False)
        taken.append(time.perf_counter() - began)
    return {"seconds": round(median(taken), 2)}


def waiting(_: bool) -> dict[str, dict[str, float]]:
    """The rows of commands that do next to nothing."""
    rows = {}
    for verb in VERBS:  # until a name that is not there, or a value that is another, has been refused
        rows[f"start of {verb}"] = waits([sys.executable, "-m", f"stages.{verb}", "?"])
    status = subprocess.run(["dvc", "status"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "up to date" not in status.stdout:
        print(
            f"{', '.join(NOTHING_TO_DO)}, nothing to do: left out, there is something: dvc status", flush=True
        )
        return rows
    for name, line in NOTHING_TO_DO.items():
        rows[f"{name}, nothing to do"] = waits(line)
    return rows


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.one:
        name, way = options.one
        print(json.dumps(asdict(one(name, way, options.full))))
        return
    if options.peer:
        print(json.dumps(peers.measured(options.peer)))
        return
    if options.accuracy:
        print(held_out_accuracy(options.accuracy[0], int(options.accuracy[1]), options.full))
        return
    if options.predict:
        print(json.dumps(using.predicted(options.predict, options.full)))
        return
    if options.plain:
        from stages.tools.bench import plain  # its packages are an extra

        plain.serve(options.plain)
        return
    for part in [options.part] if options.part else PARTS:
        rows = PARTS[part](options.full)
        print(f"\n{part}, {machine()}\n\n{results.TABLES[part](rows)}", flush=True)
        if options.full:
            report = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
            kept = report.get(part, {}).get("rows", {}) if part == "peers" else {}  # of what is not installed
            files.write_json(REPORT, report | {part: {"machine": machine(), "rows": kept | rows}})


PARTS = {"speeds": speeds, "peers": beside, "uses": in_use, "waits": waiting}


def machine() -> str:
    return f"{os.cpu_count()} cores, {processor()}"


def _parser() -> argparse.ArgumentParser:
    parser = command.parser()
    parser.add_argument("--full", action="store_true", help="on IMDB, and write reports/bench.json")
    parser.add_argument("--part", choices=PARTS, help="what is measured (default: all of it)")
    hidden: dict[str, Any] = {"nargs": 2, "help": argparse.SUPPRESS}
    parser.add_argument("--one", **hidden)
    parser.add_argument("--accuracy", **hidden)
    for one_value in ("--peer", "--predict", "--plain"):
        parser.add_argument(one_value, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    command.guard(main)
