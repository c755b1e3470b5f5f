"""A trained model's birth certificate: everything that determined it, and the hashes of its files.

It lies beside the model. Two trainings with equal certificates give equal bytes, so its key names a
checkpoint that may be continued; and whoever uses the model can tell whether it is still the one
that was trained, and what differs where it is used.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from stages.lib import files
from stages.lib.config import ROOT, InputError, parse
from stages.lib.machine import processor

FILE = "certificate.json"
LIBRARIES = ["keras", "numpy", "tensorflow", "jax", "torch", "tokenizers"]


def origin(
    architecture: str, parameters: Mapping[str, Any], inputs: Iterable[Path], backend: str
) -> dict[str, Any]:
    """What determines a training, but for its seed: its parameters, SHA-256 of the arrays that it reads and
    of the code, versions, processor."""
    return {
        "parameters": dict(parameters),
        "inputs": {str(path.relative_to(ROOT)): files.sha256(path) for path in inputs},
        "code": {path: files.sha256(ROOT / path) for path in _code(architecture)},
        "versions": {"python": platform.python_version()} | versions(),
        "backend": backend,
        "processor": processor(),
    }


def key(found: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for a certificate."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write the certificate of the files in the folder, which it then also names with their hashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    whole = {**found, "files": {path.relative_to(folder).as_posix(): files.sha256(path) for path in paths}}
    files.write_json(folder / FILE, {**whole, "key": key(whole)})


def verified(folder: Path) -> dict[str, Any]:
    """The certificate in a folder, once its files are found to be what it says."""
    again = f"bring it back: dvc repro train@{folder.name}, or train it again with -f"
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found.pop("key") != key(found):
            raise ValueError("it was altered")
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError) as error:
        raise InputError(f"{folder / FILE} is missing or damaged ({error!r}); {again}") from None
    for name, expected in found["files"].items():
        if not (folder / name).exists() or files.sha256(folder / name) != expected:
            raise InputError(f"{folder / name} is missing or not the file that was trained; {again}")
    return found


def versions() -> dict[str, str]:
    """Of the libraries that compute, as far as they are installed."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Where versions differ in a way that may change what a model says: by more than a patch.

    {"keras": "3.15.1"} and {"keras": "3.16.0"} -> ["keras 3.15.1, here 3.16.0"]
    """
    return [
        f"{library} {then[library]}, here {now.get(library, 'none')}"
        for library in sorted(set(then) - {"python"})
        if then[library].split(".")[:2] != now.get(library, "").split(".")[:2]
    ]


def _code(architecture: str) -> list[str]:
    """The modules that a training depends on: dvc.yaml lists them (tests/test_dvc_yaml.py: all of them)."""
    deps = parse(ROOT / "dvc.yaml", "dvc.yaml")["stages"]["train"]["do"]["deps"]
    modules = [dep.replace("${item.architecture}", architecture) for dep in deps]
    return sorted(module for module in modules if module.startswith("stages/"))
