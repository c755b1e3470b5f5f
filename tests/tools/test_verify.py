"""`make verify` tells which outs agree: it can fail, and where processors differ it compares metrics."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.runtime.machine import processor
from stages.tools import timings, verify

LOCK = {
    "stages": {
        "train@a": {
            "outs": [{"path": "data/models/a", "md5": "1"}, {"path": "reports/history/a.csv", "md5": "h"}]
        },
        "train@b": {"outs": [{"path": "data/models/b", "md5": "2"}]},
    }
}


def test_everything_that_stages_made_is_compared() -> None:
    made = {"data/models/a": "1", "reports/history/a.csv": "h"}
    assert verify.outs(LOCK, {"train@a", "train@gone"}) == made


def test_outs_that_differ_or_are_missing_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"a": "1", "b": "2", "c": "3"}
    assert verify.agree([one, dict(one), dict(one)])
    assert "DIFFERS" not in capsys.readouterr().out
    assert not verify.agree([one, one, one | {"b": "9"}]) and not verify.agree([one, {"a": "1", "b": "2"}])
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["same", "DIFFERS", "b"] in printed and ["same", "same", "a"] in printed
    assert ["DIFFERS", "c"] in printed


@pytest.mark.parametrize(("accuracy", "near"), [(0.80, True), (0.829, True), (0.831, False), (0.769, False)])
def test_on_another_processor_accuracies_may_differ_a_little(accuracy: float, near: bool) -> None:
    assert verify.close({"a": accuracy, "b": 0.5}, {"a": 0.80, "b": 0.5}) == near


def clone(root: Path, made_on: str, model: str, accuracy: float) -> Path:
    """What `reproduced` reads of a clone, for a committed model with a hash that stands for its bytes."""
    files.write_json(root / "reports" / "metrics" / "a.json", {"test": {"accuracy": accuracy}})
    files.write_csv(root / "reports" / "processors.csv", timings.PROCESSOR_COLUMNS, [["a", made_on]])
    files.write_text(root / "dvc.lock", json.dumps(lock(model)))  # which is YAML, too
    return root


def lock(model: str) -> dict[str, Any]:
    return {"stages": {"train@a": {"outs": [{"path": "data/models/a", "md5": model}]}}}


@pytest.mark.parametrize(
    ("made_on", "models", "accuracy", "same"),
    [
        (processor(), ["1", "1", "1"], 0.8, True),
        (processor(), ["1", "1", "2"], 0.8, False),  # committed bytes are others
        (processor(), ["1", "3", "1"], 0.8, False),  # the second run's are
        ("another", ["1", "1", "1"], 0.8, True),
        ("another", ["1", "1", "2"], 0.81, True),
        ("another", ["1", "1", "2"], 0.9, False),
        ("another", ["1", "3", "2"], 0.8, False),
    ],
)
def test_committed_bytes_may_differ_on_another_processor_only(
    made_on: str,
    models: list[str],
    accuracy: float,
    same: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clones = [clone(tmp_path / folder, made_on, models[2], 0.8) for folder in ("one", "two")]

    def run(clones: list[Path], target: str) -> set[str]:
        for each, model in zip(clones, models, strict=False):
            files.write_text(each / "dvc.lock", json.dumps(lock(model)))
            files.write_json(each / "reports" / "metrics" / "a.json", {"test": {"accuracy": accuracy}})
        return {"train@a"}

    monkeypatch.setattr(verify, "run_all", run)
    assert verify.reproduced(clones, "compare@x", ["a"]) == same


def test_a_recipe_without_a_row_was_made_on_an_unknown_processor(tmp_path: Path) -> None:
    folder = clone(tmp_path, "a kind", "1", 0.8)
    assert verify.processors(folder / "reports" / "processors.csv", ["a"]) == {"a kind"}
    assert verify.processors(folder / "reports" / "processors.csv", ["b"]) == {"an unknown processor"}


def test_a_clone_gets_the_users_files_and_nothing_outside_of_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, clone, outside = tmp_path / "here", tmp_path / "verify" / "x" / "clone", tmp_path / "outside"
    for folder in (here / "mine", clone, outside):
        folder.mkdir(parents=True)
    (tmp_path / "x.csv").write_text("far", encoding="utf-8")
    (here / "mine" / "train.csv").write_text("near", encoding="utf-8")
    (here / "committed.csv").write_text("edited since", encoding="utf-8")
    (clone / "committed.csv").write_text("committed", encoding="utf-8")
    (here / "link").symlink_to(outside)
    (clone / "link").symlink_to(outside)
    (outside / "y.csv").write_text("y", encoding="utf-8")
    before = sorted(path for path in tmp_path.rglob("*") if clone not in path.parents)
    monkeypatch.setattr(verify, "ROOT", here)
    paths = ["mine", "committed.csv", "../x.csv", "mine/../../x.csv", str(outside / "y.csv"), "none.csv"]
    verify.supply(clone, [*paths, "link/y.csv", "data/manual"])
    assert sorted(path for path in tmp_path.rglob("*") if clone not in path.parents) == before
    assert (clone / "mine" / "train.csv").read_text(encoding="utf-8") == "near"
    assert (clone / "committed.csv").read_text(encoding="utf-8") == "committed"


def test_a_clone_is_of_the_last_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = {"own": {"reads": "data/manual/own.csv"}}
    monkeypatch.setattr(verify, "ROOT", tmp_path / "here")
    monkeypatch.setattr(verify, "params", lambda: {"pipeline": {"sources": reads}})
    files.write_text(tmp_path / "here" / "data" / "manual" / "own.csv", "mine")
    with pytest.raises(InputError, match=r"here: can't be cloned .*; verify in a clone made by Git"):
        verify.cloned(tmp_path / "refused")
    files.write_text(tmp_path / "here" / "a.py", "committed")
    commit = ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "a"]
    for line in (["init", "--quiet"], ["add", "a.py"], commit):
        subprocess.run(["git", *line], cwd=tmp_path / "here", check=True)
    files.write_text(tmp_path / "here" / "a.py", "edited since")
    made = verify.cloned(tmp_path / "clone")
    assert (made / "a.py").read_text(encoding="utf-8") == "committed"
    assert (made / "data" / "manual" / "own.csv").read_text(encoding="utf-8") == "mine"


def test_an_unknown_comparison_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["verify", "nowhere"])
    monkeypatch.setattr(verify, "cloned", lambda folder: ROOT)
    monkeypatch.setattr(verify, "run_all", lambda *_: pytest.fail("it ran"))
    with pytest.raises(InputError, match="there is no comparison 'nowhere'"):
        verify.main()
