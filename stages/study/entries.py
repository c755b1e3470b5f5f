"""Entries of params.yaml: read, named and refused; what the checks of sections and of recipes share."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from stages.runtime import kinds
from stages.runtime.config import ROOT, nearest, read, refusal

# DVC would take 0o7 for the number 7
NAME = re.compile(r"(?!0o)[a-z0-9]+(-[a-z0-9]+)*")
# of conf/, an entry a file
FOLDERS = ["sources", "corpora", "models", "pretrainings", "trainings", "experiments"]
OWN = ["sources", "corpora", "models", "pretrainings", "trainings"]  # what an experiment may define, too
FILES = ["figures", "names", "samples"]  # of conf/, a section each
DERIVED = ["recipes", "comparisons", "pipeline", "versions", "composed"]  # from the others, by composing


def mend(key: str) -> str:
    """What to do about a value at a key of params.yaml: the file of conf/ that it comes from."""
    section, _, rest = key.partition(".")
    if section in FOLDERS:
        name = rest.split(".")[0]
        file = f"{section}/{name}.yaml" if name else f"{section}/"
        if section in OWN and name and not (ROOT / "conf" / file).exists():
            file += ", or the file in conf/experiments that defines it"
    elif section == "recipes":
        file = "experiments/ or what it names"
    else:
        file = f"{section}.yaml" if section in FILES else "config.yaml"
    return f"mend conf/{file}, then run: python -m stages.compose"


def choices(params: Mapping[str, Any], section: str, key: str, cls: str, folder: str = "") -> None:
    """Read each entry of a section with the dataclass of the module of the folder that its `key` names."""
    for name, entry in params[section].items():
        choice(folder or section, entry, key, cls, f"{section}.{name}")


def choice(folder: str, entry: Mapping[str, Any], key: str, cls: str, place: str) -> Any:
    kind = entry.get(key)
    known(kind, kinds.names(folder), f"{place}.{key}")
    return read(getattr(kinds.module(folder, str(kind)), cls), entry, place, mend(place))


def trained(entry: Mapping[str, Any], place: str) -> Any:
    training = choice("trainers", entry, "kind", "Training", place)
    training.check(place, mend(place))
    return training


def named(name: str, section: str) -> None:
    """Refuse a name that could not be a path or a stage's name."""
    if not NAME.fullmatch(name):
        allowed = "a name of lower-case letters, digits and single hyphens"
        raise refusal(f"{section}.{name}", name, allowed, mend(section))
    if len(name) > 100:
        raise refusal(f"{section}.{name}", name, "a name of at most 100 letters", mend(section))


def known(value: object, names: Iterable[str], key: str) -> None:
    known = sorted(names)
    if value not in known:
        allowed = nearest(value, known) if isinstance(value, str) else f"one of {', '.join(known)}"
        raise refusal(key, value, allowed, mend(key))


def padded(pad: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """How a corpus's texts are padded, and whether those without labels are, too: its `pad`, taken apart."""
    return {key: value for key, value in pad.items() if key != "unlabelled"}, pad.get("unlabelled", False)


def unlabelled(params: Mapping[str, Any], corpus: str, key: str) -> None:
    """Refuse a corpus without arrays of texts that have no labels where they are needed."""
    if not padded(params["corpora"][corpus]["pad"])[1]:
        allowed = f"a corpus whose pad has `unlabelled: true`, as conf/corpora/{corpus}.yaml may have"
        raise refusal(key, corpus, allowed, mend(key))
