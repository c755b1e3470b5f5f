"""How a stage starts: alone, with the values that DVC read, and with help for people."""

import json
import math
import runpy
import shlex
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from dvc.parsing.interpolate import to_str
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.runtime import process
from stages.runtime.config import ROOT, InputError
from stages.study import stage
from stages.study.params import one_of
from tests.study.small import small_params

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
TOOLS = sorted(
    path.stem
    for path in (ROOT / "stages" / "tools").glob("[a-z]*")
    if path.is_file() or (path / "__main__.py").exists()
)
Params = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
WORDS = TEXT | st.sampled_from(["", "two words", "it's", '"', "$HOME; `x`", "\n", "--units", "#", "*", "\\"])
NUMBERS = st.integers() | st.floats(allow_nan=False)
SCALARS = st.one_of(NUMBERS, st.booleans(), st.none(), WORDS)
KEYS = st.from_regex("[a-z0-9_-]{1,5}", fullmatch=True)
MAPPINGS = st.recursive(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    lambda inner: st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3) | inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(MAPPINGS)
def test_arguments_are_the_words_that_a_shell_makes_of_what_dvc_writes(entry: Params) -> None:
    assert stage.arguments(entry) == shlex.split(to_str(entry))


def test_arguments_worked_by_hand() -> None:
    entry = {
        "units": [32, 16],
        "dropout": {"dense": 0.5},
        "mask": False,
        "on": True,
        "early": None,
        "none": [],
    }
    words = ["--units", "32", "16", "--dropout.dense", "0.5", "--on", "--early", "None"]
    assert stage.arguments(entry) == words == shlex.split(to_str(entry))


class Started:
    """Stages of a params.yaml of their own, which are started in this process."""

    def __init__(self, params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
        self.params, self.monkeypatch = params, monkeypatch
        self.calls: list[object] = []
        module = ModuleType("__main__")
        module.__spec__ = ModuleSpec("stages.verb", None)
        monkeypatch.setitem(sys.modules, "__main__", module)
        monkeypatch.setattr(stage, "params", lambda: params)
        monkeypatch.setattr(stage, "outdated", lambda entries: False)

    def run(
        self, *words: str, values: tuple[str, ...] = ("models.{name}", "figures"), section: str = "models"
    ) -> str:
        """The words with which the section's stage ends, "" if it worked."""
        return self._ended(words, lambda: stage.run(section, self._main, *values))

    def run_whole(self, *words: str) -> str:
        return self._ended(words, lambda: stage.run_whole(self.calls.append, "samples", "figures"))

    def _main(self, name: str, params: Params) -> None:
        self.calls.append((name, params))

    def _ended(self, words: tuple[str, ...], work: Callable[[], None]) -> str:
        self.monkeypatch.setattr(sys, "argv", ["stage", *words])
        try:
            work()
        except SystemExit as ended:
            return str(ended.code)
        return ""


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Params:
    return small_params(tmp_path_factory.mktemp("small"))


@pytest.fixture
def started(composed: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    monkeypatch.setattr(process, "LOCKS", tmp_path / "locks")
    return Started(json.loads(json.dumps(composed)), monkeypatch)


def values(params: Params, *places: str) -> list[str]:
    """What DVC puts into a command for these parts of params.yaml."""
    return [word for place in places for word in shlex.split(to_str(stage.at(params, place)))]


def test_a_stage_gets_its_name_and_all_of_params_yaml_by_hand_and_from_dvc_alike(started: Started) -> None:
    given = values(started.params, "models.lstm", "figures")
    assert given[:3] == ["--architecture", "lstm", "--embedding"] and "--grid" in given
    assert started.run("lstm") == started.run("lstm", *given) == ""
    assert started.calls == [("lstm", started.params)] * 2


def test_a_stage_s_entries_may_be_a_part_of_a_section(started: Started) -> None:
    """As those of teach and prepare, pipeline.teachers and pipeline.prepared."""
    name = next(iter(started.params["pipeline"]["sources"]))
    place = "pipeline.sources.{name}.entry"
    given = values(started.params, place.format(name=name))
    assert started.run(name, *given, values=(place,), section="pipeline.sources") == ""
    refusal = started.run("x", values=(place,), section="pipeline.sources")
    assert refusal.startswith("error: there is no source 'x'; ")
    assert started.calls == [(name, started.params)]


def test_a_stage_that_there_is_one_of_is_started_the_same_ways(started: Started) -> None:
    given = values(started.params, "samples", "figures")
    assert given[0] == "--cool"
    assert started.run_whole() == started.run_whole(*given) == ""
    assert started.calls == [started.params] * 2


def test_a_stage_notes_a_forgotten_compose_and_goes_on(
    started: Started, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert started.run("lstm") == "" and capsys.readouterr().err == ""
    monkeypatch.setattr(stage, "outdated", lambda entries: True)
    assert started.run("lstm") == started.run_whole() == ""
    assert capsys.readouterr().err == f"{stage.FORGOTTEN}\n" * 2

    def half_edited(entries: Params) -> bool:
        raise InputError("conf/models/lstm.yaml is not valid YAML")

    monkeypatch.setattr(stage, "outdated", half_edited)
    assert started.run("lstm") == "" and capsys.readouterr().err == f"{stage.FORGOTTEN}\n"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("embedding", 17, "16 is now 17"),
        ("units", [32, 8], "is now 8"),
        ("mask", True, "--width is now --mask"),
    ],
)
def test_a_stage_refuses_values_that_params_yaml_no_longer_has(
    started: Started, key: str, value: object, words: str
) -> None:
    given = values(started.params, "models.lstm", "figures")
    started.params["models"]["lstm"][key] = value
    text = started.run("lstm", *given)
    assert text.startswith("error: params.yaml has changed since DVC read it (") and words in text
    assert "dvc repro" in text and not started.calls
    del started.params["figures"]["grid"]
    assert started.run("lstm", *given).startswith("error: params.yaml has changed")


def test_a_stage_refuses_values_in_another_order_and_too_few_or_too_many(started: Started) -> None:
    given = values(started.params, "samples", "figures")
    for other in (given[2:] + given[:2], given[:-1], [*given, "more"]):
        assert started.run_whole(*other).startswith("error: params.yaml has changed")
    assert not started.calls


@pytest.mark.parametrize(
    "name", ["../../x", "a b", ";rm -rf x", "", "lstm\n", "$(x)", "\udcff", "Lstm", "/", "lstm/", "a" * 300]
)
def test_a_name_that_is_no_entry_is_refused_in_one_line(started: Started, name: str) -> None:
    text = started.run(name)
    assert text.startswith("error: there is no model ") and len(text.splitlines()) == 1
    assert not started.calls


def test_a_wrong_name_is_answered_with_the_nearest_ones_not_with_all(started: Started) -> None:
    known: Params = {f"network-{i}-{kind}": {} for i in range(35) for kind in ("lstm", "gru")}
    with pytest.raises(InputError) as refused:
        one_of("network-3-lstmm", known, "recipes")
    text = str(refused.value)
    assert text.startswith("there is no recipe 'network-3-lstmm'; did you mean network-3-lstm, ")
    assert text.count("network-") == 1 + 3 and text.endswith("?")
    assert "there are conv1d, flatten, lstm, pooled" in started.run("lstmm")  # of four all


@pytest.mark.parametrize(
    ("known", "start"),
    [
        ({}, "there is no corpus 'zzz'; there are none"),
        ({"words": {}}, "there is no corpus 'zzz'; there is words"),
        ({f"words-{i}": {} for i in range(9)}, "there is no corpus 'zzz'; there are words-0, words-1, "),
    ],
)
def test_a_name_that_is_near_to_none_is_answered_with_some(known: Params, start: str) -> None:
    with pytest.raises(InputError) as refused:
        one_of("zzz", known, "corpora")
    assert str(refused.value).startswith(start)


def test_two_processes_are_not_at_one_stage_at_once(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.1)
    with process.only("verb@lstm"):
        assert "another process is at it" in started.run("lstm")
        assert started.run("conv1d") == ""
    assert started.run("lstm") == ""


def helped(
    module: str, words: list[str], capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
) -> str:
    """What a module that is started with these words prints; it has to end well."""
    patch.setattr(sys, "argv", [module, *words])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("module", [*(f"stages.{s}" for s in STAGES), *(f"stages.tools.{t}" for t in TOOLS)])
def test_help_says_what_a_stage_or_tool_does_with_an_example_and_takes_no_lock(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(process, "LOCKS", tmp_path / "locks")
    text = helped(module, ["--help"], capsys, monkeypatch)
    usage, _, rest = text.partition("\n\n")
    assert usage.startswith(f"usage: python -m {module} ")
    assert "Example" in rest and f"python -m {module}" in rest
    assert not (tmp_path / "locks").exists()


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_help_after_a_name_is_help_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "usage: python -m stages.pad" in helped(
        "stages.pad", ["demo-words", "--help"], capsys, monkeypatch
    )


def test_infinity_and_other_floats_are_spelled_as_dvc_spells_them() -> None:
    for number in (math.inf, 1e-05, 1e22, 0.1 + 0.2, -0.0):
        assert stage.arguments({"x": number}) == shlex.split(to_str({"x": number}))
