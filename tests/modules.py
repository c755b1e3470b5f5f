"""The modules of stages/ and what they import, read from their text."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from stages.runtime.config import ROOT

STAGES = ROOT / "stages"


@cache
def modules() -> list[Path]:
    """All of them, as "stages/train.py"."""
    return sorted(path.relative_to(ROOT) for path in STAGES.rglob("*.py"))


@cache
def imports(path: Path) -> set[Path]:
    """The modules of stages/ that a module imports itself, wherever in its text."""
    names = set[str]()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {file for name in names if name.startswith("stages") for file in files(name)}


def files(name: str) -> Iterator[Path]:
    """The file of a module, none for what is in one: "stages.train" -> stages/train.py"""
    path = Path(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if (ROOT / file).exists():
            yield file


def reachable(paths: Iterable[Path]) -> set[Path]:
    """What modules import, what those import, and so on; themselves, too."""
    reached, todo = set[Path](), list(paths)
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            todo.extend(imports(path))
    return reached


@cache
def has_code(path: Path) -> bool:
    """Whether a module is more than its docstring: only then can it change a result."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)


def room(path: Path) -> str:
    """The folder that a module is in: "stages/models/gru.py" -> "models", "stages/train.py" -> "stages"."""
    return path.parts[1] if len(path.parts) > 2 else "stages"
