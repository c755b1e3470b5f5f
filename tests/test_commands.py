"""Every command in README.md, CONTRIBUTING.md and the pages of reports/ works as it is written."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from dvc.cli import parse_args

from stages.runtime.config import ROOT
from stages.study.params import params
from tests.project import Project
from tests.test_readme import EXAMPLES, PAGES

STARTS = re.compile(r"(dvc|make|python -m|perl) ")
PLACEHOLDER = re.compile(r"<[\w ]+>|\.\.\.")
SECTIONS = {  # of params.yaml, by the stage whose names they are
    **{"download": "sources", "tokenize": "corpora", "pad": "corpora", "pretrain": "pretrainings"},
    **{"train": "recipes", "evaluate": "recipes", "compare": "comparisons"},
}


def commands() -> Iterator[str]:
    """Those in blocks and in lines of text, without comments; each once."""
    seen: dict[str, None] = {}
    written = [ROOT / page for page in PAGES if (ROOT / page).exists()]  # others fail tests/test_readme.py
    for path in written:
        text = path.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
        for line in [*blocks.splitlines(), *re.findall(r"`([^`\n]+)`", text)]:
            command = line.removeprefix("$ ").split("  #")[0].split(" # ")[0].strip()
            for part in command.split(" && "):
                if STARTS.match(part) and not PLACEHOLDER.search(part):
                    seen[part] = None
    return iter(seen)


def words(program: str) -> list[list[str]]:
    return [shlex.split(command) for command in commands() if command.startswith(f"{program} ")]


def test_there_are_commands_of_every_kind() -> None:
    assert all(words(program) for program in ("dvc", "make", "python -m", "perl"))


@pytest.mark.parametrize("command", words("make"), ids=" ".join)
def test_make_has_the_target(command: list[str]) -> None:
    targets = re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert next(word for word in command[1:] if "=" not in word) in targets


@pytest.mark.parametrize("command", words("dvc"), ids=" ".join)
def test_dvc_takes_the_options_and_has_the_stages(command: list[str]) -> None:
    parse_args(command[1:])  # leaves Python where DVC refuses
    for verb, name in (word.split("@") for word in command if re.fullmatch(r"\w+@[\w-]+", word)):
        assert EXAMPLES.search(name) or name in params()[SECTIONS[verb]], f"{verb}@{name}"


@cache
def options(module: str) -> set[str]:
    """What the module's --help says that it takes."""
    command = [sys.executable, "-m", module, "--help"]
    help_text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"--[a-z][\w-]*", help_text))


@pytest.mark.slow
@pytest.mark.parametrize("command", words("python -m"), ids=" ".join)
def test_a_module_takes_the_options(command: list[str]) -> None:
    known = options(command[2])
    assert {word.split("=")[0] for word in command[3:] if word.startswith("--")} <= known


def project_files() -> list[str]:
    """The paths of what belongs in Git, as it stands."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    paths = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for path in paths if path and (ROOT / path).is_file()]


@pytest.mark.slow
def test_the_edit_that_the_first_page_proposes_reruns_what_it_says(tmp_path: Path) -> None:
    project = Project(tmp_path / "study")
    for name in project_files():
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project.root / name)
    project.run("git", "init", "--quiet")
    (edit,) = words("perl")
    project.run(*edit)
    project.run(sys.executable, "-m", "stages.compose")
    planned = project.run(sys.executable, "-m", "stages.tools.plan", "compare@demo")
    assert "train@demo-lstm: model.units 32, now 64;" in planned
