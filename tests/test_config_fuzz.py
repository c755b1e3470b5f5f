"""params.yaml, edited at random or as text: accepted and consistent, or refused in one line."""

import copy
import datetime
import functools
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.lib import config, pipeline
from stages.lib.config import PARAMS, InputError
from stages.schema import check
from tests.test_config import COMMITTED, Params, drop

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70_000),
    st.floats(),
    st.text(max_size=9),
    st.just(5000).map(lambda digits: 10**digits),  # Python shows no number of so many
    st.sampled_from([10**30, b"x", datetime.date(2020, 1, 1), {1, 2}, (1,), 1j]),
    st.sampled_from(["???", "\ud800", "a\nb", "\x85", "../x", "0o7", "test", "flatten", "fixed", "files"]),
)
KEYS = st.one_of(SCALARS, st.sampled_from(["kind", "zz", "labels", "path", "demo-lstm"])).filter(
    lambda key: not isinstance(key, set)
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)

# put somewhere into the text of params.yaml
ALIASES = "{a: &a [x,x,x,x,x,x,x,x,x,x]" + "".join(
    f", {y}: &{y} [*{x},*{x},*{x}]" for x, y in pairwise("abcdefghij")
)
TAGS = [
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!str",
    "!!binary",
    "!!timestamp",
    "!!set",
    "!!omap",
    "!!pairs",
]
TAGS += ["!!map", "!!seq", "!!merge", "!!value", "!x", "!!python/object/apply:os.system", "!!python/name:os"]
SNIPPETS = [
    *TAGS,
    *"&*?:-[]{}|>'\"#%@`!,=~\t\x00\x85\ufeff\u2028\r\n",
    "&a a",
    "*a",
    "<<: ",
    "<<: {a: 1}",
    "? ",
    "- ",
    "---",
]
SNIPPETS += [
    "...",
    "%YAML 1.2",
    "'\\ud800'",
    '"\\ud800"',
    '"\\0"',
    "1:" * 999 + "1.5",
    "9" * 5000,
    "0x" + "9" * 9999,
]
SNIPPETS += [
    "[" * 30_000,
    "{a: " * 30_000,
    "- " * 30_000,
    ALIASES + "}",
    "seed: 1",
    "2020-01-01",
    "2020-13-45",
    ".nan",
    "-.inf",
]


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in nested mappings and lists."""
    items: Any = []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def few(recipes: list[str]) -> Params:
    """The committed parameters without other recipes and what only those name; all would take minutes."""
    params = copy.deepcopy(COMMITTED)
    params["recipes"] = {name: params["recipes"][name] for name in recipes}
    for section, key, named in (
        ("corpora", "corpus", "recipes"),
        ("models", "model", "recipes"),
        ("trainings", "training", "recipes"),
        ("sources", "source", "corpora"),
    ):
        used = {entry[key] for entry in params[named].values()}
        params[section] = {name: entry for name, entry in params[section].items() if name in used}
    for entry in params["comparisons"].values():
        entry["recipes"] = [name for name in entry["recipes"] if name in recipes]
    params["comparisons"] = {k: entry for k, entry in params["comparisons"].items() if entry["recipes"]}
    claims = params["published"]["claims"]
    params["published"]["claims"] = {name: claims[name] for name in recipes if name in claims}
    params["pipeline"] = pipeline.derive(params)
    return params


FEW = few(["demo-pooled", "demo-conv1d", "memory-gru-5", "memory-gru-20", "imdb-words-flatten"])


def at(path: tuple[Any, ...]) -> Any:
    """The value there."""
    return functools.reduce(lambda inside, step: inside[step], path, FEW)


COPIES = st.sampled_from([at(path) for path in places(FEW)]).map(copy.deepcopy)


@st.composite
def edits(draw: st.DrawFn) -> Params:
    """The parameters after one to three edits, often with the pipeline derived again."""
    edited = copy.deepcopy(FEW)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(list(places(edited)) or [("seed",)]))
        inside: Any = edited
        for step in above:
            inside = inside[step]
        match draw(st.sampled_from(["set", "borrow", "drop", "add", "rename"])):
            case "set":
                inside[last] = draw(JUNK)
            case "borrow":  # what is right elsewhere
                inside[last] = draw(COPIES)
            case "drop":
                del inside[last]
            case "add" if isinstance(inside, dict):
                inside[draw(KEYS)] = draw(JUNK | COPIES)
            case _ if isinstance(inside, dict):
                inside[draw(KEYS)] = inside.pop(last)
    if draw(st.booleans()):
        edited["pipeline"] = pipeline.derive(edited)
    return edited


def verdict(params: Params) -> str:
    """The one line with which the parameters are refused, "" if they are accepted."""
    try:
        check(params)
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1
        return str(refused)
    return ""


@pytest.mark.slow
@settings(max_examples=1500)
@given(edited=edits())
def test_edited_parameters_are_accepted_and_consistent_or_refused_in_one_line(edited: Params) -> None:
    found = verdict(edited)
    assert verdict(edited) == found
    if not found:
        assert edited["pipeline"] == pipeline.derive(edited)
        assert json.loads(json.dumps(edited)) == edited  # nothing that a file would change
        assert yaml.safe_load(yaml.dump(edited, Dumper=yaml.CSafeDumper)) == edited


def test_any_value_removed_is_accepted_or_refused_in_one_line() -> None:
    for path in places(COMMITTED):
        verdict(drop(COMMITTED, list(path)))


@pytest.mark.slow
@settings(max_examples=1000)
@given(data=st.data())
def test_edited_text_is_accepted_or_refused_in_one_line(tmp_path: Path, data: st.DataObject) -> None:
    text = yaml.dump(FEW, sort_keys=False).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        # at any byte, or where a value begins
        at = data.draw(
            st.integers(0, len(text)) | st.sampled_from([m.end() for m in re.finditer(b": ", text)] or [0])
        )
        more = data.draw(
            st.sampled_from(SNIPPETS).map(str.encode)
            | st.text(max_size=5).map(lambda t: t.encode("utf-8", "surrogatepass"))
            | st.binary(max_size=5)
        )
        cut = data.draw(st.sampled_from([0, 0, 1, 5, 40, len(text)]))
        text = text[:at] + more + text[at + cut :]
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    try:
        found = config.params(path)
    except InputError as refused:
        assert str(refused).startswith("params.yaml") and len(str(refused).splitlines()) == 1
    else:
        assert config.params(path) == found
        assert found["pipeline"] == pipeline.derive(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 42\npipeline", "seed: 42\nseed: 43\npipeline"),
        ("    cue_distance: 16", "    cue_distance: 16\n    cue_distance: 32"),
        ("recipes:\n  demo-pooled:", "recipes:\n  demo-pooled: {}\n  demo-pooled:"),
    ],
)
def test_a_key_written_twice_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    text = refused_file(tmp_path, old, new)
    twice = new.splitlines()[-2].strip().partition(":")[0]
    assert "twice" in text
    assert twice in text or "demo-pooled" in text


@pytest.mark.parametrize(
    "title",
    [
        "2020-13-45",  # a date that there is not
        "!!int abc",
        "!!bool abc",
        "0b_",  # matches YAML 1.1's integers, but has no digits
        "9" * 5000,  # more digits than Python converts
        "&a [*a]",  # contains itself
        ALIASES + "}",  # 10 * 3**9 strings
        "&a x\n    x: *a",
        "[" * 3000 + "]" * 3000,
        "[" * 300 + "]" * 300,
        "!!python/name:os.system x",
        '"\\ud800"',
        "{[a]: 1}",
        "a: b: c",
        "\x00",
    ],
)
def test_yaml_that_cannot_be_a_value_is_one_line(tmp_path: Path, title: str) -> None:
    refused_file(tmp_path, "title: Who needs word order?", f"title: {title}")


@pytest.mark.parametrize("content", [b"", b"- 3\n", b"3", b"\xff\xfe", b"a: [", b"null\n", b"\x80: 1"])
def test_a_file_that_is_no_yaml_mapping_is_one_line_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^params\.yaml.*(mapping|YAML)") as refused:
        config.params(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_line_with_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^params\.yaml is missing.*python -m stages\.compose$"):
        config.params(tmp_path / "params.yaml")


def refused_file(tmp_path: Path, old: str, new: str) -> str:
    """The line with which the committed file is refused after an edit of its text."""
    text = PARAMS.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        config.params(path)
    assert "\n" not in str(refused.value)
    assert "params.yaml" in str(refused.value)
    return str(refused.value)
