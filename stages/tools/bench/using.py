"""What serves a trained model: predict, exported packages, serve; on IMDB's test reviews cut to 200 words.

What is not trained here, or needs a package that is not installed, is left out, and why.
"""

import io
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from stages.artifacts.split import load_split
from stages.runtime.config import ROOT, InputError
from stages.runtime.machine import peak_mib
from stages.tools.bench import processes
from stages.tools.bench.load import Load, put_on

RECIPES = {"linear": "baselines-imdb-nb-svm", "bag": "best-hashed-bag", "BiLSTM": "ladder-vectors"}
WORDS = 200  # of a text
CLIENTS = 16
SERVING = ("fastapi", "uvicorn", "prometheus_client")
EXPORTING = {"bag": ("onnx", "onnxruntime", "tf2onnx"), "BiLSTM": ("onnx", "onnxruntime", "tf2onnx")}
ALONE = 200  # texts whose latency is measured one by one
LATENCY = """
import json, statistics, sys, time
from importlib import import_module
texts = json.load(sys.stdin)
classifier = import_module(sys.argv[1]).Classifier()
taken = []
for text in texts:
    began = time.perf_counter()
    classifier.probabilities([text])
    taken.append(time.perf_counter() - began)
print(statistics.median(taken[len(taken) // 10 :]))
"""


def texts(count: int) -> list[str]:
    """The first so many test reviews, each cut to 200 words."""
    split = load_split(ROOT / "data" / "sources" / "imdb" / "test.parquet")
    return [" ".join(text.split()[:WORDS]) for text in split.texts[:count]]


def missing(kind: str, packages: tuple[str, ...] = ()) -> str | None:
    """Why a kind of model can't be measured here, if that is so."""
    recipe = RECIPES[kind]
    if not (ROOT / "data" / "models" / recipe).exists():
        return f"{recipe} is not trained; train it with: dvc repro evaluate@{recipe}"
    if not (ROOT / "data" / "sources" / "imdb" / "test.parquet").exists():
        return "IMDB's reviews are not here; bring them with: dvc repro download@imdb"
    absent = [package for package in packages if find_spec(package) is None]
    return f"{', '.join(absent)}: not installed" if absent else None


def rows(full: bool, in_process: Any, waits: Any) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """The rows by their names; of one that is left out the reason.

    in_process, waits: those of stages/tools/bench/__main__.py.
    """
    for kind, recipe in RECIPES.items():
        if why := missing(kind):
            yield f"predict, {kind}", why
            continue
        yield f"predict, {kind}", in_process("--predict", recipe, full=full)
        line = [sys.executable, "-m", "stages.tools.predict", recipe, "The plot is dull."]
        yield f"start of predict, {kind}", waits(line)
    for kind, recipe in RECIPES.items():
        why = missing(kind, EXPORTING.get(kind, ()))
        yield f"package, {kind}", why or packaged(recipe, waits)
    for kind, recipe in RECIPES.items():
        why = missing(kind, SERVING)
        yield f"serve, {kind}", why or served(recipe, full)


def predicted(recipe: str, full: bool) -> dict[str, float]:
    """Texts per second of `predict`, from standard input to printed lines, after as many as it takes at a
    time."""
    from stages.study.params import trained_recipes
    from stages.tools.answering.resident import Resident
    from stages.tools.predict import __main__ as predict

    sample = texts(10_000 if full else 2_000)
    classifier = Resident(recipe, trained_recipes())
    options = Namespace(text=[], json=False, threshold=0.0, top=1, words=None)
    for warming in (True, False):
        lines = "\n".join(sample[: predict.CHUNK] if warming else sample)
        sys.stdin = io.TextIOWrapper(io.BytesIO(lines.encode()))
        began = time.perf_counter()
        for line in predict.of_texts(classifier, options, predict.Tally()):
            line.encode()
        seconds = time.perf_counter() - began
    return {"texts_per_second": round(len(sample) / seconds), "peak_mib": peak_mib()}


def packaged(recipe: str, waits: Any) -> dict[str, float]:
    """A package's MB, its seconds from the shell to the first answer, and milliseconds for a text by itself,
    the median."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "package"
        export = [sys.executable, "-m", "stages.tools.export", recipe, "--to", str(folder)]
        processes.printed("export", export)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        module = recipe.replace("-", "_")
        start = waits([sys.executable, "-m", module, "The plot is dull."], folder)["seconds"]
        once = [sys.executable, "-c", LATENCY, module]
        latency = processes.printed("latency", once, folder, json.dumps(texts(ALONE)))
    return {
        "package_mb": round(size / 1e6, 1),
        "start": start,
        "latency_ms": round(float(latency) * 1000, 2),
    }


def served(recipe: str, full: bool) -> dict[str, float]:
    """Requests per second and milliseconds of the 99th percentile, of `serve` and of the plain service in
    turn; and how many requests `serve` loses when it is stopped under that load."""
    sample, seconds = texts(2_000), 10.0 if full else 3.0
    lines = {
        "": ["-m", "stages.tools.serve", recipe, "--port", "0"],
        "_plain": ["-m", "stages.tools.bench", "--plain", recipe],
    }
    runs: dict[str, list[Load]] = {way: [] for way in lines}
    for _ in range(3 if full else 1):
        for way, line in lines.items():
            with running(line) as (_, port):
                put_on(port, sample, CLIENTS, 1.0)
                runs[way].append(put_on(port, sample, CLIENTS, seconds))
    row: dict[str, float] = {}
    for way, loads in runs.items():
        row[f"requests_per_second{way}"] = round(median(load.rate for load in loads), 1)
        row[f"p99_ms{way}"] = round(median(load.percentile(0.99) for load in loads) * 1000, 1)
        row[f"not_answered{way}"] = sum(load.lost + load.refused for load in loads)
    row["times_plain"] = round(row["requests_per_second"] / max(row["requests_per_second_plain"], 0.1), 2)
    stopped = stopped_under_load(lines[""], sample)
    return row | {"clients": CLIENTS, "lost_when_stopped": stopped.lost + stopped.refused}


def stopped_under_load(line: list[str], sample: list[str]) -> Load:
    """What clients met of a service that got SIGTERM in their midst."""
    with running(line) as (process, port):
        put_on(port, sample, CLIENTS, 0.5)
        stop = threading.Timer(1.0, process.send_signal, (signal.SIGTERM,))
        stop.start()
        load = put_on(port, sample, CLIENTS, 20.0)
        stop.join()
        process.wait(60)
    return load


@contextmanager
def running(line: list[str]) -> Iterator[tuple[Any, int]]:
    """A service in a process of its own, which prints its address or port when it is about to listen."""
    process = subprocess.Popen(
        [sys.executable, *line],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    try:
        first = process.stdout.readline().strip()
        if not first:
            raise processes.failed(line[1], process.stderr.read())
        port = int(first.rpartition(":")[2])
        _until_it_answers(port)
        yield process, port
    finally:
        process.terminate()
        process.communicate()


def _until_it_answers(port: int) -> None:
    end = time.monotonic() + 60
    while not put_on(port, ["a"], 1, 0.0).seconds:
        if time.monotonic() > end:
            raise InputError(f"bench: the service on port {port} does not answer")
        time.sleep(0.05)
