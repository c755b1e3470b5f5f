"""conf/ -> params.yaml, by Hydra: the folders of conf/ are its sections, a file each an entry.

`dvc exp run` composes by itself and loads conf/hydra_plugins/seqstudy.py for it, which calls `register`.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.runtime.config import ROOT, InputError, alike, nearest, one_line, parse
from stages.study.entries import DERIVED, FILES, FOLDERS, OWN
from stages.study.grids import derive

CONF = ROOT / "conf"
COPIED = ["sources", "models", "trainings", "experiments"]  # into `recipes` and `pipeline`, which DVC reads
LIBRARIES = ["tensorflow", "keras", "numpy"]  # whose versions numbers depend on
KNOWN = ["config.yaml", "published.yaml", "hydra_plugins"]  # in conf/, beside what FILES and FOLDERS name
IGNORED = re.compile(r"\..*|.*~|#.*#|.*\.sw[a-p]")  # what file managers and editors leave


def compose(overrides: list[str], conf: Path = CONF) -> str:
    """The text of params.yaml for conf/ with these overrides: the same bytes as `dvc exp run` writes."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.plugins import Plugins
    from hydra.errors import ConfigCompositionException, HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    stated(conf)
    sys.path.append(str(conf))
    try:
        Plugins.instance()  # reads conf/hydra_plugins once in a process
        register(conf)
        with initialize_config_dir(str(conf), version_base=None):
            try:
                composed = hydra_compose(config_name="config", overrides=overrides)
            except ConfigCompositionException:
                _spelt(overrides, hydra_compose(config_name="config"))
                raise
        OmegaConf.resolve(composed)
        if missing := OmegaConf.missing_keys(composed):
            raise InputError(f"conf/: {min(missing)} is ???, which marks a value that must be set")
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        cause = error if str(error) else error.__cause__ or error  # Hydra wraps some without a word
        raise InputError(f"conf/: {one_line(cause)}") from None
    finally:
        sys.path.remove(str(conf))
    return OmegaConf.to_yaml(composed)


def _spelt(overrides: list[str], stated: Mapping[str, Any]) -> None:
    """Refuse an override of what is not stated, which Hydra would have appended, with the nearest keys."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for override in OverridesParser.create().parse_overrides(overrides):
        key, inside = str(override.key_or_group), stated
        parts = [] if override.is_add() or "/" in key else key.split(".")
        if parts and parts[0] in DERIVED:
            raise InputError(
                f"conf/: {parts[0]}: found an override, allowed: one of what it is derived from, as "
                f"models.demo-lstm.units=[64] or experiments.demo.seeds=5; mend {override.input_line}"
            )
        for place, part in enumerate(parts):
            if not isinstance(inside, Mapping):
                break  # an element of a list, say, which is Hydra's to judge
            if part not in inside:
                raise _no_key(".".join(parts[:place]), part, inside, str(override.input_line))
            inside = inside[part]


def _no_key(place: str, name: str, there: Mapping[str, Any], override: str) -> InputError:
    close = alike(name, map(str, there), cutoff=0.6)
    allowed = ", ".join(close) or nearest(name, map(str, there))
    more = "" if close else f", or add what no file states: +{override}"
    where = f"{place}: " if place else ""
    return InputError(f"conf/: {where}found no key {name!r}, allowed: {allowed}; mend {override}{more}")


def register(conf: Path) -> None:
    """Tell Hydra which files there are, and how the derived sections come about."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import DictConfig, OmegaConf

    defaults: list[Any] = [
        {f"{folder}@{folder}.{path.stem}": path.stem}
        for folder in FOLDERS
        for path in entry_files(conf / folder)
    ]
    for section in OWN:  # what another conf/ left there in this process, Hydra would take for a schema
        ConfigStore.instance().repo.pop(section, None)
    for section, name, entry in own_entries(conf):
        ConfigStore.instance().store(name, entry, group=section)
        defaults.append({f"{section}@{section}.{name}": name})
    defaults += [f"{name}@{name}" for name in FILES]
    ConfigStore.instance().store("study", {"defaults": defaults})

    def plain(root: DictConfig) -> dict[str, Any]:
        """What the derived sections are derived from."""
        read = [*FOLDERS, "names"]
        sections = {s: OmegaConf.to_container(root[s], resolve=True) for s in read if s in root}
        return {**sections, "seed": root.get("seed")}

    def derived(section: str, *, _root_: DictConfig) -> DictConfig:
        node: DictConfig = OmegaConf.create(derive(plain(_root_))[section])
        return node

    def fingerprint_of(*, _root_: DictConfig) -> str:
        return fingerprint(plain(_root_), conf)

    OmegaConf.register_new_resolver("derived", derived, replace=True)
    OmegaConf.register_new_resolver("versions", lambda: OmegaConf.create(versions()), replace=True)
    OmegaConf.register_new_resolver("fingerprint", fingerprint_of, replace=True)


def stated(conf: Path) -> dict[str, dict[str, Any]]:
    """What every file of conf/ says, by its path; one that can't be read, or would be passed over, is refused
    by its name."""
    _refuse_strays(conf)
    paths = [conf / "config.yaml", *(conf / f"{name}.yaml" for name in FILES)]
    paths += [path for folder in FOLDERS for path in entry_files(conf / folder)]
    return {(name := f"conf/{path.relative_to(conf)}"): parse(path, name) for path in paths}


def _refuse_strays(conf: Path) -> None:
    """A misspelt file or folder, which would be passed over."""
    known = [*KNOWN, *(f"{name}.yaml" for name in FILES), *FOLDERS]
    for path in sorted(conf.iterdir()):
        entry = path.is_dir() or path.suffix in (".yaml", ".yml")
        if entry and path.name not in known and not IGNORED.fullmatch(path.name):
            raise InputError(
                f"conf/: found {path.name}, which nothing reads, allowed: {nearest(path.name, known)}; "
                "rename it, or move it away"
            )


def own_entries(conf: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What experiments define for themselves: section, name, entry; refused if it is in another file, too."""
    files = {(folder, path.stem): path for folder in FOLDERS for path in entry_files(conf / folder)}
    for path in entry_files(conf / "experiments"):
        place = f"conf/{path.relative_to(conf)}"
        experiment = parse(path, place)
        for section in OWN:
            entries = experiment.get(section)
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                other = files.setdefault((section, name), path)
                if other != path:
                    there = f"conf/{other.relative_to(conf)}"
                    raise InputError(f"{place}: {section}.{name} is in {there}, too; rename one of them")
                if isinstance(entry, dict):
                    yield section, name, entry


def entry_files(folder: Path) -> list[Path]:
    """A file for each entry of a section; Git keeps no empty folder, so without one there are none."""
    paths = [path for path in sorted(folder.glob("*")) if not IGNORED.fullmatch(path.name)]
    for path in paths:
        if path.suffix != ".yaml":
            raise InputError(
                f"conf/{folder.name}/{path.name}: found a name that does not end in .yaml; rename it"
            )
    return paths


def fingerprint(params: Mapping[str, Any], conf: Path = CONF) -> str:
    """16 hexadecimal digits for what params.yaml was composed from: the values in conf/ (not its comments),
    the libraries' versions, and the sections that were copied into others."""
    whole = [stated(conf), versions(), {section: params[section] for section in COPIED}]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()[:16]


def outdated(params: Mapping[str, Any], conf: Path = CONF) -> bool:
    """Whether conf/, requirements.lock or a copied section says something else than when params.yaml was
    composed."""
    return bool(params["composed"] != fingerprint(params, conf))


def versions(lock: Path = ROOT / "requirements.lock") -> dict[str, str | list[str]]:
    """The versions that requirements.lock pins of the libraries that compute, several where they differ with
    the version of Python: {"keras": "3.15.1", "numpy": ["2.4.6", "2.5.5"], ...}."""
    pins: dict[str, list[str]] = {library: [] for library in LIBRARIES}
    text = lock.read_text(encoding="utf-8")
    for name, pin in re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==([^\s;\\]+)", text, re.M):
        if name in pins:
            pins[name].append(pin)
    return {library: of_it[0] if len(of_it) == 1 else of_it for library, of_it in pins.items()}
