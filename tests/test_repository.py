"""What a code host and other people's tools read is valid, and runs what this repository has."""

import re
import subprocess
import sys

import pytest
import yaml

from stages.runtime.config import ROOT

FILES = {
    ".github/workflows/tests.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    ".github/ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/idea.yml": "vendor.github-issue-forms",
    "CITATION.cff": "vendor.citation-file-format",
}


@pytest.mark.parametrize(("file", "schema"), FILES.items())
def test_a_file_for_a_code_host_follows_its_schema(file: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_on_every_python_that_the_project_supports() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["tests"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lowest, beyond = map(int, re.findall(r"requires-python = \">=3\.(\d+),<3\.(\d+)\"", project)[0])
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(lowest, beyond)]
    assert (ROOT / job["steps"][-1]["run"]).exists()


def test_every_hook_runs_a_command_that_the_environment_or_the_repository_has() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert program.startswith(".venv/bin/")
        for module in (each for each in arguments if each.startswith("stages.")):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()
