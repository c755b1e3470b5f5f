"""A birth certificate names everything that determined a model, and is false if one file is another."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import provenance
from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError
from stages.runtime.machine import processor

FOLDER = ROOT / "conf" / "trainings"  # stands for arrays
PARAMETERS = {"model": {"architecture": "lstm"}, "training": {"kind": "gradient_descent", "epochs": 3}}


@pytest.fixture(scope="module")
def origin() -> dict[str, Any]:
    """Of a training whose arrays are the files of a folder of conf/."""
    return provenance.origin(PARAMETERS, [FOLDER], {"backend": "tensorflow on cpu:0", "threads": 1})


def test_it_names_parameters_inputs_versions_backend_threads_and_processor(origin: dict[str, Any]) -> None:
    assert origin["parameters"] == PARAMETERS
    assert origin["versions"].keys() >= {"python", "keras", "tokenizers"}
    assert origin["versions"]["numpy"] == np.__version__
    assert origin["backend"] == "tensorflow on cpu:0" and origin["processor"] == processor()
    assert origin["threads"] == 1
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert origin["inputs"] == {path.relative_to(ROOT).as_posix(): digest for path, digest in digests.items()}


@pytest.mark.parametrize("architecture", kinds.names("models"))
def test_it_names_the_code_that_computes_and_of_the_architectures_its_own(architecture: str) -> None:
    parameters = PARAMETERS | {"model": {"architecture": architecture}}
    code = {path.relative_to(ROOT).as_posix() for path in provenance.code(parameters)}
    assert {path for path in code if "/models/" in path} == {f"stages/models/{architecture}.py"}
    assert {path for path in code if "/trainers/" in path} == {"stages/trainers/gradient_descent.py"}
    rooms = {path.split("/")[1] for path in code}
    assert rooms == {"train.py", "models", "network", "trainers", "artifacts"}
    assert {"stages/network/blocks.py", "stages/network/fitting.py", "stages/artifacts/padded.py"} < code
    assert all((ROOT / path).is_file() and path.endswith(".py") for path in code)


def test_the_key_changes_with_everything_that_determines_a_training(origin: dict[str, Any]) -> None:
    keys = {provenance.key(origin)}
    for name, value in origin.items():
        changed = {**value, "other": 1} if isinstance(value, dict) else "other"
        keys.add(provenance.key(origin | {name: changed}))
    assert len(keys) == 1 + len(origin) and all(len(key) == 16 for key in keys)
    shuffled = dict(reversed(origin.items()))
    assert provenance.key(json.loads(json.dumps(shuffled))) == provenance.key(origin)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a provenance."""
    folder = tmp_path / "demo-x"
    folder.mkdir()
    (folder / "seeds").mkdir()
    (folder / "seeds" / "42.keras").write_bytes(b"weights")
    (folder / "training.json").write_text("{}", encoding="utf-8")
    provenance.write(folder, {"tokenizer": "word 12"})
    return folder


def test_a_certificate_is_read_back_with_the_hashes_of_all_files(model: Path) -> None:
    certificate = provenance.verified(model)
    assert certificate["tokenizer"] == "word 12"
    assert set(certificate["files"]) == {"seeds/42.keras", "training.json"}


@pytest.mark.parametrize("name", ["seeds/42.keras", "training.json"])
def test_another_file_or_none_is_refused_by_name(model: Path, name: str) -> None:
    (model / name).write_bytes(b"weightz")
    with pytest.raises(InputError, match=f"{name} is missing or not the file .*train@demo-x"):
        provenance.verified(model)
    (model / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing or not the file that was trained"):
        provenance.verified(model)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {}}', '{"files": {}, "key": "1"}'])
def test_a_certificate_that_is_none_is_refused(model: Path, text: str) -> None:
    (model / provenance.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate.json is missing or damaged .*train@demo-x"):
        provenance.verified(model)


def test_an_altered_certificate_is_refused(model: Path) -> None:
    path = model / provenance.FILE
    path.write_text(path.read_text(encoding="utf-8").replace("word 12", "word 13"), encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate.json is missing or damaged .*altered"):
        provenance.verified(model)


def test_a_missing_certificate_is_refused(model: Path) -> None:
    (model / provenance.FILE).unlink()
    with pytest.raises(InputError, match=r"certificate.json is missing"):
        provenance.verified(model)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({"keras": "3.15.1"}, {"keras": "3.15.9"}, []),
        ({"keras": "3.15.1"}, {"keras": "3.16.0"}, ["keras 3.15.1, here 3.16.0"]),
        ({"keras": "3.15.1"}, {"keras": "4.15.1"}, ["keras 3.15.1, here 4.15.1"]),
        ({"jax": "0.9.1", "keras": "3.1"}, {"keras": "3.1"}, ["jax 0.9.1, here none"]),
        ({"python": "3.11.2"}, {"python": "3.13.0"}, []),
        ({"backend": "jax"}, {"backend": "tensorflow"}, ["backend jax, here tensorflow"]),
        ({}, {"torch": "3.0"}, []),
    ],
)
def test_versions_differ_if_more_than_their_patch_does(
    then: dict[str, str], now: dict[str, str], expected: list[str]
) -> None:
    assert provenance.differences(then, now) == expected
