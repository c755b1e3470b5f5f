"""conf/ -> params.yaml: the bytes that DVC writes, nothing of conf/ forgotten, nothing written if refused."""

import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import compose as tool
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.study import composition
from stages.study.composition import compose, outdated, versions
from stages.study.grids import derive
from stages.study.params import params
from stages.study.schema import check
from tests.study.small import STUDY, write_conf

DVC = """
import sys
from dvc.utils.hydra import compose_and_dump, load_hydra_plugins
load_hydra_plugins(sys.argv[2])
for out, *overrides in __import__("json").loads(sys.argv[1]):
    compose_and_dump(out, sys.argv[2], None, "config", sys.argv[2], overrides)
"""
KEPT = [
    "sources/demo",
    "corpora/words",
    "models/lstm",
    "models/conv1d",
    "trainings/short",
    "experiments/cells",
]
TINY = {name: STUDY[name] for name in [*KEPT, "figures", "names", "samples"]}
OVERRIDES = ["seed=7", "models.lstm.units=[64,32]", "trainings.short.validation.fraction=0.5"]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A small conf/ to edit."""
    return write_conf(tmp_path, TINY)


@pytest.fixture
def project(conf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """params.yaml beside the small conf/, which `python -m stages.compose` works on."""
    path = conf.parent / "params.yaml"
    monkeypatch.setattr(tool, "PARAMS", path)
    monkeypatch.setattr(tool, "CHECKED", conf.parent / "data" / "composed")
    monkeypatch.setattr(tool, "params", functools.partial(params, path))
    monkeypatch.setattr(tool, "compose", functools.partial(compose, conf=conf))
    monkeypatch.setattr(tool, "outdated", functools.partial(outdated, conf=conf))
    return path


def start(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """`python -m stages.compose`, without its guard."""
    monkeypatch.setattr(sys, "argv", ["compose", *words])
    tool.main()


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


# --- composing


def test_composing_gives_the_bytes_that_dvc_writes(conf: Path) -> None:
    cases = [[str(conf.parent / "a.yaml")], [str(conf.parent / "b.yaml"), *OVERRIDES]]
    done = subprocess.run(  # DVC's plugins of Hydra are looked for once in a process
        [sys.executable, "-c", DVC, json.dumps(cases), str(conf)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for out, *overrides in cases:
        assert compose(overrides, conf) == Path(out).read_text(encoding="utf-8")


def test_overrides_change_their_values_and_what_follows_and_nothing_else(conf: Path) -> None:
    plain, other = (yaml.safe_load(compose(words, conf)) for words in ([], OVERRIDES))
    assert (other["seed"], other["sources"]["demo"]["seed"]) == (7, 7)
    recipe = other["recipes"]["cells-lstm-none"]
    assert recipe["seeds"] == [7, 8] and recipe["model"]["units"] == [64, 32]
    assert other["recipes"]["cells-lstm-early"]["model"]["units"] == [8, 4]  # as its tweak says
    assert {r["training"]["validation"]["fraction"] for r in other["recipes"].values()} == {0.5}
    for section in ("corpora", "experiments", "figures", "samples", "comparisons", "versions"):
        assert other[section] == plain[section]
    assert yaml.safe_load(compose([], conf)) == plain  # the next composition is without them


def test_recipes_and_the_pipeline_are_those_that_grids_derives(conf: Path) -> None:
    composed = yaml.safe_load(compose([], conf))
    assert {name: composed[name] for name in ("recipes", "comparisons", "pipeline")} == derive(composed)


def test_the_versions_are_those_of_the_lock_file(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    pins = [
        "keras==3.1 \\\n    --hash=sha256:0",
        "numpy[x]==2.0 ; old",
        "numpy==2.5 ; new",
        "tensorflow==2.9 ; a",
    ]
    lock.write_text("\n".join([*pins, "numpy-x==1", ""]), "utf-8")
    assert versions(lock) == {"keras": "3.1", "numpy": ["2.0", "2.5"], "tensorflow": "2.9"}


def test_a_recipe_is_added_by_one_line_and_all_others_stay(conf: Path) -> None:
    before = yaml.safe_load(compose([], conf))["recipes"]
    path = conf / "experiments" / "cells.yaml"
    edit(path, "    none: {}\n", "    none: {}\n    mask: {model: {mask: true}}\n")
    after = yaml.safe_load(compose([], conf))["recipes"]
    assert after.keys() - before.keys() == {"cells-lstm-mask", "cells-conv1d-mask"}
    assert {name: after[name] for name in before} == before
    assert after["cells-lstm-mask"]["model"] == before["cells-lstm-none"]["model"] | {"mask": True}


def test_an_entry_is_added_by_its_file_alone(conf: Path) -> None:
    (conf / "models" / "zz.yaml").write_text(yaml.safe_dump(STUDY["models/pooled"]), encoding="utf-8")
    assert yaml.safe_load(compose([], conf))["models"]["zz"]["architecture"] == "pooled"


UNUSABLE = ["seeed=7", "models.lstm.unit=[3]", "seed", "seed=[", "", "training=none", "seed=${nope}"]


@pytest.mark.parametrize("override", UNUSABLE)
def test_an_unknown_or_malformed_override_is_refused_in_one_line(conf: Path, override: str) -> None:
    text = line(lambda: compose([override], conf))
    assert text.startswith("conf/: ") and text.rpartition(": ")[2]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("models.lstm.unit=[3]", "models.lstm: found no key 'unit', allowed: units; mend"),
        ("~models.lstm.unit", "models.lstm: found no key 'unit', allowed: units; mend"),
        ("models.lsmt.units=[3]", "models: found no key 'lsmt', allowed: lstm; mend"),
        ("seeed=7", "found no key 'seeed', allowed: seed; mend"),
    ],
)
def test_a_misspelt_override_names_the_nearest_keys(conf: Path, override: str, words: str) -> None:
    text = line(lambda: compose(["seed=7", override], conf))
    assert text == f"conf/: {words} {override}"


def test_an_override_of_what_is_derived_is_told_what_to_override_instead(conf: Path) -> None:
    override = "recipes.cells-lstm-none.model.units=[3]"
    text = line(lambda: compose([override], conf))
    assert text.startswith("conf/: recipes: found an override") and text.endswith(f"; mend {override}")
    assert "models.demo-lstm.units=[64]" in text


def test_an_override_of_a_key_that_no_file_states_is_told_how_to_be_added(conf: Path) -> None:
    override = "models.lstm.zzz.q=1"
    assert line(lambda: compose([override], conf)).endswith(f", or add what no file states: +{override}")


@pytest.mark.parametrize("overrides", [["models.lstm.units=64"], ["seed=7", "models.lstm.units=64"]])
def test_a_value_of_an_override_is_mended_there(
    project: Path, monkeypatch: pytest.MonkeyPatch, overrides: list[str]
) -> None:
    text = line(lambda: start(monkeypatch, *overrides))
    assert "models.lstm.units: found 64" in text and "conf/" not in text
    assert text.endswith(f"; mend {'one of ' if len(overrides) > 1 else ''}{' '.join(overrides)}")


def test_a_value_of_a_file_is_mended_there_with_overrides_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project.parent / "conf" / "models" / "lstm.yaml", "dense: 6", "dense: six")
    assert "mend conf/models/lstm.yaml" in line(lambda: start(monkeypatch, "seed=7"))


@pytest.mark.parametrize("override", ["+x=1", "seed=-1", "models.lstm.units=64", "recipes=3"])
def test_a_refused_composition_leaves_params_yaml_as_it_was(
    project: Path, monkeypatch: pytest.MonkeyPatch, override: str
) -> None:
    project.write_text("before\n", encoding="utf-8")
    assert line(lambda: start(monkeypatch, override)).startswith("params.yaml: ")
    assert project.read_text(encoding="utf-8") == "before\n"
    assert sorted(path.name for path in project.parent.iterdir()) == ["conf", "params.yaml"]


def test_a_value_that_is_left_open_is_refused_by_its_key(conf: Path) -> None:
    edit(conf / "models" / "lstm.yaml", "dense: 6", "dense: ???")
    assert "models.lstm.dense is ???" in line(lambda: compose([], conf))
    assert "dense: 3" in compose(["models.lstm.dense=3"], conf)


# --- files of conf/


def test_what_editors_and_file_managers_leave_is_ignored(conf: Path) -> None:
    before = compose([], conf)
    for name in (".DS_Store", "lstm.yaml~", ".lstm.yaml.swp", "#lstm.yaml#", "lstm.yaml.swp"):
        (conf / "models" / name).write_bytes(b"\x00")
    assert compose([], conf) == before


@pytest.mark.parametrize("name", ["zz.yml", "zz.YAML", "zz", "zz.yaml.txt", "lstm.yaml.bak"])
def test_a_file_that_would_be_passed_over_is_refused_by_name(conf: Path, name: str) -> None:
    (conf / "models" / name).write_text("architecture: lstm\n", encoding="utf-8")
    assert f"conf/models/{name}: found a name that does not end in .yaml" in line(lambda: compose([], conf))


def test_what_nothing_reads_beside_the_folders_of_sections_is_refused_by_name(conf: Path) -> None:
    (conf / "README.md").write_text("mine\n", encoding="utf-8")
    compose([], conf)
    (conf / "modles").mkdir()
    assert "found modles, which nothing reads, allowed: say models, " in line(lambda: compose([], conf))
    (conf / "modles").rmdir()
    (conf / "samples.yml").write_text("{}\n", encoding="utf-8")
    assert "found samples.yml, which nothing reads, allowed: say sam" in line(lambda: compose([], conf))


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(conf: Path) -> None:
    before = compose([], conf)
    for path in [*conf.glob("models/*.yaml"), conf / "figures.yaml"]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert compose([], conf) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", b"a: ["),
        ("config.yaml", b""),
        ("config.yaml", b"defaults: 3\nseed: 1\n"),
        ("models/lstm.yaml", b"a: 1\na: 2\n"),
        ("models/lstm.yaml", b"- 3\n"),
        ("models/lstm.yaml", b"a: \xff\n"),
        ("figures.yaml", b"a: $${x\n"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_conf_is_refused_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    (project.parent / "conf" / name).write_bytes(content)
    text = line(lambda: start(monkeypatch))
    assert text.rpartition(": ")[2]
    assert not project.exists()


def test_a_missing_file_of_the_study_is_named(conf: Path) -> None:
    (conf / "samples.yaml").unlink()
    with pytest.raises((InputError, FileNotFoundError), match=r"samples\.yaml"):
        compose([], conf)


SNIPPETS = ["&a a", "*a", "!!int ''", "<<: {a: 1}", "\t", "\x00", "'", "{", "[", "${seed}", "${nope}", "${"]
SNIPPETS += ["$${x", "${derived:recipes}", "${oc.env:HOME}", "???", "null", "[]", "3", "1e3", "# ", "- "]
SNIPPETS += [
    "seed: 1",
    "\n",
    "_self_",
    "lstm",
    "@x",
    "0o7",
    "2020-01-01",
    "\ufeff",
    "\u2028",
    "defaults: [x]",
]


@settings(max_examples=15)
@given(data=st.data())
def test_an_edited_file_of_conf_is_composed_or_refused_in_one_line(conf: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(conf.rglob("*.yaml"))))
    before = path.read_bytes()
    places = [m.end() for m in re.finditer(rb"[:[,] |\n", before)]
    at = data.draw(st.integers(0, len(before)) | st.sampled_from(places))
    more = data.draw(st.sampled_from(SNIPPETS).map(str.encode) | st.binary(max_size=4))
    path.write_bytes(before[:at] + more + before[at + data.draw(st.sampled_from([0, 0, 1, 8, 50])) :])
    out = conf.parent / "params.yaml"
    try:
        files.write_text(out, compose([], conf))
        composed = params(out)
    except InputError as refused:
        assert str(refused) and len(str(refused).splitlines()) == 1
    else:
        assert composed["recipes"] == derive(composed)["recipes"]
    finally:
        path.write_bytes(before)


# --- a compose that was forgotten


def refused_check(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether `--check` refuses, with the words that it has to have."""
    try:
        start(monkeypatch, "--check")
    except InputError as refused:
        text = str(refused)
        assert "\n" not in text and "composed from another conf/" in text
        assert text.endswith("python -m stages.compose")
        return True
    return False


@pytest.mark.parametrize(
    ("name", "old", "new", "refused"),
    [
        ("models/lstm.yaml", "dense: 6", "dense: 7", True),
        ("experiments/cells.yaml", "none: {}", "none: {seeds: 1}", True),
        ("figures.yaml", "width: 9.0", "width: 8.0", True),
        ("config.yaml", "seed: 42", "seed: 43", True),
        ("models/lstm.yaml", "dense: 6", "dense: 6  # half a dozen", False),
        ("config.yaml", "seed: 42", "# the answer\nseed: 42", False),
    ],
)
def test_a_value_of_conf_that_was_edited_since_is_refused_and_a_comment_is_not(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, refused: bool
) -> None:
    start(monkeypatch)
    edit(project.parent / "conf" / name, old, new)
    assert refused_check(monkeypatch) is refused
    assert tool.CHECKED.exists() is not refused


def test_what_lessons_claim_is_no_part_of_what_is_composed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(monkeypatch)
    (project.parent / "conf" / "published.yaml").write_text("sources: {}\nclaims: {}\n", encoding="utf-8")
    assert not refused_check(monkeypatch)


def test_a_file_that_was_added_or_deleted_since_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(monkeypatch)
    more = project.parent / "conf" / "models" / "zz.yaml"
    more.write_text(yaml.safe_dump(STUDY["models/pooled"]), encoding="utf-8")
    assert refused_check(monkeypatch)
    more.unlink()
    assert not refused_check(monkeypatch)


def put(path: Path, keys: list[str], value: object) -> None:
    """Edit a value of params.yaml by hand."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    inside: Any = functools.reduce(lambda at, key: at[key], keys[:-1], entries)
    assert inside[keys[-1]] != value
    inside[keys[-1]] = value
    path.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        ("models.lstm.dense", 7, True),
        ("trainings.short.epochs", 3, True),
        ("experiments.cells.title", "another", True),
        ("sources.demo.cue_distance", 17, True),
        ("recipes.cells-lstm-none.model.dense", 7, False),
        ("recipes.cells-lstm-none.training.epochs", 3, False),
        ("recipes.cells-lstm-none.seeds", [1], False),
        ("corpora.words.tokenizer.vocabulary", 500, False),
        ("figures.width", 8.0, False),
    ],
)
def test_an_edit_in_params_yaml_of_what_is_copied_from_there_is_refused_and_one_that_has_its_effect_is_not(
    project: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: object, refused: bool
) -> None:
    start(monkeypatch)
    put(project, key.split("."), value)
    assert refused_check(monkeypatch) is refused


def test_hydra_overrides_when_it_was_composed_are_accepted(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(monkeypatch, *OVERRIDES, "experiments.cells.seeds=1")
    assert not refused_check(monkeypatch)
    assert params(project)["recipes"]["cells-lstm-none"]["seeds"] == [7]


def test_another_version_of_a_library_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch)
    monkeypatch.setattr(composition, "versions", lambda: versions() | {"keras": "4.0"})
    assert refused_check(monkeypatch)


def test_a_params_yaml_that_is_missing_names_the_command_that_writes_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = line(lambda: start(monkeypatch, "--check"))
    assert text == "params.yaml is missing; write it with: python -m stages.compose"


INLINE = """
sources:
  own: {kind: demo, splits: {train: 20, test: 10}, cue_distance: 16, seed: 3}
corpora:
  own-words: {source: own, tokenizer: {kind: word, vocabulary: 50},
              pad: {kind: fixed, length: 9, side: pre, truncate: pre}}
trainings:
  quick: {kind: gradient_descent, optimizer: adam, learning_rate: 0.1, epochs: 1, batch_size: 2,
          early_stopping: null, validation: {fraction: 0.1}}
title: Own
corpus: own-words
model: lstm
training: quick
vary: {one: {only: {}}}
"""


def test_what_an_experiment_defines_for_itself_is_an_entry_like_any_other(conf: Path) -> None:
    (conf / "experiments" / "own.yaml").write_text(INLINE, encoding="utf-8")
    made = yaml.safe_load(compose([], conf))
    check(made)
    assert made["sources"]["own"] == made["pipeline"]["sources"]["own"]["entry"]
    assert made["corpora"]["own-words"]["source"] == "own"
    assert made["recipes"]["own-only"]["training"] == made["trainings"]["quick"]
    assert (
        yaml.safe_load(compose(["trainings.quick.epochs=7"], conf))["recipes"]["own-only"]["training"][
            "epochs"
        ]
        == 7
    )


def test_an_entry_that_is_defined_twice_is_refused_with_both_files(conf: Path) -> None:
    path = conf / "experiments" / "own.yaml"
    path.write_text(INLINE.replace("quick", "short"), encoding="utf-8")
    refusal = line(lambda: compose([], conf))
    assert "conf/experiments/own.yaml: trainings.short is in conf/trainings/short.yaml, too" in refusal
    path.write_text(INLINE, encoding="utf-8")
    (conf / "experiments" / "again.yaml").write_text(INLINE, encoding="utf-8")
    assert "is in conf/experiments/again.yaml, too" in line(lambda: compose([], conf))
