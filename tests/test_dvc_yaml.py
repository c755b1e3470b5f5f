"""dvc.yaml: every stage depends on all the code that makes its outputs, and on nothing else of ours."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo

from stages.bench.__main__ import REPORT
from stages.lib.config import ROOT, params


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    with Repo(str(ROOT)) as repo:
        return {stage.addressing: stage for stage in repo.index.stages}


def listed(stage: Any) -> set[Path]:
    """The modules among a stage's dependencies."""
    paths = (Path(dep.fs_path) for dep in stage.deps if str(dep.fs_path).endswith(".py"))
    return {path.relative_to(ROOT) for path in paths}


def entry(stage: Any) -> Path:
    """The module that a stage's command runs."""
    module = Path(*stage.cmd.split()[3].split("."))
    inside = module / "__main__.py"
    return inside if (ROOT / inside).exists() else module.with_suffix(".py")


def imports(path: Path) -> Iterator[Path]:
    """The first-party modules that a module imports itself, wherever in its text."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = Path(*name.split("."))
            candidates = [parts.with_suffix(".py"), parts / "__init__.py"]
            yield from (c for c in candidates if parts.parts[0] == "stages" and (ROOT / c).exists())


def reachable(paths: set[Path]) -> set[Path]:
    found, todo = set[Path](), list(paths)
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(imports(path))
    return {path for path in found if has_code(path)}


def has_code(path: Path) -> bool:
    """Whether a module is more than its docstring: only then can it change a result."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)


def test_every_stage_lists_every_first_party_module_that_it_imports(stages: dict[str, Any]) -> None:
    for name, stage in stages.items():
        missing = reachable({entry(stage)} | listed(stage)) - listed(stage)
        assert not missing, f"{name} imports {sorted(map(str, missing))}; add them to its deps in dvc.yaml"


def test_no_group_of_stages_lists_code_that_none_of_its_stages_imports(stages: dict[str, Any]) -> None:
    for verb in {name.partition("@")[0] for name in stages}:
        group = [stage for name, stage in stages.items() if name.partition("@")[0] == verb]
        code = {path for stage in group for path in listed(stage) if has_code(path)}
        chosen = {path.parent for path in code} & {
            Path("stages", f) for f in ("sources", "tokenizers", "models")
        }
        kinds = {path.relative_to(ROOT) for folder in chosen for path in (ROOT / folder).glob("*.py")}
        needless = code - reachable({entry(stage) for stage in group} | kinds)
        assert not needless, f"{verb} does not import {sorted(map(str, needless))}"


def test_kinds_chosen_by_name_are_dependencies(stages: dict[str, Any]) -> None:
    found = params()
    for name, entry_ in found["sources"].items():
        assert Path(f"stages/sources/{entry_['kind']}.py") in listed(stages[f"download@{name}"])
    for name, entry_ in found["corpora"].items():
        kind = entry_["tokenizer"]["kind"]
        assert Path(f"stages/tokenizers/{kind}.py") in listed(stages[f"tokenize@{name}"])
    for name, entry_ in found["recipes"].items():
        architecture = found["models"][entry_["model"]]["architecture"]
        others = {path for path in listed(stages[f"train@{name}"]) if path.parent.name == "models"}
        assert others == {Path(f"stages/models/{architecture}.py")}


def test_every_architecture_and_tokenizer_has_an_entry_in_conf() -> None:
    found = params()
    architectures = {entry_["architecture"] for entry_ in found["models"].values()}
    assert architectures == {p.stem for p in (ROOT / "stages/models").glob("*.py")} - {"__init__"}
    kinds = {entry_["tokenizer"]["kind"] for entry_ in found["corpora"].values()}
    assert kinds == {p.stem for p in (ROOT / "stages/tokenizers").glob("*.py")} - {"__init__"}


def test_training_can_open_the_test_split_only_where_it_validates_on_it(stages: dict[str, Any]) -> None:
    for name, recipe in params()["recipes"].items():
        paths = {str(Path(dep.fs_path).relative_to(ROOT)) for dep in stages[f"train@{name}"].deps}
        watched = params()["trainings"][recipe["training"]]["validation"]
        folder = f"data/padded/{recipe['corpus']}"
        assert (f"{folder}/train.npz" in paths) == (watched != "test")
        assert (folder in paths) == (watched == "test")


def test_reports_are_in_git_and_everything_else_in_the_cache(stages: dict[str, Any]) -> None:
    for name, stage in stages.items():
        for out in stage.outs:
            path = str(Path(out.fs_path).relative_to(ROOT))
            assert out.use_cache == path.startswith("data/"), f"{name}: {path}"
            assert path.startswith(("data/", "reports/"))


def test_the_lock_file_has_no_stage_that_is_gone(stages: dict[str, Any]) -> None:
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))
    assert set(lock["stages"]) <= set(stages)


def test_reports_hold_nothing_that_no_stage_makes(stages: dict[str, Any]) -> None:
    made = {Path(out.fs_path) for stage in stages.values() for out in stage.outs}
    found = {path for path in (ROOT / "reports").rglob("*") if path.is_file()}
    assert not found - made - {REPORT}, "left over from entries that are gone: delete them"
