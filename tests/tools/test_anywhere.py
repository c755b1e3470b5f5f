"""Once it is installed, no command depends on the folder in which it is started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.runtime.config import ROOT

REFUSALS = {  # by a command that needs no trained model: it has read params.yaml, or what it was given
    "predict no-such-recipe": "error: there is no recipe 'no-such-recipe'; ",
    "labels no-such-source": "error: there is no source 'no-such-source'; ",
    "fit no-such.csv": "error: no-such.csv: no such file, folder or experiment, ",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_a_command_finds_the_study_from_another_folder(tmp_path: Path, words: str) -> None:
    """PYTHONPATH stands for the file in the environment that has the path of the checkout."""
    tool, *arguments = words.split()
    line = [sys.executable, "-m", f"stages.tools.{tool}", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        line,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.startswith(REFUSALS[words]), done.stderr
    assert not done.stdout and not [*tmp_path.iterdir()]


def test_installing_leaves_the_path_of_the_checkout_in_the_environment(tmp_path: Path) -> None:
    root = tmp_path / "a checkout"
    root.mkdir()
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    dry_run = ["make", "--dry-run", "--always-make", "--no-print-directory", ".venv/ready"]
    recipe = subprocess.run(dry_run, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    [line] = re.findall(r"^[.]venv/bin/python -c '[^']*[.]pth[^']*'$", recipe.stdout, re.MULTILINE)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=root, check=True)
    subprocess.run(line, shell=True, cwd=root, check=True)
    asked = [str(root / ".venv" / "bin" / "python"), "-c", "import sys; print(sys.path)"]
    printed = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert repr(str(root)) in printed.stdout
