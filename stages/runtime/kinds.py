"""Sources, tokenizers and architectures by name: a folder of `stages/` each, a module for every kind."""

import importlib
from pathlib import Path
from typing import Any

STAGES = Path(__file__).resolve().parents[1]


def names(folder: str) -> list[str]:
    """The kinds there are in "sources", "tokenizers" or "models"."""
    return sorted(path.stem for path in (STAGES / folder).glob("*.py") if path.stem != "__init__")


def module(folder: str, name: str) -> Any:
    """The module of one kind."""
    return importlib.import_module(f"stages.{folder}.{name}")
