"""A process whose lines are read while it works."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import IO

from stages.runtime.config import ROOT

TICK = 1.0  # seconds without a line that a reader is told of
PATIENCE = 5.0  # seconds that an interrupted process has to end

Line = tuple[str, IO[str]]  # and the stream that it belongs to


@contextmanager
def running(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], Iterator[Line | None]]]:
    """A process, and the lines that it and its children write; None for each second without one."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    assert process.stdout and process.stderr
    try:
        yield process, read_lines({sys.stdout: process.stdout, sys.stderr: process.stderr})
    except KeyboardInterrupt:  # which a terminal sends to the process, too
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def read_lines(pipes: Mapping[IO[str], IO[str]]) -> Iterator[Line | None]:
    """The lines of pipes as they come, until all are closed. pipes: by the streams that lines belong to."""
    queue: Queue[Line | None] = Queue()

    def read(stream: IO[str], pipe: IO[str]) -> None:
        for text in pipe:
            queue.put((text.rstrip("\n"), stream))
        queue.put(None)

    for each in pipes.items():
        threading.Thread(target=read, args=each, daemon=True).start()
    closed = 0
    while closed < len(pipes):
        try:
            line = queue.get(timeout=TICK)
        except Empty:
            yield None
            continue
        closed += line is None
        if line:
            yield line
