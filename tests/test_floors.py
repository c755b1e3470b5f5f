"""stages/ is a house: its rooms are on floors, and nothing reaches up."""

import ast
from collections import Counter
from pathlib import Path

import networkx
import yaml

from stages.runtime.config import ROOT
from tests.modules import STAGES, imports, modules, room

FLOORS = [  # lowest first; a room knows those on lower floors
    ["runtime"],
    ["artifacts"],
    ["streams", "texts", "tokenization", "network"],
    ["sources", "tokenizers", "models", "pretrainers", "trainers"],
    ["evaluation"],
    ["reporting"],
    ["study"],
    ["stages"],  # the files directly in it
    ["tools"],
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
TOOLS = [  # of tools/, the highest first, as CONTRIBUTING.md draws them; each knows those after it
    *["spread", "verify", "timings", "pages", "costs", "bench", "plan", "parallel"],
    *["labels", "predict", "fit", "export", "report", "serve", "explain"],
    "answering",
]


def by_name(path: Path) -> set[str]:
    """The rooms whose modules a module loads by the name of a kind: kinds.module("models", name)."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("kinds.module", "kinds.names")
    ]
    return {ast.literal_eval(call.args[0]) for call in calls if isinstance(call.args[0], ast.Constant)}


def test_every_folder_of_stages_has_its_floor() -> None:
    assert {room(path) for path in modules()} == set(FLOOR)


def test_no_room_knows_another_one_on_its_own_floor_or_above() -> None:
    for path in modules():
        known = {room(other) for other in imports(path) if len(other.parts) > 2 or other.stem != "__init__"}
        for name in (known | by_name(path)) - {room(path)}:
            assert FLOOR[name] < FLOOR[room(path)], f"{path} imports from {name}"


def tool(path: Path) -> str:
    """The room of tools/ that a module is: its folder, or a file that has none of its own."""
    return Path(path.parts[2]).stem


def test_no_room_of_tools_knows_one_above_it() -> None:
    """So they stand in no circle."""
    tools = {path for path in modules() if room(path) == "tools"} - {Path("stages/tools/__init__.py")}
    assert sorted({tool(path) for path in tools}) == sorted(TOOLS)
    for path in sorted(tools):
        above = TOOLS[: TOOLS.index(tool(path))]
        assert not {tool(other) for other in imports(path) & tools} & {*above}, path


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = networkx.DiGraph((path, other) for path in modules() for other in imports(path) if other != path)
    assert not list(networkx.simple_cycles(graph))


def test_no_room_holds_more_than_a_fifth_of_the_lines() -> None:
    """A room within a room, as tools/bench/, is one of its own."""
    lines = Counter[str]()
    for path in modules():
        lines[path.parent.as_posix()] += len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert max(lines.values()) <= lines.total() / 5, lines


def test_a_file_directly_in_stages_is_a_stage_and_the_other_way_round() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert {path.stem for path in STAGES.glob("*.py")} - {"__init__"} == set(stages)
    for name, stage in stages.items():
        assert stage.get("do", stage)["cmd"].split()[:4] == ["exec", "python", "-m", f"stages.{name}"]


def test_no_two_modules_have_one_name() -> None:
    """But kinds, whose names are the user's words in conf/: `kind: files`, `architecture: lstm`."""
    kinds = {"sources", "tokenizers", "models", "pretrainers", "trainers"}
    names = Counter(path.stem for path in modules() if room(path) not in kinds)
    assert {name for name, count in names.items() if count > 1} <= {"__init__", "__main__"}
    taken = {path.stem for path in modules() if room(path) in kinds} & set(names)
    assert taken <= {"__init__", "files"}  # `files` are the user's own, and those that runtime/ writes


def test_no_two_files_of_tests_have_one_name() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, count in names.items() if count > 1]
