"""The stages' command lines: names, start-up, what they import."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.lib.config import ROOT

VERBS = ["download", "tokenize", "pad", "train", "evaluate", "gather", "compare"]
WITHOUT_TENSORFLOW = [
    "download",
    "tokenize.__main__",
    "pad",
    "gather",
    "compare",
    "published",
    "summary",
    "plan",
    "schema",
]


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", [v for v in VERBS if v not in ("train", "evaluate")])
def test_an_unknown_name_is_refused_in_one_line_that_lists_the_names(verb: str) -> None:
    done = python("-m", f"stages.{verb}", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'nowhere' is not in ") and done.stderr.count("\n") == 1
    assert "demo" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["train", "evaluate", "predict"])
def test_an_unknown_recipe_is_refused_in_one_line_that_lists_the_recipes(verb: str) -> None:
    done = python("-m", f"stages.{verb}", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'nowhere' is not in recipes") and done.stderr.count("\n") == 1
    assert "demo-lstm" in done.stderr


@pytest.mark.parametrize("module", WITHOUT_TENSORFLOW)
def test_stages_that_need_no_tensorflow_do_not_import_it(module: str) -> None:
    # the schema too, since every stage checks all of params.yaml with it before it starts
    code = f"import sys, stages.{module}, stages.schema; print({{'tensorflow', 'keras'}} & set(sys.modules))"
    assert python("-c", code).stdout.strip() == "set()"


def test_the_tokenize_stage_does_not_hide_the_standard_library_from_a_stage_run_as_a_file() -> None:
    path = ROOT / "stages" / "probe_of_tests.py"
    path.write_text("import tokenize; print(tokenize.__file__)", encoding="utf-8")
    try:
        shown = python(str(path)).stdout.strip()
    finally:
        path.unlink()
    assert shown and ROOT / "stages" not in Path(shown).parents


def test_a_stage_without_a_name_says_how_it_is_called() -> None:
    done = python("-m", "stages.pad")
    assert done.returncode != 0 and done.stderr.startswith("usage: python -m stages.pad <name>")
    assert "usage: python -m stages.tokenize <name>" in python("-m", "stages.tokenize").stderr
