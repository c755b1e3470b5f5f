"""What a process is set up with before it trains."""

import platform
import subprocess
import sys

import pytest

from stages.lib.config import ROOT

pytestmark = pytest.mark.slow  # processes that import Keras

SETS_THREADS = """
import tensorflow as tf
from stages.lib.backend import threads
threads({asked})
before = tf.config.threading.get_intra_op_parallelism_threads()
tf.zeros([1])  # from now on TensorFlow has begun
threads(7)
print(before, tf.config.threading.get_intra_op_parallelism_threads())
"""

USES_MEMORY = """
import resource
import numpy as np
from stages.lib import backend
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(50_000_000, np.int8)
before = faults()
for _ in range(20):
    np.ones(50_000_000, np.int8)
print(faults() - before)
"""


def output(code: str) -> str:
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("asked", "found"), [("1", "1 1"), ("None", "0 0")])
def test_threads_are_set_before_tensorflow_begins_and_left_alone_afterwards(asked: str, found: str) -> None:
    assert output(SETS_THREADS.format(asked=asked)).strip() == found


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_memory_that_was_freed_is_used_again_without_asking_the_system() -> None:
    assert int(output(USES_MEMORY)) < 20 * 50_000_000 / 4096 / 10  # page faults; a tenth of asking anew
