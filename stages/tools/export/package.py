"""A Python package around a trained model: its code, taken from this repository's, and its pyproject.toml."""

import ast
import inspect
import keyword
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from stages.tokenizers import ngrams, subwords8k
from stages.tools.export import shipped

PROJECT = """[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.0"
description = "A text classifier trained by seqstudy: the recipe {name}"
readme = "README.md"
requires-python = ">=3.11"
dependencies = [{needed}]

[project.scripts]
{name} = "{module}:main"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["*.npz", "*.onnx", "*.json", "tokenizer/*"]
"""
LIBRARY = ("word", "bpe")  # kinds of tokenizers that are one file of the library `tokenizers`
TRAINING = ("fit", "save", "unknown")  # what a tokenizer does and a package does not need
HEADER = '''"""{title}"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, repeat
from pathlib import Path

import numpy as np

'''
STARTING = '"""python -m, for this package."""\n\nfrom . import main\n\nmain()\n'
OURS = {  # what the code of this repository imports: what a package imports
    "from stages.tokenizers.ngrams import load": "from .tokenizer import load",
    "from stages.tools.export.shipped.numpy_model import Model": "from .model import Model",
}
NGRAMS = (
    *("Ngrams", "Short", "Places", "load", "split", "plain", "bounds", "packed"),
    *("characters", "longer", "keyed"),
)
SUBWORDS = ("Subwords", "load", "_Words", "_literal", "_Ids", "_spelled", "_meaning", "_byte")


def module_of(name: str) -> str:
    """What a recipe's package is imported as: `import 20news` would be no Python, nor `import class`, and
    `import email` another's."""
    module = name.replace("-", "_")
    others = {*sys.stdlib_module_names, "numpy", "onnxruntime", "tokenizers"}
    free = module.isidentifier() and not keyword.iskeyword(module) and module not in others
    return module if free else f"model_{module}"


def folder_of(name: str, folder: Path) -> Path:
    """Where the modules of a recipe's package go."""
    return folder / module_of(name)


def write(name: str, form: str, tokenizer: str, folder: Path) -> None:
    """Write the code and pyproject.toml of a recipe's package; the model is another's business."""
    inside = folder_of(name, folder)
    for file, code in modules(form, tokenizer).items():
        (inside / file).write_text(code.replace("PACKAGE", inside.name), encoding="utf-8")
    needed = ["numpy>=1.26"]
    needed += ["onnxruntime>=1.17"] if form == "onnx_model" else []
    needed += ["tokenizers>=0.15"] if tokenizer in LIBRARY else []
    listed = ", ".join(f'"{requirement}"' for requirement in needed)
    project = PROJECT.format(name=name, module=inside.name, needed=listed)
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")


def modules(form: str, tokenizer: str) -> dict[str, str]:
    """A package's modules by file name. form: "numpy_model" or "onnx_model"; tokenizer: a kind."""
    code = inspect.getsource(shipped)
    for ours, theirs in OURS.items():
        code = code.replace(ours, theirs)
    return {
        "__init__.py": code,
        "__main__.py": STARTING,
        "model.py": inspect.getsource(import_module(f"{shipped.__name__}.{form}")),
        "tokenizer.py": _tokenizer(tokenizer),
    }


def _tokenizer(kind: str) -> str:
    if kind in LIBRARY:
        from stages.tools.export.shipped import huggingface

        return inspect.getsource(huggingface)
    if kind == "ngrams":
        return _extracted(ngrams, NGRAMS)
    return _extracted(subwords8k, SUBWORDS)


def _extracted(module: ModuleType, needed: tuple[str, ...]) -> str:
    """A module of its own: constants, then classes and functions, as they stand in this repository."""
    title = (module.__doc__ or "").partition("\n")[0]
    code = [_without_training(inspect.getsource(getattr(module, name))) for name in needed]
    constants = "\n".join(_constants(module, "".join(code)))
    parts = [HEADER.format(title=title) + constants, *code]
    return "\n\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _constants(module: ModuleType, code: str) -> Iterator[str]:
    """The lines that give a name to a constant that the code uses."""
    for line in inspect.getsource(module).splitlines():
        names, assigned, _ = line.partition(" = ")
        constant = assigned and re.fullmatch("[A-Z_, ]+", names)
        if constant and any(re.search(rf"\b{name}\b", code) for name in names.split(", ")):
            yield line


def _without_training(code: str) -> str:
    """A class or function without the methods that training needs."""
    lines = code.splitlines(keepends=True)
    for node in reversed(ast.parse(code).body[0].body):  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef) and node.name in TRAINING:
            del lines[node.lineno - 1 : node.end_lineno]
    return re.sub(r"\n{3,}", "\n\n", "".join(lines))
