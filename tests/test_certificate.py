"""A birth certificate names everything that determined a model, and is false if one file is another."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.lib import certificate
from stages.lib.config import ROOT, InputError
from stages.lib.machine import processor

ARRAYS = ROOT / "params.yaml"  # any file of the repository stands for arrays


def origin() -> dict[str, Any]:
    return certificate.origin("lstm", {"seed": 1, "training": {"epochs": 3}}, [ARRAYS], "tensorflow on cpu:0")


def test_it_names_parameters_inputs_code_versions_and_processor() -> None:
    found = origin()
    assert found["parameters"] == {"seed": 1, "training": {"epochs": 3}}
    assert found["inputs"].keys() == {"params.yaml"} and len(found["inputs"]["params.yaml"]) == 64
    assert found["code"].keys() > {"stages/train.py", "stages/models/lstm.py", "stages/lib/fitting.py"}
    assert "stages/models/gru.py" not in found["code"] and all(
        (ROOT / path).exists() for path in found["code"]
    )
    assert found["versions"].keys() >= {"python", "keras", "tokenizers"}
    assert found["versions"]["numpy"] == np.__version__
    assert found["backend"] == "tensorflow on cpu:0" and found["processor"] == processor()


def test_the_key_changes_with_everything_that_determines_a_training() -> None:
    found = origin()
    keys = {certificate.key(found)}
    for name, value in found.items():
        changed = {**value, "other": 1} if isinstance(value, dict) else "other"
        keys.add(certificate.key(found | {name: changed}))
    assert len(keys) == 1 + len(found) and all(len(key) == 16 for key in keys)
    shuffled = dict(reversed(found.items()))
    assert certificate.key(json.loads(json.dumps(shuffled))) == certificate.key(found)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a certificate."""
    folder = tmp_path / "demo-x"
    folder.mkdir()
    (folder / "seeds").mkdir()
    (folder / "seeds" / "42.keras").write_bytes(b"weights")
    (folder / "training.json").write_text("{}", encoding="utf-8")
    certificate.write(folder, {"tokenizer": "word 12"})
    return folder


def test_a_certificate_is_read_back_with_the_hashes_of_all_files(model: Path) -> None:
    found = certificate.verified(model)
    assert found["tokenizer"] == "word 12" and set(found["files"]) == {"seeds/42.keras", "training.json"}


@pytest.mark.parametrize("name", ["seeds/42.keras", "training.json"])
def test_another_file_or_none_is_refused_by_name(model: Path, name: str) -> None:
    (model / name).write_bytes(b"weightz")
    with pytest.raises(InputError, match=f"{name} is missing or not the file .*train@demo-x"):
        certificate.verified(model)
    (model / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing or not the file that was trained"):
        certificate.verified(model)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {}}', '{"files": {}, "key": "1"}'])
def test_a_certificate_that_is_none_is_refused(model: Path, text: str) -> None:
    (model / certificate.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate.json is missing or damaged .*train@demo-x"):
        certificate.verified(model)


def test_an_altered_certificate_is_refused(model: Path) -> None:
    path = model / certificate.FILE
    path.write_text(path.read_text(encoding="utf-8").replace("word 12", "word 13"), encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate.json is missing or damaged .*altered"):
        certificate.verified(model)


def test_a_missing_certificate_is_refused(model: Path) -> None:
    (model / certificate.FILE).unlink()
    with pytest.raises(InputError, match=r"certificate.json is missing"):
        certificate.verified(model)


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
    assert certificate.differences(then, now) == expected
