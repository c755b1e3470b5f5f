"""conf/ -> params.yaml: the bytes that DVC writes, nothing of conf/ forgotten, nothing written if refused."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import compose
from stages.compose import CONF
from stages.lib.config import PARAMS, ROOT, InputError, params
from stages.lib.pipeline import derive

DVC = """
import sys
from dvc.utils.hydra import compose_and_dump
compose_and_dump(sys.argv[1], sys.argv[2], None, "config", "conf", sys.argv[3:])
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A copy of conf/ to edit."""
    return Path(shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("__pycache__")))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line(work: Callable[[], object]) -> str:
    """The one line with which `work` is refused."""
    with pytest.raises(InputError) as refused:
        work()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def changed(old: str, new: str) -> set[str]:
    return set(new.splitlines()) - set(old.splitlines())


def test_params_yaml_is_what_conf_gives() -> None:
    same = compose.compose([]) == PARAMS.read_text(encoding="utf-8")
    assert same, "params.yaml is not what conf/ gives; mend it with: python -m stages.compose"


@pytest.mark.parametrize(
    "overrides", [[], ["seed=7", "models.demo-lstm.units=[64,32]", "trainings.demo.validation=test"]]
)
def test_composing_gives_the_bytes_that_dvc_writes(tmp_path: Path, overrides: list[str]) -> None:
    out = tmp_path / "params.yaml"
    command = [sys.executable, "-c", DVC, str(out), str(CONF), *overrides]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert compose.compose(overrides).encode() == out.read_bytes()


def test_an_override_changes_its_value_and_what_follows_from_it_and_nothing_else() -> None:
    plain = yaml.safe_load(compose.compose([]))
    found = yaml.safe_load(compose.compose(["seed=7"]))
    demos = [name for name, source in plain["sources"].items() if source["kind"] == "demo"]
    assert found["pipeline"]["recipes"]["demo-lstm"]["seeds"] == [7, 8, 9]
    assert [found["seed"], *(found["sources"][name]["seed"] for name in demos)] == [7] * (1 + len(demos))
    found["seed"] = plain["seed"]
    for name in demos:
        found["sources"][name]["seed"] = plain["seed"]
    for name, recipe in found["pipeline"]["recipes"].items():
        recipe["seeds"] = plain["pipeline"]["recipes"][name]["seeds"]
    assert found == plain


def test_an_override_of_what_the_pipeline_is_derived_from_reaches_the_pipeline() -> None:
    found = yaml.safe_load(compose.compose(["recipes.demo-lstm.corpus=imdb-words"]))
    assert found["pipeline"]["recipes"]["demo-lstm"]["arrays"] == "data/padded/imdb-words/train.npz"


def test_composing_with_overrides_leaves_the_next_composition_alone() -> None:
    compose.compose(["seed=7"])
    assert compose.compose([]) == compose.compose([])
    assert "seed: 42\n" in compose.compose([])


@pytest.mark.parametrize(
    "override",
    [
        "seeed=7",
        "models.demo-lstm.unit=[3]",
        "seed",
        "seed=[",
        "",
        "=",
        "training=none",
        "seed=${nope}",
        "~seed",
    ],
)
def test_an_unknown_or_malformed_override_is_refused_in_one_line(override: str) -> None:
    assert line(lambda: compose.compose([override])).startswith("conf/: ")


@pytest.mark.parametrize(
    "override",
    ["+x=1", "seed=-1", "models.demo-lstm.units=64", "models.demo-lstm.units=???", "pipeline=3"],
)
def test_a_refused_composition_leaves_params_yaml_as_it_was(tmp_path: Path, override: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("before\n", encoding="utf-8")
    text = compose.compose([override])
    assert line(lambda: compose.write(text, path)).startswith("params.yaml: ")
    assert path.read_text(encoding="utf-8") == "before\n"
    assert [p.name for p in tmp_path.iterdir()] == ["params.yaml"]


def test_an_accepted_composition_is_written_as_composed(tmp_path: Path) -> None:
    text = compose.compose(["models.demo-lstm.units=[64]"])
    compose.write(text, tmp_path / "params.yaml")
    assert (tmp_path / "params.yaml").read_bytes() == text.encode()


@pytest.mark.parametrize("folder", ["source", "corpus", "model", "training", "recipe", "comparison"])
def test_a_file_of_conf_that_is_not_listed_is_refused_by_name(conf: Path, folder: str) -> None:
    (conf / folder / "zz.yaml").write_text("# @package zz\n", encoding="utf-8")
    text = line(lambda: compose.compose([], conf))
    assert f"conf/{folder}/zz.yaml" in text
    assert "conf/config.yaml" in text


@pytest.mark.parametrize(
    "first", ["# @package models.demo-lsm", "# @package model.demo-lstm", "architecture: lstm", ""]
)
def test_a_file_under_another_entrys_name_is_refused_with_the_right_first_line(
    conf: Path, first: str
) -> None:
    edit(conf / "model" / "demo-lstm.yaml", "# @package models.demo-lstm", first)
    text = line(lambda: compose.compose([], conf))
    assert "conf/model/demo-lstm.yaml" in text
    assert "'# @package models.demo-lstm'" in text


def test_a_listed_file_that_is_missing_is_refused_by_name(conf: Path) -> None:
    (conf / "model" / "demo-lstm.yaml").unlink()
    assert "model/demo-lstm" in line(lambda: compose.compose([], conf))


def test_a_recipe_is_added_by_its_file_its_place_in_the_list_and_nothing_else(
    conf: Path, tmp_path: Path
) -> None:
    content = "# @package recipes.zz\ncorpus: demo-words\nmodel: demo-lstm\ntraining: default\n"
    (conf / "recipe" / "zz.yaml").write_text(content, encoding="utf-8")
    edit(conf / "config.yaml", "  - recipe:\n", "  - recipe:\n      - zz\n")
    compose.write(compose.compose([], conf), tmp_path / "params.yaml")
    found = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    assert found["pipeline"]["recipes"]["zz"]["architecture"] == "lstm"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", b"a: ["),
        ("config.yaml", b""),
        ("config.yaml", b"defaults: null\nseed: 1\n"),
        ("config.yaml", b"defaults: 3\nseed: 1\n"),
        ("model/demo-lstm.yaml", b"# @package models.demo-lstm\n a: [\n"),
        ("model/demo-lstm.yaml", b"# @package models.demo-lstm\na: 1\na: 2\n"),
        ("model/demo-lstm.yaml", b"# @package models.demo-lstm\n- 3\n"),
        ("model/demo-lstm.yaml", b"# @package models.demo-lstm\na: \xff\n"),
        ("figures/default.yaml", b"# @package figures\na: \xff\n"),
        ("figures/default.yaml", b"# @package figures\na: $${x\n"),
        ("figures/default.yaml", b"# @package figures\na: &a [*a]\n"),
        ("figures/default.yaml", b"# @package figures\na: " + b"[" * 50_000),
        ("config.yaml", b"defaults:\n  - recipe: 3\n"),
        ("config.yaml", b"defaults:\n  - source: demo, imdb, sarcasm\n"),
        ("recipe/demo-lstm.yaml", b"# @package recipes.demo-lstm\n"),
    ],
)
def test_a_damaged_file_of_conf_is_refused_in_one_line(
    conf: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (conf / name).write_bytes(content)
    text = line(lambda: compose.write(compose.compose([], conf), tmp_path / "params.yaml"))
    assert text.rpartition(": ")[2]


def test_check_is_content_with_what_conf_gives() -> None:
    compose.main(["--check"])


@pytest.mark.parametrize(("old", "new"), [("seed: 42", "seed: 43"), ("seed: 42", "seed: 42 # mine")])
def test_check_finds_an_edit_by_hand_and_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    path = Path(shutil.copy(PARAMS, tmp_path / "params.yaml"))
    monkeypatch.setattr(compose, "PARAMS", path)
    compose.main(["--check"])
    edit(path, old, new)
    before = path.read_bytes()
    text = line(lambda: compose.main(["--check"]))
    assert "python -m stages.compose" in text
    assert new in text
    assert path.read_bytes() == before


def test_check_finds_that_params_yaml_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "PARAMS", tmp_path / "params.yaml")
    assert "python -m stages.compose" in line(lambda: compose.main(["--check"]))


def test_check_of_other_overrides_than_were_composed_finds_them() -> None:
    assert "seed" in line(lambda: compose.main(["--check", "seed=7"]))


SNIPPETS = [
    "&a a",
    "*a",
    "!!int ''",
    "!!python/name:os",
    "<<: {a: 1}",
    "[" * 30_000,
    "{a: " * 30_000,
    "\t",
    "\x00",
    "'",
    "{",
]
SNIPPETS += [
    "${seed}",
    "${nope}",
    "${",
    "$${x",
    "\\${x}",
    "${pipeline:}",
    "${oc.env:HOME}",
    "???",
    "null",
    "[]",
    "3",
    "1e3",
    "9" * 5000,
]
SNIPPETS += [
    "# ",
    "- ",
    "seed: 1",
    "\n",
    "_self_",
    "demo",
    "override ",
    "@x",
    "0o7",
    "2020-01-01",
    "!!timestamp x",
    "\ufeff",
    "\u2028",
]
FILES = sorted(path.relative_to(CONF) for path in CONF.rglob("*.yaml"))


@pytest.mark.slow
@settings(max_examples=100)
@given(data=st.data())
def test_an_edited_file_of_conf_is_composed_or_refused_in_one_line(
    conf: Path, tmp_path: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([Path("config.yaml"), *FILES]))
    before = text = (CONF / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 2))):
        places = [m.end() for m in re.finditer(rb"[:[,] |\n", text)]
        at = data.draw(st.integers(0, len(text)) | st.sampled_from(places or [0]))
        more = data.draw(st.sampled_from(SNIPPETS).map(str.encode) | st.binary(max_size=4))
        text = text[:at] + more + text[at + data.draw(st.sampled_from([0, 0, 1, 8, 50])) :]
    (conf / name).write_bytes(text)
    try:
        compose.write(compose.compose([], conf), tmp_path / "params.yaml")
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1
    else:
        composed = params(tmp_path / "params.yaml")
        assert composed["pipeline"] == derive(composed)
    finally:
        (conf / name).write_bytes(before)
