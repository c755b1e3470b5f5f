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

from stages.runtime import files
from stages.runtime.config import ROOT, InputError, parse
from stages.runtime.machine import processor

FILE = "certificate.json"
LIBRARIES = ["keras", "numpy", "tensorflow", "jax", "torch", "tokenizers"]


def origin(
    parameters: Mapping[str, Any], inputs: Iterable[Path], environment: Mapping[str, object]
) -> dict[str, Any]:
    """What determines a training, but for its seed: its parameters, SHA-256 of the arrays that it reads and
    of the code, versions, processor.

    parameters: `model` and `training` of a recipe; inputs: folders of arrays; environment: what else its
    trainer says that results depend on, as threads.
    """
    return {
        "parameters": dict(parameters),
        "inputs": hashes(path for folder in inputs for path in folder.iterdir()),
        "code": hashes(code(parameters)),
        "versions": {"python": platform.python_version()} | versions(),
        **environment,
        "processor": processor(),
    }


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files, by their paths from the root of the repository."""
    return {path.relative_to(ROOT).as_posix(): files.sha256(path) for path in sorted(paths)}


def code(parameters: Mapping[str, Any]) -> list[Path]:
    """The modules that a training depends on: those that dvc.yaml lists."""
    deps = parse(ROOT / "dvc.yaml", "dvc.yaml")["stages"]["train"]["do"]["deps"]
    kinds = {
        "${item.model.architecture}": parameters["model"]["architecture"],
        "${item.training.kind}": parameters["training"]["kind"],
    }
    for variable, kind in kinds.items():
        deps = [dep.replace(variable, kind) for dep in deps]
    places = [ROOT / dep for dep in deps]
    ours = [place for place in places if (ROOT / "stages") in place.parents]
    return [path for place in ours for path in ([place] if place.is_file() else place.rglob("*.py"))]


def key(certificate: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for a certificate."""
    return hashlib.sha256(json.dumps(certificate, sort_keys=True).encode()).hexdigest()[:16]


def write(folder: Path, certificate: Mapping[str, Any]) -> None:
    """Write the certificate of the files in the folder, which it then also names with their hashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): files.sha256(path) for path in paths}
    whole = {**certificate, "files": sums}
    files.write_json(folder / FILE, {**whole, "key": key(whole)})


def verified(folder: Path) -> dict[str, Any]:
    """The certificate in a folder, once its files are seen to be what it says."""
    again = f"bring it back: dvc repro train@{folder.name}, or train it again with -f"
    try:
        certificate: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if certificate.pop("key") != key(certificate):
            raise ValueError("it was altered")
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError) as error:
        raise InputError(f"{folder / FILE} is missing or damaged ({error!r}); {again}") from None
    for name, expected in certificate["files"].items():
        if not (folder / name).exists() or files.sha256(folder / name) != expected:
            raise InputError(f"{folder / name} is missing or not the file that was trained; {again}")
    return certificate


def versions() -> dict[str, str]:
    """Of the libraries that compute, as far as they are installed."""
    installed = {}
    for library in LIBRARIES:
        try:
            installed[library] = version(library)
        except PackageNotFoundError:
            continue
    return installed


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Where versions differ in a way that may change what a model says: by more than a patch.

    {"keras": "3.15.1"} and {"keras": "3.16.0"} -> ["keras 3.15.1, here 3.16.0"]
    """
    return [
        f"{library} {then[library]}, here {now.get(library, 'none')}"
        for library in sorted(set(then) - {"python"})
        if then[library].split(".")[:2] != now.get(library, "").split(".")[:2]
    ]
