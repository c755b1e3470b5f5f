"""The demo, and a comparison on IMDB, on two machines with a folder for a remote. They are made of one
machine, with clones and caches of their own; the bytes are those of one, although a worker is killed.
And stages on a stand-in for SLURM.

`make cluster` runs it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.runtime.config import ROOT, parse
from tests.project import Project
from tests.tools.spread.machines import machines, share, worker_of
from tests.tools.spread.toy import BEFORE, toy

pytest.importorskip("distributed")
pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NEEDS_IMDB = pytest.mark.skipif(
    not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "imdb_reviews" / "plain_text" / "1.0.0").is_dir(),
    reason="TFDS_DATA_DIR holds no imdb_reviews/plain_text/1.0.0",
)


def cloned(folder: Path) -> Project:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return Project(folder)


def reports(project: Project) -> dict[str, bytes]:
    files = [path for path in (project.root / "reports").rglob("*") if path.is_file()]
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("name", "victim"),
    [
        ("demo", "train@demo-simple-rnn"),
        pytest.param("baselines-imdb", "train@baselines-imdb-nb-svm", marks=NEEDS_IMDB),
    ],
)
def test_two_machines_make_a_comparison_as_one_does(name: str, victim: str, tmp_path: Path) -> None:
    target = f"compare@{name}"
    one, driver = cloned(tmp_path / "one"), cloned(tmp_path / "driver")
    share(driver, tmp_path)
    with machines(driver, tmp_path / "machines") as address:
        command = [sys.executable, "-m", "stages.tools.spread", "--scheduler", address, target]
        running = subprocess.Popen(
            command, cwd=driver.root, env=driver.environment, stderr=subprocess.PIPE, text=True
        )
        while running.poll() is None and not (worker := worker_of(victim, tmp_path / "machines")):
            time.sleep(0.05)
        assert running.returncode is None, f"it ended before {victim}: {running.communicate()[1]}"
        os.kill(worker, signal.SIGKILL)
        _, errors = running.communicate()
    assert running.returncode == 0, errors
    print(errors)
    one.dvc("repro", "--quiet", target)
    assert (driver.root / "dvc.lock").read_bytes() == (one.root / "dvc.lock").read_bytes()
    assert reports(driver) == reports(one)
    models = [path for path in (one.root / "data" / "models").rglob("*") if path.is_file()]
    recipes = parse(one.root / "params.yaml", "params.yaml")["comparisons"][name]["recipes"]
    assert {path.relative_to(one.root).parts[2] for path in models} == set(recipes)
    for path in models:
        assert (driver.root / path.relative_to(one.root)).read_bytes() == path.read_bytes(), path


# as SLURM's own it keeps the script, which Dask deletes once the job is submitted
SBATCH = """#!/bin/bash
job=$(cat "${@: -1}")
nohup bash -c "$job" > /dev/null 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
pkill -P "$1"; kill "$1"
"""


def test_jobs_of_slurm_run_stages(tmp_path: Path) -> None:
    """Commands in place of SLURM's run a job on this machine; what a job is, Dask's settings say."""
    fresh = toy(tmp_path / "toy")
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(fresh.root), str(tmp_path / "origin")], check=True
    )
    fresh.run("git", "remote", "add", "origin", str(tmp_path / "origin"))
    fresh.run("git", "fetch", "--quiet", "origin")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    settings = {"CORES": "1", "PROCESSES": "1", "MEMORY": "2GB", "LOCAL_DIRECTORY": str(tmp_path / "nodes")}
    environment = {
        **fresh.environment,
        **{f"DASK_JOBQUEUE__SLURM__{key}": value for key, value in settings.items()},
        "DASK_DISTRIBUTED__ADAPTIVE__MAXIMUM": "2",
        "PATH": f"{programs}{os.pathsep}{fresh.environment['PATH']}",
    }
    done = subprocess.run(
        fresh.command("--slurm"), cwd=fresh.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert fresh.ran == dict.fromkeys(BEFORE, 1)
    assert "SLURMCluster" in done.stderr
    whole = toy(tmp_path / "whole")
    whole.dvc("repro", "--quiet")
    assert fresh.made == whole.made
