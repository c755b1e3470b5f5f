"""The models that dvc.yaml names as artifacts are brought by `dvc artifacts get`, as a page tells people."""

import re
import shlex
from pathlib import Path

import pytest

from stages.runtime.config import ROOT, parse
from tests.project import SMALL, Project, made, write
from tests.sources.splits import split

PAGE = ROOT / "reports" / "own-texts.md"


def shared(root: Path) -> Project:
    """A repository whose first artifact is a model of the small study, with invented outs, in a remote."""
    project = made(root / "a", SMALL)
    for name in ("train", "test"):
        write(project.root / "own" / f"{name}.csv", split(("a", 0), ("b", 1)))
    project.make_up()
    first = next(iter(parse(project.root / "dvc.yaml", "dvc.yaml")["artifacts"].values()))
    project.edit(
        "dvc.yaml", lambda text: text.replace(f"path: {first['path']}\n", "path: data/models/small-lstm\n")
    )
    project.dvc("remote", "add", "--default", "team", str(root / "remote"))
    project.dvc("push", "--quiet", "train@small-lstm")
    project.commit()
    return project


@pytest.mark.slow
def test_a_tagged_artifact_brings_its_model_from_the_remote(tmp_path: Path) -> None:
    """By the commands of the page; untagged it is refused."""
    project = shared(tmp_path)
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    [tag], [get] = (re.findall(f"`({command}[^`]*)`", page) for command in ("git tag", "dvc artifacts get"))
    elsewhere = Project(tmp_path / "elsewhere")
    elsewhere.root.mkdir()
    _, *arguments = shlex.split(get.replace("<address of the repository>", shlex.quote(str(project.root))))
    assert "Unable to find artifact" in elsewhere.dvc(*arguments, fails=True)
    project.run(
        "git", "-c", "user.name=t", "-c", "user.email=t@example.org", *shlex.split(tag)[1:], "-m", "1"
    )
    elsewhere.dvc(*arguments)
    model = project.root / "data" / "models" / "small-lstm"
    copies = {path.relative_to(model): path.read_bytes() for path in model.rglob("*") if path.is_file()}
    brought = elsewhere.root / model.name
    assert copies == {
        path.relative_to(brought): path.read_bytes() for path in brought.rglob("*") if path.is_file()
    }
    assert copies
    first = next(iter(parse(ROOT / "dvc.yaml", "dvc.yaml")["artifacts"].values()))
    assert f"`dvc push train@{Path(first['path']).name}`" in page
