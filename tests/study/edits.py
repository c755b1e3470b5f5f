"""Edits of params.yaml, and the line that refuses one."""

import copy
from typing import Any

import pytest

from stages.runtime.config import InputError
from stages.study.schema import check
from tests.study.small import Params


def steps(key: str) -> list[Any]:
    """ "models.lstm.units.0" as a path; what comes after a section and begins with a dot is one name."""
    section, _, rest = key.partition(".")
    if rest.startswith("."):
        return [section, rest]
    return [int(part) if part in ("0", "1") else part for part in key.split(".")]


def put(params: Params, key: str, value: object) -> Params:
    """A copy of the parameters with one value set."""
    edited = copy.deepcopy(params)
    inside: Any = edited
    *above, last = steps(key)
    for step in above:
        inside = inside[step]
    inside[last] = copy.deepcopy(value)
    return edited


def drop(params: Params, key: str) -> Params:
    edited = copy.deepcopy(params)
    inside: Any = edited
    *above, last = steps(key)
    for step in above:
        inside = inside[step]
    del inside[last]
    return edited


def line(params: Params, key: str) -> str:
    """The one line with which the parameters are refused: it names the key, the file, the command."""
    with pytest.raises(InputError) as refused:
        check(params)
    text = str(refused.value)
    assert text and len(text.splitlines()) == 1, key
    assert f"mend {home(key)}" in text and text.endswith("then run: python -m stages.compose"), text
    return text


def home(key: str) -> str:
    """The file of conf/ that a key comes from, independently of the code under test."""
    section = key.partition(".")[0]
    if section == "recipes":
        return "conf/experiments/"
    if section in ("figures", "names", "samples"):
        return f"conf/{section}.yaml"
    folders = ("sources", "corpora", "models", "pretrainings", "trainings", "experiments")
    return f"conf/{section}/" if section in folders else "conf/config.yaml"
