"""A copy of the project in a folder of its own, cut down to a few entries, for tests that run DVC."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from stages.lib.config import ROOT

PARTS = ["conf", "stages", "dvc.yaml", ".dvc/config", ".dvc/plots", ".dvcignore", ".gitignore"]

SMALL = [
    "sources.demo.splits={train: 300, test: 100}",
    "trainings.demo.epochs=2",
    "recipes.demo-pooled.seeds=2",
    "recipes.demo-lstm.seeds=2",
]

P = TypeVar("P", bound="Project")


class Project:
    """The copy: `entries` are what is kept of each folder of conf/."""

    def __init__(self, root: Path, entries: Mapping[str, Sequence[str]], **environment: str) -> None:
        self.root = root
        # DVC's own variables would point the copy at the checkout that the tests run in
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DVC_")}
        path = f"{Path(sys.executable).parent}:{inherited['PATH']}"  # where stages find `python`
        self.environment = {**inherited, "PATH": path, **environment}
        for part in PARTS:
            source, target = ROOT / part, root / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        for folder, names in entries.items():
            self.keep(folder, names)
        self.run("git", "init", "--quiet")

    def keep(self, folder: str, names: Sequence[str]) -> None:
        """Keep only these entries of a folder of conf/, in the list of config.yaml too."""
        for path in (self.root / "conf" / folder).glob("*.yaml"):
            if path.stem not in names:
                path.unlink()
        self.edit("conf/config.yaml", lambda text: _relisted(text, folder, names))

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.root / path
        before = file.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"the edit of {path} changed nothing"
        file.write_text(after, encoding="utf-8")

    def run(self, *command: str, fails: bool = False) -> str:
        """The output of a command run in the copy."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def compose(self, *overrides: str) -> None:
        self.run(sys.executable, "-m", "stages.compose", *overrides)

    def commit(self) -> None:
        """Commit everything that belongs in Git."""
        self.run("git", "add", "--all")
        self.run(
            "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "run"
        )

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments, fails=fails)


def small_demo(kind: type[P], root: Path) -> P:
    """The demo's pipeline with two recipes on few texts, which has run (half a minute) and is committed."""
    made = kind(
        root,
        {
            "source": ["demo"],
            "corpus": ["demo-words"],
            "model": ["demo-pooled", "demo-lstm"],
            "training": ["demo"],
            "recipe": ["demo-pooled", "demo-lstm"],
            "comparison": ["demo"],
        },
    )
    made.edit(
        "conf/comparison/demo.yaml",
        lambda t: t.partition("recipes:")[0] + "recipes: [demo-pooled, demo-lstm]\n",
    )
    made.compose(*SMALL)
    made.dvc("repro", "--quiet")
    made.commit()
    return made


def _relisted(text: str, folder: str, names: Sequence[str]) -> str:
    """config.yaml with another list for a folder, written in one line."""
    lines, skipping = [], False
    for line in text.splitlines():
        if line.startswith(f"  - {folder}:"):
            lines.append(f"  - {folder}: {json.dumps(list(names))}")
            skipping = True
        elif not (skipping and line.startswith("      - ")):
            skipping = False
            lines.append(line)
    return "\n".join(lines) + "\n"
