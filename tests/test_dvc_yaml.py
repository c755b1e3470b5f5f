"""dvc.yaml: every stage depends on the code that its numbers come from, and it stays small."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo

from stages.runtime import files, kinds
from stages.runtime.config import ROOT
from stages.study.params import params
from stages.trainers import data_parallel
from tests.modules import has_code, imports, modules, reachable, room

EXEMPT = {  # rooms that a stage's code reaches and that are no deps of it
    # they refuse, lock and write, but never change a number; `make verify` guards that
    "": {"runtime", "study"},
    # it refuses only
    "compose": {"stages"},
    # what a model comes from is named in its certificate, which is beside it in data/models; arrays are data
    "evaluate": {"models", "network", "artifacts"},
    "teach": {"models", "network", "artifacts"},
    # it writes what a trainer reads, and trains nothing
    "prepare": {"network"},
    # and so are tokens
    "samples": {"models", "network", "artifacts", "tokenization", "tokenizers"},
}
# by `prepare`, in whose out its hash lies, and by the trainer whose foundation it is, in whose file it lies
HASHED = Path("stages", "trainers", "gradient_descent.py")
KINDS = {
    "download": ["sources"],
    "tokenize": ["tokenizers"],
    "pretrain": ["pretrainers"],
    "train": ["models", "trainers"],
}


@pytest.fixture(scope="module")
def repo() -> Iterator[Repo]:
    with Repo(str(ROOT)) as opened:
        yield opened


@pytest.fixture(scope="module")
def stages(repo: Repo) -> dict[str, Any]:
    return {stage.addressing: stage for stage in repo.index.stages}


def paths(stage: Any) -> set[Path]:
    """A stage's dependencies but for its parameters."""
    deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    return {Path(dep.fs_path).relative_to(ROOT) for dep in deps if Path(dep.fs_path).is_relative_to(ROOT)}


def verb(name: str) -> str:
    return name.partition("@")[0]


def needed(stage: Any) -> set[Path]:
    """The modules with code that a stage's entry and the kind that it lists import, wherever in their text;
    it goes no further into rooms that are exempt."""
    verb_name = verb(stage.addressing)
    exempt = EXEMPT[""] | EXEMPT.get(verb_name, set())
    listed = {path for path in paths(stage) if path.suffix == ".py"}
    reached, todo = set[Path](), [Path("stages", f"{verb_name}.py"), *listed]
    while todo:
        path = todo.pop()
        if path not in reached and room(path) not in exempt:
            reached.add(path)
            todo.extend(imports(path))
    return {path for path in reached if has_code(path)}


def test_every_stage_depends_on_all_code_that_it_imports_but_for_the_exempt_rooms(
    stages: dict[str, Any],
) -> None:
    for name, stage in stages.items():
        deps = paths(stage)
        missing = {path for path in needed(stage) if not deps & {path, *path.parents}}
        if any(path.parts[:2] == ("data", "prepared") for path in deps):
            missing -= {HASHED, HASHED.with_name("transfer.py")}
        if any(path.stem == "data_parallel" for path in deps):
            missing -= {HASHED}
        assert not missing, f"{name} imports {sorted(map(str, missing))}; add them to its deps in dvc.yaml"


def test_an_edit_of_gradient_descent_is_one_of_the_trainer_that_is_built_on_it() -> None:
    sha256 = files.sha256(ROOT / HASHED)
    assert sha256 == data_parallel.FOUNDATION, f"put {sha256} into stages/trainers/data_parallel.py"


def test_no_stage_depends_on_code_that_none_of_its_group_imports(stages: dict[str, Any]) -> None:
    for verb_name in {verb(name) for name in stages}:
        group = [stage for name, stage in stages.items() if verb(name) == verb_name]
        code = {path for stage in group for path in paths(stage) if path.parts[0] == "stages"}
        folders = KINDS.get(verb_name, [])
        chosen = {Path("stages", kind, f"{name}.py") for kind in folders for name in kinds.names(kind)}
        imported = reachable({Path("stages", f"{verb_name}.py")} | chosen)
        for path in code:
            inside = [m for m in modules() if has_code(m) and path in (m, *m.parents)]
            assert not inside or imported & set(inside), f"{verb_name} does not import {path}"


def test_every_exempt_room_is_reached_by_code_of_its_stage() -> None:
    for verb_name, rooms in EXEMPT.items():
        reached = {room(path) for path in reachable([Path("stages", f"{verb_name or 'train'}.py")])}
        assert rooms - {kind for some in KINDS.values() for kind in some} <= reached, (
            verb_name
        )  # kinds are loaded by name


def test_every_stage_has_two_to_six_deps(stages: dict[str, Any]) -> None:
    for name, stage in stages.items():
        deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
        assert 2 <= len(deps) <= 6, name


def test_there_is_no_stage_for_every_pair_of_things(stages: dict[str, Any]) -> None:
    """So a hundred recipes make fewer than three hundred stages, and `dvc status` takes a few seconds."""
    study = params()
    per_entry = {"sources": 1, "corpora": 2, "pretrainings": 1, "recipes": 2, "comparisons": 1}
    before = len(study["pipeline"]["teachers"]) + len(study["pipeline"]["prepared"])
    expected = sum(count * len(study[section]) for section, count in per_entry.items())
    asked = len(study["pipeline"]["sampled"])
    assert len(stages) == 2 + before + expected + asked


def test_what_is_derived_for_dvc_yaml_is_less_than_a_tenth_of_params_yaml() -> None:
    """So whoever reads params.yaml reads her own values, and whole recipes."""
    derived = yaml.safe_dump({"pipeline": params()["pipeline"]})
    assert len(derived) < (ROOT / "params.yaml").stat().st_size / 10


def test_an_ensemble_s_evaluation_follows_from_its_members(repo: Repo, stages: dict[str, Any]) -> None:
    """It names what they said of training texts; what it reads of test texts comes from the same stages."""
    recipes = params()["recipes"]
    ensembles = {name: each for name, entry in recipes.items() if (each := entry["model"].get("members"))}
    assert ensembles
    for name, experiment in ensembles.items():
        members = {other for other, entry in recipes.items() if entry["experiment"] == experiment}
        needed_first = {stage.addressing for stage in repo.index.graph.successors(stages[f"evaluate@{name}"])}
        assert members and {f"evaluate@{member}" for member in members} <= needed_first, name


def test_the_kind_of_each_entry_is_a_dependency_and_no_other_one(stages: dict[str, Any]) -> None:
    study = params()
    chosen = {f"download@{name}": ("sources", entry["kind"]) for name, entry in study["sources"].items()}
    for name, entry in study["corpora"].items():
        chosen[f"tokenize@{name}"] = ("tokenizers", entry["tokenizer"]["kind"])
    for name, entry in study["recipes"].items():
        chosen[f"train@{name}"] = ("models", entry["model"]["architecture"])
    for name, (folder, kind) in chosen.items():
        kept = {path for path in paths(stages[name]) if room(path) == folder and has_code(path)}
        assert kept == {Path("stages", folder, f"{kind}.py")}, name


def test_training_can_open_the_test_split_only_where_it_validates_on_it(stages: dict[str, Any]) -> None:
    for name, recipe in params()["recipes"].items():
        corpus = Path("data", "padded", recipe["corpus"])
        opened = {path for path in paths(stages[f"train@{name}"]) if path.parts[0] == "data"}
        watched = recipe["training"]["validation"] == "test"
        made = [Path("data", "prepared", name), Path("data", "logits", "train")]  # by stages without it
        assert len(opened) == 1, name
        if not opened <= set(made) and not any(made[1] in path.parents for path in opened):
            assert opened == {corpus if watched else corpus / "train"}, name


def test_reports_are_in_git_and_everything_else_in_the_cache(stages: dict[str, Any]) -> None:
    for name, stage in stages.items():
        for out in stage.outs:
            path = Path(out.fs_path).relative_to(ROOT)
            assert path.parts[0] == ("data" if out.use_cache else "reports"), f"{name}: {path}"


def test_the_lock_file_has_no_stage_of_a_verb_that_is_gone(stages: dict[str, Any]) -> None:
    """Of entries that are gone it may: DVC leaves them there, whoever undoes an experiment of hers."""
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))
    assert {verb(name) for name in lock["stages"]} <= {verb(name) for name in stages}


def test_the_committed_study_trains_every_architecture_and_fits_every_tokenizer() -> None:
    study = params()
    assert {entry["model"]["architecture"] for entry in study["recipes"].values()} == {*kinds.names("models")}
    fitted = {entry["tokenizer"]["kind"] for entry in study["corpora"].values()}
    assert fitted == {*kinds.names("tokenizers")}
