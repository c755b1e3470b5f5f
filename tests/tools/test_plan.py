"""`plan` says what DVC then runs, and why, in a small pipeline that DVC itself runs."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.runtime.config import InputError
from stages.tools import plan
from stages.tools.plan import Planned

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value")  # of pygtrie, in DVC 3.67

PIPELINE = """
stages:
  compose:
    cmd: echo fits > composed
    deps: [conf]
    outs: [composed]
  make:
    foreach: ${things}
    do:
      cmd: exec sh make.sh ${key} ${item} ${versions}
      deps: [make.sh, code, composed]
      outs: ["made/${key}"]
  use:
    foreach: ${things}
    do:
      cmd: mkdir -p used && cut -c 1-4 made/${key}/words > used/${key}
      deps: ["made/${key}/words"]
      outs: ["used/${key}"]
  total:
    cmd: cat used/* > total
    deps: [used]
    outs: [total: {cache: false}]
"""
PARAMS = """
things:
  one: {units: [32, 16], mask: true, name: plain}
  two: {units: [8]}
versions: {keras: 3.15.1}
"""
MAKE = 'mkdir -p "made/$1" && echo "$@" > "made/$1/words"\n'
ALL = {"make@one", "make@two", "use@one", "use@two", "total"}
COMPOSE = "compose"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline, after a run."""
    from dvc.repo import Repo

    root = tmp_path_factory.mktemp("done")
    (root / "code").mkdir()
    texts = {"dvc.yaml": PIPELINE, "params.yaml": PARAMS, "make.sh": MAKE, "conf": ""}
    texts |= {"code/a.py": "", "code/b.py": ""}
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, Repo.init(str(root), no_scm=True) as repo:
        patch.chdir(root)
        repo.reproduce()
    return root


@pytest.fixture
def pipeline(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, which is the current folder."""
    shutil.copytree(done, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    yield tmp_path / "copy"


def edit(path: str, old: str, new: str) -> Callable[[], Any]:
    return lambda: Path(path).write_text(
        Path(path).read_text(encoding="utf-8").replace(old, new), encoding="utf-8"
    )


def reasons(planned: list[Planned]) -> dict[str, str]:
    return {stage.name: "; ".join(stage.reasons) for stage in planned}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: None, {}),
        (edit("params.yaml", "32, 16", "64"), {"make@one": "units 32 16, now 64"}),
        (edit("params.yaml", "mask: true", "mask: false"), {"make@one": "mask true, now false"}),
        (edit("params.yaml", "[8]", "[8], mask: true"), {"make@two": "mask false, now true"}),
        (edit("params.yaml", "[8]", "[8], drop: {dense: 0.5}"), {"make@two": "drop.dense 0.5 is new"}),
        (edit("params.yaml", "name: plain", ""), {"make@one": "name plain is gone"}),
        (edit("params.yaml", "name: plain", "name: a | b"), {"make@one": "name plain, now 'a | b'"}),
        (edit("params.yaml", "32, 16", "16, 32"), {"make@one": "units in another order"}),
        (
            edit("params.yaml", "3.15.1", "3.16.0"),
            {f"make@{name}": "keras 3.15.1, now 3.16.0" for name in ("one", "two")},
        ),
        (edit("dvc.yaml", "cut -c 1-4", "cut -c 1-3"), None),  # of a command without values
        (
            lambda: Path("code/a.py").write_text("# new", encoding="utf-8"),
            {"make@one": "code modified", "make@two": "code modified"},
        ),
        (lambda: Path("total").unlink(), {"total": "total deleted"}),
        (lambda: shutil.rmtree("made/two"), {"make@two": "made/two deleted"}),
        (lambda: Path("used/one").unlink(), {"use@one": "used/one deleted"}),
        (
            edit("params.yaml", "versions", "  three: {units: [1]}\nversions"),
            {"make@three": "never ran", "use@three": "never ran"},
        ),
        (lambda: Path("dvc.lock").unlink(), dict.fromkeys({*ALL, COMPOSE}, "never ran")),
        (lambda: Path("conf").write_text("# new", encoding="utf-8"), {COMPOSE: "conf modified"}),
        (lambda: Path("composed").unlink(), {COMPOSE: "composed deleted"}),  # as after a refusal
    ],
)
def test_it_names_what_dvc_runs_and_why(
    change: Callable[[], Any], expected: dict[str, str] | None, pipeline: Path
) -> None:
    from dvc.repo import Repo

    change()
    planned = plan.plan(pipeline)
    assert not any(COMPOSE in stage.after for stage in planned)  # it makes what it made before
    own = {name: why for name, why in reasons(planned).items() if why}
    assert expected is None or own == expected
    with Repo() as repo:
        ran = [stage.addressing for stage in repo.reproduce()]
    names = [stage.name for stage in planned]
    assert own.keys() <= set(ran) <= set(names)  # what follows may turn out to have nothing to do
    assert all(names.index(before) < names.index(stage.name) for stage in planned for before in stage.after)
    assert plan.plan(pipeline) == []


def test_what_follows_names_what_it_follows(pipeline: Path) -> None:
    edit("params.yaml", "[8]", "[9]")()
    after = {stage.name: stage.after for stage in plan.plan(pipeline)}
    assert after == {"make@two": (), "use@two": ("make@two",), "total": ("use@two",)}


def test_its_graph_is_dvcs(pipeline: Path) -> None:
    from dvc.repo import Repo

    with Repo() as repo:
        stages = {stage.addressing: stage for stage in repo.index.stages}
        graph = repo.index.graph
        expected = {name: {s.addressing for s in graph.successors(stages[name])} for name in stages}
        assert {name: set(before) for name, before in plan.upstream(stages).items()} == expected


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("make@one", {"make@one"}),
        ("make", {"make@one", "make@two"}),
        ("use@two", {"make@two", "use@two"}),
        ("total", ALL),
    ],
)
def test_a_target_is_planned_with_what_it_follows_from(target: str, names: set[str], pipeline: Path) -> None:
    Path("make.sh").write_text(f"{MAKE}# edited\n", encoding="utf-8")
    assert {stage.name for stage in plan.plan(pipeline, [target])} == names


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (
            "make@oen",
            "dvc.yaml has no stage 'make@oen'; one of compose, make, make@one, make@two, total, use, "
            "use@one, use@two",
        ),
        ("-rf", "dvc.yaml has no stage '-rf'"),
    ],
)
def test_an_unknown_target_is_one_line(target: str, line: str, pipeline: Path) -> None:
    with pytest.raises(InputError) as refused:
        plan.plan(pipeline, [target])
    assert str(refused.value).startswith(line)


def test_what_dvc_cannot_read_is_one_line(pipeline: Path) -> None:
    Path("dvc.yaml").write_text("stages: 3", encoding="utf-8")
    with pytest.raises(InputError, match=r"dvc\.yaml"):
        plan.plan(pipeline)


@pytest.mark.parametrize("text", ["schema: '2.0'\nstages:\n  a:\n", "schema: '2.0'\nsta", "stages: [\n"])
def test_a_damaged_lock_is_one_line_that_says_how_it_comes_back(
    text: str, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PAUSE", 0)
    Path("dvc.lock").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^dvc\.lock: .* a run is writing it.*: git checkout dvc\.lock$"):
        plan.plan(pipeline)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.95])
def test_a_lock_that_a_run_is_writing_is_read_again(
    part: float, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Path("dvc.lock")
    whole = lock.read_text(encoding="utf-8")
    lock.write_text(whole[: int(part * len(whole))], encoding="utf-8")
    monkeypatch.setattr(plan, "PAUSE", 0)
    unwritten = plan.unwritten

    def meanwhile(read: Callable[[], Any]) -> Any:
        try:
            return read()
        finally:
            if lock.read_text(encoding="utf-8") != whole:
                lock.write_text(whole, encoding="utf-8")

    monkeypatch.setattr(plan, "unwritten", lambda path, read: unwritten(path, lambda: meanwhile(read)))
    assert plan.plan(pipeline) == []


def test_a_lock_that_is_written_while_it_is_read_counts_for_nothing(pipeline: Path) -> None:
    lock = Path("dvc.lock")
    assert plan.unwritten(lock, lambda: 1) == 1
    with pytest.raises(plan.BrokenLockError):
        plan.unwritten(lock, lambda: lock.write_text("schema: '2.0'\nstages: {}\n", encoding="utf-8"))


def test_a_running_repro_is_not_in_the_way(pipeline: Path) -> None:
    from dvc.repo import Repo, lock_repo

    with Repo() as repo, lock_repo(repo):
        assert plan.plan(pipeline) == []


def test_of_long_lists_what_differs_is_said() -> None:
    names = [f"recipe-{i}" for i in range(20)]
    assert plan.value("recipes", names, names[1:]) == "recipes without recipe-0"
    assert plan.value("recipes", names[1:], names) == "recipes with recipe-0"
    assert len(plan.value("samples", ["short"], ["long " * 100])) < 100


def test_outs_are_listed_unless_all_of_several_differ_in_one_way() -> None:
    assert plan.together(["a.py", "x", "y"], ["x", "y"]) == ["a.py", "all outs"]
    assert plan.together(["x"], ["x"]) == ["x"]
    assert plan.together(["a.py", "y"], ["x", "y"]) == ["a.py", "y"]


def test_reordered_values_are_a_reason() -> None:
    assert list(plan.values("run x --a 1 --b 2", "run x --b 2 --a 1")) == ["values in another order"]
    assert list(plan.values("run x --a 1", "go x --a 1")) == ["command run x, now go x"]


def planned(verb: str, count: int, *why: str, after: tuple[str, ...] = ()) -> list[Planned]:
    return [
        Planned(f"{verb}@r{i}", tuple(w.replace("<name>", f"r{i}") for w in why), after) for i in range(count)
    ]


def test_stages_that_changed_for_one_reason_are_one_line_and_what_follows_is_counted() -> None:
    stages = [
        *planned("train", 70, "keras 3.15.1, now 3.16.0"),
        *planned("pad", 1, "data/padded/<name> deleted"),
        *planned("tokenize", 2, "data/tokens/<name> deleted"),
        Planned("summary", (), ("pad@r0",)),
    ]
    stages += planned("evaluate", 70, after=("train@r0",))
    assert plan.summary(stages) == [
        "train@r0, train@r1, train@r2 and 67 more: keras 3.15.1, now 3.16.0",
        "pad@r0: data/padded/r0 deleted",
        "tokenize@r0, tokenize@r1: data/tokens/<name> deleted",
        "then 1 summary, 70 evaluate",
    ]
    assert plan.summary(stages[-71:-69]) == ["then summary, evaluate@r0"]


def test_every_stage_has_a_line_if_asked_for() -> None:
    stages = [*planned("train", 2, "one", "two"), Planned("summary", (), ("train@r0", "train@r1"))]
    assert plan.every(stages) == [
        "train@r0: one; two",
        "train@r1: one; two",
        "summary: after train@r0, train@r1",
    ]


def test_nothing_is_said_to_be_nothing() -> None:
    assert plan.every([]) == plan.summary([]) == ["nothing to do"]


@pytest.mark.parametrize("noted", [False, True])
def test_a_forgotten_compose_is_noted(
    noted: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["plan", "--all", "train"])
    monkeypatch.setattr(plan, "params", dict)
    monkeypatch.setattr(plan, "outdated", lambda entries: noted)
    monkeypatch.setattr(plan, "plan", lambda root, targets: planned(targets[0], 1, "why"))
    plan.main()
    printed = capsys.readouterr()
    assert printed.out == "train@r0: why\n"
    assert ("first run: python -m stages.compose" in printed.err) == noted
