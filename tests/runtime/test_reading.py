"""Reading strictly: whatever is wrong with a file or an entry is one line that says where."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError, alike, config, nearest, parse, quoted, read, refusal


@config
class Inner:
    patience: int


@config
class Entry:
    units: Annotated[list[int], Field(min_length=1)]
    rate: Annotated[float, Field(gt=0)] = 0.5
    stop: Inner | None = None
    watch: Inner | str = "test"


def refused(path: Path, content: bytes) -> str:
    """The one line with which a file is refused."""
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        parse(path, "conf/x.yaml")
    text = str(error.value)
    assert text.startswith("conf/x.yaml") and len(text.splitlines()) == 1 and len(text) < 500
    return text


def test_a_key_written_twice_is_refused_by_name_at_any_depth(tmp_path: Path) -> None:
    for content in (b"seed: 1\nseed: 2\n", b"a:\n  - {seed: 1, b: 2, seed: 1}\n", b"{seed: {}, seed: {}}"):
        assert "'seed' is there twice" in refused(tmp_path / "x", content)


def test_a_key_that_is_no_string_is_refused_with_the_remedy(tmp_path: Path) -> None:
    for key in ("3", "2.5", "true", "null", "yes", "2020-01-01", "~"):
        assert f"key {key!r} is no string, write it in quotes" in refused(
            tmp_path / "x", f"{key}: 1\n".encode()
        )
    (tmp_path / "x").write_text("'3': 1\n", encoding="utf-8")
    assert parse(tmp_path / "x", "x") == {"3": 1}


def test_a_file_that_is_no_yaml_mapping_is_one_line_with_its_name(tmp_path: Path) -> None:
    for content in (b"", b"- 3\n", b"3", b"null\n", b"# nothing\n"):
        assert "allowed: a mapping" in refused(tmp_path / "x", content)
    for content in (
        b"\xff\xfe",
        b"a: [",
        b"\x80: 1",
        b"a: b: c",
        b"a: \x00",
        b"a: 2020-13-45",
        b"a: !!int b",
        b"a: !!python/name:os.system x",
        b"{[a]: 1}",
        b"\t- a: '",
    ):
        assert "is not valid YAML" in refused(tmp_path / "x", content)


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfseed: 1\r\n")
    assert parse(tmp_path / "x", "x") == {"seed": 1}


SNIPPETS = [
    *"&*?:-[]{}|>'\"#%@`!,=~\t\x00\x85\ufeff\u2028\r\n",
    "&a a",
    "*a",
    "<<: {a: 1}",
    "? ",
    "- ",
    "---",
    "...",
]
SNIPPETS += [
    "!!int",
    "!!set",
    "!!omap",
    "!!binary",
    "!!timestamp",
    "!x",
    "%YAML 1.2",
    '"\\ud800"',
    "2020-13-45",
    ".nan",
]
TEXT = b"seed: 1\nmodels:\n  lstm: {units: [3, 4], mask: true, name: 'x'}\nepochs: 1e-3\n"


@settings(max_examples=150)
@given(st.data())
def test_edited_text_is_a_mapping_with_keys_that_are_strings_or_refused_in_one_line(
    tmp_path: Path, data: st.DataObject
) -> None:
    at, cut = data.draw(st.integers(0, len(TEXT))), data.draw(st.sampled_from([0, 0, 1, 5, 40]))
    more = data.draw(
        st.sampled_from(SNIPPETS).map(lambda t: t.encode("utf-8", "surrogatepass")) | st.binary(max_size=4)
    )
    path = tmp_path / "x"
    path.write_bytes(TEXT[:at] + more + TEXT[at + cut :])
    try:
        mapping = parse(path, "x")
    except InputError as error:
        assert str(error).startswith("x") and len(str(error).splitlines()) == 1
    else:
        assert all(isinstance(key, str) for key in mapping)


def refused_line(entry: object) -> str:
    with pytest.raises(InputError) as error:
        read(Entry, entry, "models.lstm", "mend conf/models/lstm.yaml")
    text = str(error.value)
    assert text.startswith("params.yaml: models.lstm") and text.endswith("mend conf/models/lstm.yaml")
    return text


def test_an_entry_is_read_with_its_defaults_and_exactly_its_types() -> None:
    entry = read(Entry, {"units": [3], "stop": {"patience": 2}, "watch": {"patience": 1}}, "x")
    assert entry == Entry(units=[3], stop=Inner(patience=2), watch=Inner(patience=1))
    with pytest.raises(AttributeError):
        entry.rate = 1.0  # type: ignore[misc]  # frozen


GOOD: dict[str, Any] = {"units": [3]}


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"units": [True]}, "models.lstm.units.0: found true, allowed: a valid integer;"),
        ({"units": [3, "4"]}, 'models.lstm.units.1: found "4", allowed: a valid integer;'),
        ({"units": [3.0]}, "models.lstm.units.0: found 3.0, allowed: a valid integer;"),
        ({"units": [3], "rate": float("nan")}, "models.lstm.rate: found NaN, allowed: a finite number;"),
        (GOOD | {"stop": {"patience": "2"}}, 'models.lstm.stop.patience: found "2", allowed: a valid'),
        (GOOD | {"watch": {"patience": "2"}}, 'models.lstm.watch.patience: found "2", allowed: a valid'),
        (GOOD | {"stop": {"patiense": 2, "patience": 2}}, "patiense: found 2, allowed: no such key, one of"),
        (GOOD | {"rates": 1}, "rates: found 1, allowed: no such key, one of rate, stop, units, watch"),
        ({"unitz": [3]}, "models.lstm.unitz: found [3], allowed: no such key, one of"),
        ({"units": "x"}, 'models.lstm.units: found "x", allowed: a list;'),
        ({}, "models.lstm.units is missing; the keys here are units, rate, stop, watch;"),
        ({"units": [3], "stop": {}}, "models.lstm.stop.patience is missing; the keys here are patience;"),
        ([3], "models.lstm: found [3], allowed: "),
        ("x" * 500, 'xxx..., allowed: '),
    ],
)  # fmt: skip
def test_a_bad_entry_is_one_line_with_its_key_what_it_is_and_what_is_allowed(
    entry: object, text: str
) -> None:
    assert text in refused_line(entry)


def test_a_wrong_name_is_answered_with_the_three_nearest_of_many_or_with_all_of_few() -> None:
    many = [
        f"remedies-{network}-{remedy}"
        for network in ("lstm", "gru")
        for remedy in ("none", "all", "early", "mask", "x")
    ]
    assert nearest("remedies-gru-eary", many).startswith("say remedies-gru-early, ")
    assert nearest("remedies-gru-eary", many).count(",") == 2
    assert nearest("!", many) == f"say {min(many)}"
    assert nearest("z", ["b", "a"]) == "one of a, b"


def test_the_nearest_of_names_comes_first_and_three_are_the_most() -> None:
    names = ["lstm", "lstms", "gru", "lst", "lsmt"]
    assert alike("lstm", names)[0] == "lstm" and len(alike("lstm", iter(names))) == 3
    assert alike("unit", ["units", "until"], cutoff=0.8) == ["units"] and not alike("!", names)


def test_what_is_quoted_is_short_and_one_line() -> None:
    assert quoted("ü\n") == '"ü\\n"' and len(quoted(["x" * 99])) == 80
    assert len(str(refusal("a.b\nc", "x\ny", "z")).splitlines()) == 1
    assert str(InputError("found 3\nallowed: 4")) == r"found 3\nallowed: 4"


JUNK: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["units", "rate", "stop", "watch", "patience", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(JUNK)
def test_junk_is_read_or_refused_in_one_line_and_what_is_read_is_what_was_there(entry: Any) -> None:
    try:
        made = read(Entry, entry, "x")
    except InputError as error:
        assert str(error) and len(str(error).splitlines()) == 1
    else:
        assert made.units == entry["units"] and set(entry) <= {"units", "rate", "stop", "watch"}
        assert json.loads(json.dumps(entry)) == entry


def test_kinds_are_the_modules_of_a_folder() -> None:
    for folder in ("sources", "tokenizers", "models"):
        files = {path.stem for path in (ROOT / "stages" / folder).glob("*.py")}
        assert {*kinds.names(folder), "__init__"} == files
        assert (
            kinds.module(folder, kinds.names(folder)[0]).__name__
            == f"stages.{folder}.{min(kinds.names(folder))}"
        )
