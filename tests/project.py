"""The project in a folder of its own, with a small study of its own, for tests of what DVC makes of it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import networkx

from stages.artifacts.split import Split
from stages.runtime import files
from stages.runtime.config import ROOT, parse
from stages.sources import demo
from stages.study import composition, entries

PARTS = [
    *["stages", "dvc.yaml", ".dvc/config", ".dvc/plots", ".dvcignore", ".gitignore", "requirements.lock"],
    *["conf/config.yaml", "conf/figures.yaml", "conf/names.yaml", "conf/hydra_plugins"],
]

# what must stay harmless wherever it is shown: for a browser, a spreadsheet, Markdown, a shell
MARKUP = "</script><script>alert(1)</script> |x| *x* $HOME `id` \"x\" 'x'"
LABELS = [f"{MARKUP}\n\ttwo", "=1+1"]

SMALL = {
    "sources/own": "kind: files\npath: own\ntext: text\nlabel: label",
    "corpora/words": "source: own\ntokenizer: {kind: word, vocabulary: 300}\n"
    "pad: {kind: bucket, boundaries: [32, 64]}",
    "models/pooled": "architecture: pooled\nembedding: 8\npooling: mean\ndense: 0\nmask: true",
    "models/lstm": "architecture: lstm\nembedding: 8\nunits: [8]\nbidirectional: false\npooling: last\n"
    "dense: 0\nmask: true",
    "trainings/watched": "kind: gradient_descent\noptimizer: adam\nlearning_rate: 0.02\nepochs: 2\n"
    "batch_size: 32\nearly_stopping: null\nvalidation: test",
    "trainings/stopped": "kind: gradient_descent\noptimizer: adam\nlearning_rate: 0.1\nepochs: 8\n"
    "batch_size: 32\nearly_stopping: {patience: 1}\nvalidation: {fraction: 0.2}",
    "experiments/small": f"title: {json.dumps(MARKUP)}\ncorpus: words\nsamples: true\nvary:\n  network:\n"
    "    pooled: {model: pooled, training: watched}\n"
    "    lstm: {model: lstm, training: stopped, seeds: 2}",
    "samples": f"first: the plot is dull\nsecond: {json.dumps(MARKUP)}",
    "published": "sources: {A: a lesson}\nclaims:\n"
    "  small-lstm: {lesson: A, place: x, says: learns, parameters: 1}",
}


class Project:
    """A project in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def environment(self) -> dict[str, str]:
        # DVC's own variables would point the copy at the checkout that the tests run in
        left = ("DVC_", "PYTHONDONTWRITEBYTECODE")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(left)}
        return {**inherited, "PATH": f"{Path(sys.executable).parent}:{inherited['PATH']}"}

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.root / path
        before = file.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"the edit of {path} changed nothing"
        file.write_text(after, encoding="utf-8")

    @contextmanager
    def edited(self, path: str, change: Callable[[str], str]) -> Iterator[None]:
        """The same, for as long as the block takes."""
        before = (self.root / path).read_bytes()
        try:
            self.edit(path, change)
            yield
        finally:
            (self.root / path).write_bytes(before)

    def run(self, *command: str, fails: bool = False) -> str:
        """The output of a command run in the copy."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, f"{command}: {done.returncode} {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments, fails=fails)

    def compose(self, *overrides: str) -> None:
        """What `python -m stages.compose` does, in this process."""
        lock, versions = self.root / "requirements.lock", composition.versions
        with mock.patch.object(composition, "versions", lambda: versions(lock)):
            text = composition.compose([*overrides], self.root / "conf")
        files.write_text(self.root / "params.yaml", text)

    @contextmanager
    def composed(self) -> Iterator[None]:
        """The same, for as long as the block takes."""
        before = (self.root / "params.yaml").read_bytes()
        try:
            self.compose()
            yield
        finally:
            (self.root / "params.yaml").write_bytes(before)

    def commit(self) -> None:
        """Commit everything that belongs in Git."""
        self.run("git", "add", "--all")
        me = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        self.run("git", *me, "commit", "--quiet", "--message", "run")

    @contextmanager
    def repo(self) -> Iterator[Any]:
        """DVC in this process, and in the project's folder, to which it names stages."""
        from dvc.repo import Repo  # takes half a second, and conftest.py imports this file

        with chdir(self.root), Repo() as repo:
            yield repo

    @property
    def params(self) -> dict[str, Any]:
        return parse(self.root / "params.yaml", "params.yaml")

    @property
    def outs(self) -> dict[str, str]:
        """Path -> hash of everything that the stages made, as dvc.lock tells it."""
        stages = parse(self.root / "dvc.lock", "dvc.lock")["stages"]
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}

    def make_up(self) -> None:
        """Have DVC take invented outs for those of a run: everything is up to date."""
        with self.repo() as repo:
            for stage in repo.index.stages:
                for out in stage.outs:
                    path = Path(out.fs_path)
                    for file in [path] if path.suffix else [path / "train" / "x", path / "test" / "x"]:
                        files.write_text(file, f"{stage.addressing} {file.name}\n")
            repo.commit(force=True)

    def stale(self) -> set[str]:
        """The stages that `dvc status` names."""
        with self.repo() as repo:
            return {str(name) for name, entries in repo.status().items() if entries}

    def after(self, stages: Iterable[str]) -> set[str]:
        """Stages and all that follow from them; `compose` is in front of all, but what it writes never
        changes."""
        with self.repo() as repo:
            graph = networkx.DiGraph(
                (one.addressing, other.addressing) for one, other in repo.index.graph.edges
            )
        changed = set(stages)
        return changed.union(*(networkx.ancestors(graph, stage) for stage in changed - {"compose"}))


def made(root: Path, conf: Mapping[str, str]) -> Project:
    """The project with a conf/ of its own: the text of each file, by its name without .yaml."""
    for part in PARTS:
        source, target = ROOT / part, root / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for folder in entries.FOLDERS:
        (root / "conf" / folder).mkdir()
    for name, text in conf.items():
        (root / "conf" / f"{name}.yaml").write_text(text + "\n", encoding="utf-8")
    project = Project(root)
    project.run("git", "init", "--quiet")
    project.compose()
    return project


def small(root: Path) -> Project:
    """The small study, which has run (half a minute) and is committed."""
    project = made(root, SMALL)
    splits = {"train": 300, "test": 100}
    texts = demo.load(demo.Source(kind="demo", splits=splits, cue_distance=16, seed=1))  # type: ignore[arg-type]
    for name, split in texts.items():
        write(root / "own" / f"{name}.csv", split)
    project.dvc("repro", "--quiet")
    project.commit()
    return project


def write(path: Path, split: Split) -> None:
    """A split as a user would supply it, with labels that are hard to show."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *zip(split.texts, labels(split), strict=True)])


def labels(split: Split) -> list[str]:
    return [LABELS[label] for label in split.labels]


def copied(project: Project, root: Path) -> Project:
    """A copy to do harm to."""
    shutil.copytree(project.root, root)
    return Project(root)
