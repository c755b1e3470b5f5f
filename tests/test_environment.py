"""requirements.lock alone decides what is installed, on every Python and platform that the README names."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from itertools import product
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

from stages.runtime.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILT = {"antlr4-python3-runtime", "promise"}  # have no wheels: the Makefile's SOURCES
PLATFORMS = ["linux x86_64", "linux aarch64", "darwin arm64"]
GLIBC = 28  # 2.28, of 2018: the oldest that all wheels of the lock have in common
MACOS = (14, 0)  # onnxruntime has no wheels for older ones


@dataclass(frozen=True)
class Pin:
    """An entry of the lock: the requirement, the hashes that pip reads, the files that they are of."""

    requirement: Requirement
    hashes: list[str]
    files: list[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    def applies(self, environment: Mapping[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def entries(lock: str) -> list[Pin]:
    """The entries of a lock's text, each with the comments that follow it."""
    parts = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    return [
        Pin(
            requirement=Requirement(re.split(r" \\\n|\n", part)[0]),
            hashes=re.findall(r"--hash=sha256:([0-9a-f]{64})\b", part),
            files=re.findall(r"^ +# (\S+(?:\.whl|\.tar\.gz))$", part, re.MULTILINE),
        )
        for part in parts
    ]


LOCK = entries((ROOT / "requirements.lock").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Target:
    """A Python and a platform."""

    minor: int
    platform: str

    def __str__(self) -> str:
        return f"3.{self.minor} {self.platform}"

    def environment(self) -> dict[str, str]:
        """What markers are evaluated in."""
        system, machine = self.platform.split()
        own = {
            "python_version": f"3.{self.minor}",
            "python_full_version": f"3.{self.minor}.0",
            "sys_platform": system,
            "platform_system": system.capitalize(),
            "platform_machine": machine,
        }
        return {key: str(value) for key, value in (default_environment() | own).items()} | {"extra": ""}

    def tags(self) -> set[Tag]:
        """What a wheel's name may say there."""
        system, machine = self.platform.split()
        linux = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC + 1)]
        linux += [f"{name}_{machine}" for name in ("manylinux1", "manylinux2010", "manylinux2014")]
        platforms = linux if system == "linux" else list(mac_platforms(MACOS, machine))
        python = (3, self.minor)
        abi = f"cp3{self.minor}"
        return {*cpython_tags(python, [abi], platforms), *compatible_tags(python, abi, platforms)}


TARGETS = [Target(*pair) for pair in product([11, 12, 13], PLATFORMS)]
HERE = Target(sys.version_info.minor, f"{sys.platform} {os.uname().machine}")


def pinned(target: Target) -> dict[str, Pin]:
    environment = target.environment()
    return {pin.name: pin for pin in LOCK if pin.applies(environment)}


def declared(pin: Pin, extras: Iterable[str], environment: Mapping[str, str]) -> list[Requirement]:
    """What a package asks for with these extras, as its copy installed here says: nothing if that is none."""
    try:
        installed = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return []
    lines = installed.requires or [] if installed.version == pin.version else []
    asked = [{**environment, "extra": extra} for extra in ["", *extras]]
    return [r for r in map(Requirement, lines) if r.marker is None or any(map(r.marker.evaluate, asked))]


def met(requirement: Requirement, pin: Pin | None, by: str) -> bool:
    """Whether the pin is what the package `by` asks for; its own extras a package may ask for unseen."""
    if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
        return False
    return by == pin.name or requirement.extras <= pin.requirement.extras


def walked(target: Target) -> tuple[set[str], list[str]]:
    """The packages that pyproject.toml leads to, and the requirements on the way that no pin meets."""
    environment, pins = target.environment(), pinned(target)
    project = PROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    groups += [PROJECT["dependency-groups"]["dev"]]
    waiting = [(Requirement(line), "pyproject.toml") for group in groups for line in group]
    reached, lacking = set[tuple[str, frozenset[str]]](), list[str]()
    while waiting:
        requirement, by = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if not met(requirement, pins.get(name), by):
            lacking.append(f"{by}: {requirement}")
        elif (name, extras) not in reached:
            reached.add((name, extras))
            waiting += [(child, name) for child in declared(pins[name], extras, environment)]
    return {name for name, _ in reached}, lacking


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_requirement_of_a_pinned_package_is_met_by_another_pin(target: Target) -> None:
    assert walked(target)[1] == []


def test_nothing_is_pinned_that_nothing_asks_for() -> None:
    assert walked(HERE)[0] == set(pinned(HERE))


def test_the_versions_installed_are_those_of_the_lock() -> None:
    pins = pinned(HERE)
    assert {name: metadata.version(name) for name in pins} == {
        name: pin.version for name, pin in pins.items()
    }


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_package_has_one_pin_and_a_wheel_for_every_python_and_platform(target: Target) -> None:
    tags, environment = target.tags(), target.environment()
    pins = [pin for pin in LOCK if pin.applies(environment)]
    assert len(pins) == len({pin.name for pin in pins})
    wheels = {pin.name: [file for file in pin.files if file.endswith(".whl")] for pin in pins}
    fitting = {
        name for name, files in wheels.items() if any(parse_wheel_filename(f)[3] & tags for f in files)
    }
    assert set(wheels) - fitting == BUILT


def test_every_pin_is_one_version_with_a_hash_for_each_of_its_files() -> None:
    for pin in LOCK:
        assert re.fullmatch(r"==[0-9][\w.]*", str(pin.requirement.specifier)), pin.name
        assert len(set(pin.hashes)) == len(pin.hashes) == len(pin.files) > 0, pin.name


def test_only_the_packages_without_wheels_come_as_sources() -> None:
    assert {pin.name for pin in LOCK for file in pin.files if not file.endswith(".whl")} == BUILT


def test_an_entry_is_read_with_its_extras_marker_hashes_and_files() -> None:
    text = (
        f"a[b, c]==1 ; os_name == 'x' \\\n    --hash=sha256:{'0' * 64}\n    # a-1.tar.gz\n    # via d\nd==2\n"
    )
    first, second = entries(text)
    assert str(first.requirement) == 'a[b,c]==1; os_name == "x"'
    assert (first.hashes, first.files) == (["0" * 64], ["a-1.tar.gz"])
    assert (second.name, second.version, second.hashes, second.files) == ("d", "2", [], [])


@pytest.fixture(scope="module")
def recipe() -> str:
    """The commands that make .venv, which are shown and not run."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    line = ["make", "--dry-run", "--always-make", "--no-print-directory", ".venv/ready"]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_pip_resolves_nothing_and_takes_only_what_the_lock_has_the_hashes_of(recipe: str) -> None:
    installs = [line.split() for line in recipe.splitlines() if "pip install" in line]
    assert len(installs) == 2
    for words in installs:
        assert {"--no-deps", "--require-hashes"} <= set(words)
        assert words[-2] == "-r" and words[-1].endswith(".lock")  # no package by name
        assert not {"-U", "--upgrade", "--pre"} & set(words)


def test_sources_are_built_with_the_setuptools_of_the_lock(recipe: str) -> None:
    first, second = (line for line in recipe.splitlines() if "pip install" in line)
    assert first.endswith(" .venv/setuptools.lock") and "--no-build-isolation" in second
    cut = next(line for line in recipe.splitlines() if line.startswith("sed "))
    done = subprocess.run(cut.split(">")[0], shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [(pin.name, len(pin.hashes)) for pin in entries(done.stdout)] == [("setuptools", 1)]
    assert all(
        file.startswith(tuple(BUILT)) for pin in LOCK for file in pin.files if file.endswith(".tar.gz")
    )


def refusal(recipe: str, version: tuple[int, ...], platform: str) -> str:
    """What the recipe's check says to a Python of this version on this platform."""
    code = re.search(r"-c '(.*?)'$", recipe, re.DOTALL | re.MULTILINE)
    assert code is not None
    system, machine = platform.split()
    fake: dict[str, Any] = {"version_info": version, "platform": system}
    setup = f"import platform, sys; sys.__dict__.update({fake!r}); platform.machine = lambda: {machine!r}\n"
    line = [sys.executable, "-c", setup + code[1]]
    return subprocess.run(line, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_make_takes_every_python_and_platform_of_the_lock(recipe: str, target: Target) -> None:
    assert refusal(recipe, (3, target.minor, 1), target.platform) == ""


@pytest.mark.parametrize(
    ("version", "platform", "words"),
    [
        ((3, 10, 9), "linux x86_64", "Python 3.11 to 3.13 is needed, found 3.10"),
        ((3, 14, 0), "darwin arm64", "found 3.14"),
        ((3, 12, 1), "darwin x86_64", "no wheels for darwin x86_64"),
        ((3, 12, 1), "win32 AMD64", "Windows: WSL"),
    ],
)
def test_make_refuses_another_in_one_line(
    recipe: str, version: tuple[int, ...], platform: str, words: str
) -> None:
    line = refusal(recipe, version, platform)
    assert words in line and line.count("\n") == 1
