"""A stage is never worked on twice at once, and ends with the DVC that started it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.runtime import process
from stages.runtime.config import ROOT, InputError


def test_a_stage_that_is_being_worked_on_is_refused_and_free_again_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(process, "PATIENCE", 0.1)
    with process.only("train@x"):
        with pytest.raises(InputError, match="train@x: another process is at it"), process.only("train@x"):
            pass
        with process.only("train@y"):
            pass
    with process.only("train@x"):
        pass


CHILD = "import os, time; os.environ['DVC_STAGE'] = 'x'; from stages.runtime import process; "
CHILD += "process.end_with_parent(); print(os.getpid(), flush=True); time.sleep(60)"
PARENT = (
    "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); time.sleep(60)"
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can end a process with its parent")
@pytest.mark.parametrize("stage", [True, False])
def test_only_a_stage_of_dvc_ends_with_its_parent(stage: bool) -> None:
    child = CHILD if stage else CHILD.replace("os.environ['DVC_STAGE'] = 'x'; ", "")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, child], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    number = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    gone = ended(number)
    if not gone:
        subprocess.run(["kill", "-9", str(number)], check=True)
    assert gone == stage


def ended(number: int) -> bool:
    """Whether a process has ended, or does within two seconds."""
    for _ in range(40):
        status = Path(f"/proc/{number}/stat")
        if not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_stage_whose_dvc_is_gone_when_it_starts_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setenv("DVC_STAGE", "x")
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace(prctl=lambda option, sent: None))
    monkeypatch.setattr("os.kill", lambda number, sent: killed.append(number))
    monkeypatch.setattr("os.getppid", lambda: 2)
    process.end_with_parent()
    assert not killed
    monkeypatch.setattr("os.getppid", lambda: 1)
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"/usr/bin/dvc\0repro")  # DVC as a container's first
    process.end_with_parent()
    assert not killed
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"/sbin/init")
    process.end_with_parent()
    assert killed == [os.getpid()]
