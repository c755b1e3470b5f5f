"""A pipeline of six stages that take no time, in a repository of its own, with the project's code beside
it."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from stages.runtime.config import ROOT
from tests.project import Project

STEP = '''"""A stage: python step.py <name> <files to read> -- <files to write>."""
import os, sys, time
from pathlib import Path
from stages.runtime import process

process.end_with_parent()
name, rest = sys.argv[1], sys.argv[2:]
at = rest.index("--")
reads, writes = rest[:at], rest[at + 1:]
control = Path(os.environ["TOY"])
with (control / "ran").open("a") as file:
    file.write(name + "\\n")
slow = control / f"{name}.slow"  # for the first run only
if slow.exists():
    slow.unlink()
    (control / f"{name}.started").touch()
    time.sleep(60)
if (control / f"{name}.dies").exists():
    print("epoch 3 of 9", flush=True)
    os.kill(os.getpid(), 9)
if (control / f"{name}.breaks").exists():
    1 / 0
if (control / f"{name}.fails").exists():
    sys.exit(f"error: {name} can't read its input; mend it")
text = name + "".join(Path(path).read_text() for path in reads)
for path in writes:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(f"{len(text)} {text[:40]} {path}\\n")
'''
BEFORE = {  # a stage -> those that it depends on; not in the order of their names
    "start": [],
    "train-b": ["start"],
    "train-a": ["start"],
    "judge-b": ["train-b"],
    "judge-a": ["train-a"],
    "total": ["judge-a", "judge-b"],
}


def text(name: str) -> str:
    """The file that a stage writes; those of trainings lie in a folder, which is the out."""
    return f"data/{name}/text.txt" if name.startswith("train") else f"data/{name}.txt"


def pipeline() -> str:
    """Its dvc.yaml: each stage has an out in the cache, a file or a folder, and one that Git keeps; others
    read both."""
    lines = ["stages:"]
    for name, before in BEFORE.items():
        reads = [path for other in before for path in (text(other), f"reports/{other}.json")]
        out = Path(text(name))
        lines += [
            f"  {name}:",
            f"    cmd: exec python step.py {name} {' '.join(reads)} -- {out} reports/{name}.json",
            f"    deps: [{', '.join(['step.py', *reads])}]",
            f"    outs: [{out.parent if out.parent.name == name else out}]",
            f"    metrics: [reports/{name}.json: {{cache: false}}]",
        ]
    return "\n".join(lines) + "\n"


class Toy(Project):
    """control: a folder by which its stages are told what to do, and in which they say that they ran."""

    def __init__(self, root: Path, control: Path) -> None:
        super().__init__(root)
        self.control = control

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"TOY": str(self.control), "PYTHONWARNINGS": "ignore"}

    @property
    def ran(self) -> Counter[str]:
        """How often each stage ran."""
        file = self.control / "ran"
        return Counter(file.read_text(encoding="utf-8").split() if file.exists() else [])

    def spread(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), **self.where, check=False)  # type: ignore[call-overload, no-any-return]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The driver, which leads a process group of its own, as what is started in a terminal does."""
        command = self.command(*arguments)
        return subprocess.Popen(command, process_group=0, **self.where)  # type: ignore[call-overload, no-any-return]

    @property
    def where(self) -> dict[str, object]:
        pipe = subprocess.PIPE
        return {"cwd": self.root, "env": self.environment, "stdout": pipe, "stderr": pipe, "text": True}

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "stages.tools.spread", *arguments]

    @property
    def made(self) -> dict[str, bytes]:
        """All that the pipeline made, and dvc.lock."""
        paths = [
            self.root / "dvc.lock",
            *(self.root / "data").rglob("*.txt"),
            *(self.root / "reports").glob("*"),
        ]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths if path.exists()}


def toy(root: Path) -> Toy:
    """The pipeline, committed, which has not run."""
    control = root.with_name(f"{root.name} control")
    control.mkdir(parents=True)
    shutil.copytree(ROOT / "stages", root / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    (root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    (root / ".gitignore").write_text("/data/\n/.checkpoints/\n__pycache__/\n.*.part\n", encoding="utf-8")
    (root / "step.py").write_text(STEP, encoding="utf-8")
    (root / "dvc.yaml").write_text(pipeline(), encoding="utf-8")
    made = Toy(root, control)
    made.run("git", "init", "--quiet", "--initial-branch=main")
    made.commit()
    return made


def again(other: Toy, root: Path) -> Toy:
    """A clone of it."""
    control = root.with_name(f"{root.name} control")
    control.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", str(other.root), str(root)], check=True)
    return Toy(root, control)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
