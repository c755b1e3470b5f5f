"""The stages' command lines: names, what they import, that no module hides one of Python's own."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.runtime.config import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
WITH_TENSORFLOW = ["train", "evaluate"]
WITHOUT = [name for name in STAGES if name not in WITH_TENSORFLOW]


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_an_unknown_name_is_refused_in_one_line_that_lists_the_names() -> None:
    done = python("-m", "stages.pad", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no corpus 'nowhere'; ")
    assert done.stderr.count("\n") == 1 and "demo" in done.stderr


def test_values_that_are_no_longer_those_of_params_yaml_are_refused_in_one_line() -> None:
    done = python("-m", "stages.pad", "demo-words", "--kind", "fixed", "--length", "3")
    assert done.returncode == 1
    assert done.stderr.startswith("error: params.yaml has changed") and done.stderr.count("\n") == 1


def test_stages_that_need_no_tensorflow_do_not_import_it() -> None:
    """Nor does params.yaml's check, which every stage makes before it starts."""
    names = ", ".join(f"stages.{name}" for name in WITHOUT)
    code = f"import sys, {names}, stages.study.schema; print({{'tensorflow', 'keras'}} & set(sys.modules))"
    assert python("-c", code).stdout.strip() == "set()"


def test_the_tokenize_stage_does_not_hide_the_standard_library_from_a_stage_run_as_a_file(
    tmp_path: Path,
) -> None:
    for name in ("tokenize.py", "probe.py"):
        (tmp_path / name).write_text("import tokenize; print(tokenize.__file__)", encoding="utf-8")
    hidden = python(str(tmp_path / "probe.py")).stdout.split()[-1]
    assert Path(hidden).parent == tmp_path  # so it would be, were it not for `python -m stages.tokenize`
    code = "import stages.tokenize, tokenize; print(tokenize.__file__)"
    assert ROOT / "stages" not in Path(python("-c", code).stdout.strip()).parents


@pytest.mark.parametrize("name", ["pad", "tokenize"])
def test_a_stage_says_how_it_is_called(name: str) -> None:
    assert python("-m", f"stages.{name}").stderr.startswith(f"usage: python -m stages.{name} ")
    usage = python("-m", f"stages.{name}", "--help").stdout
    assert "Out: " in usage and f"Example: python -m stages.{name} " in usage
