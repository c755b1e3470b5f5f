"""What a process is set up with before it trains, and what importing a room brings along."""

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.runtime import kinds
from stages.runtime.config import ROOT

BESIDES = [path.stem for path in (ROOT / "stages" / "network").glob("[a-z]*.py")]
PROCESS = f"""
import importlib, json, resource, sys
import numpy as np
from stages.network import backend
facts = {{"hidden": [name for name in backend.UNUSED if name in sys.modules]}}
for name in {BESIDES}:
    importlib.import_module(f"stages.network.{{name}}")
facts["models"] = [name for name in sys.modules if name.startswith("stages.models")]
import sklearn  # as little hidden as before
if backend.keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    threading = tf.config.threading
    def threads():
        return threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
    backend.threads(1)
    facts["threads"] = [threads()]
    tf.zeros([1])  # from now on TensorFlow has begun
    backend.threads(7)
    facts["threads"].append(threads())
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(20_000_000, np.int16)
before = faults()
for _ in range(20):
    np.ones(20_000_000, np.int16)
facts["faults"] = faults() - before
print(json.dumps(facts))
"""


def output(code: str) -> Any:
    line = [sys.executable, "-c", code]
    return json.loads(subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def process() -> Any:
    """What a process of its own tells of itself."""
    return output(PROCESS)


def test_threads_are_set_before_tensorflow_begins_and_left_alone_afterwards(process: Any) -> None:
    if "threads" not in process:
        pytest.skip("another backend")
    assert process["threads"] == [[1, 2], [1, 2]]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_memory_that_was_freed_is_used_again_without_asking_the_system(process: Any) -> None:
    assert process["faults"] < 20 * 20_000_000 / 4096 / 10  # page faults; a tenth of asking anew


def test_keras_comes_without_the_libraries_that_it_only_wraps(process: Any) -> None:
    assert process["hidden"] == []


def test_the_network_knows_no_architecture(process: Any) -> None:
    """Otherwise every training would depend on the GRU's loop."""
    assert process["models"] == []


def test_sizes_are_read_without_keras() -> None:
    """Since every stage checks all of params.yaml before it starts."""
    modules = [f"stages.models.{name}" for name in kinds.names("models")]
    code = f"""
import importlib, json, sys
sizes = [importlib.import_module(name).Sizes.__name__ for name in {modules}]
print(json.dumps([sizes, [name for name in ("tensorflow", "keras", "jax", "torch") if name in sys.modules]]))
"""
    assert output(code) == [["Sizes"] * len(modules), []]


def test_one_module_imports_keras() -> None:
    """Every other one has it from there, set up; functions may import TensorFlow."""
    importing = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "stages").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import keras", "from keras", "import tensorflow as", "from tensorflow"))
    ]
    assert importing == []  # the backend does inside its block
    assert Path(ROOT / "stages/network/backend.py").read_text(encoding="utf-8").count("import keras") > 1
