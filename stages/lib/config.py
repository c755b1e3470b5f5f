"""params.yaml, read strictly: whatever is wrong with it is one line that says where and what is allowed.

Sections are read into frozen dataclasses made with `@config`, which live beside the code they
configure. `params()` also checks the whole file (stages/schema.py) before any work is done.
"""

import importlib
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "params.yaml"

# section of params.yaml -> folder of conf/ with one file per entry
SECTIONS = {
    "sources": "source",
    "corpora": "corpus",
    "models": "model",
    "trainings": "training",
    "recipes": "recipe",
    "comparisons": "comparison",
}

# pydantic names types as JSON does
OUR_WORDS = {
    "a valid array": "a list",
    "an object": "a mapping",
    "a valid integer": "an integer",
    " valid ": " ",
}

DEEPEST = 50  # lists and mappings in each other; params.yaml has 5

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class InputError(Exception):
    """Input that is refused; its text is the one line that a user sees."""

    def __init__(self, text: str) -> None:
        super().__init__("\\n".join(text.splitlines()))  # of a key or a label, say


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def config(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass that takes exactly its own keys, with exactly their types."""
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    made: Any = dataclass(frozen=True, kw_only=True, config=strict)(cls)
    return cast(type[T], made)


def params(path: Path = PARAMS) -> dict[str, Any]:
    """All of params.yaml as a dictionary, checked as a whole."""
    try:
        found = parse(path)
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing; write it with: python -m stages.compose") from None
    # Looked up at run time: the check can refuse a run but never changes a result, so no stage
    # depends on the schema, and a new option in it retrains nothing.
    importlib.import_module("stages.schema").check(found)
    return found


def parse(path: Path, name: str = PARAMS.name) -> dict[str, Any]:
    """The mapping in a YAML file, which is called `name` where it is refused; its keys are not checked
    but for repeated ones."""
    try:
        text = path.read_text(encoding="utf-8")
        _bounded(text)
        found = yaml.load(text, Loader=_Loader)
    except OSError:
        raise
    except Exception as error:  # PyYAML lets through what int(), datetime() and indexing raise
        raise InputError(f"{name} is not valid YAML: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise InputError(f"{name}: found {type(found).__name__}, allowed: a mapping")
    return found


def _bounded(text: str) -> None:
    """Refuse what a short file makes huge (aliases of aliases), or what ends the process (libyaml
    overruns its stack where lists are nested some 10,000 deep)."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"no aliases are read here, write the value out instead{event.start_mark}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"nested more than {DEEPEST} deep{event.start_mark}")


def one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def read(cls: type[T], data: object, key: str) -> T:
    """`data`, found in params.yaml at `key` (as "models.demo-lstm"), as an instance of `cls`."""
    try:
        _plain(data, key)
        text = json.dumps(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"params.yaml: {key}: cannot be read ({error}); {_mend(key)}") from None
    try:
        # By way of JSON, because pydantic's strict mode takes a mapping for a dataclass only there.
        return TypeAdapter(cls).validate_json(text, strict=True)
    except ValidationError as error:
        raise InputError(_line(cls, data, error, key)) from None


def _plain(value: object, key: str) -> None:
    """Refuse what JSON would change (dates, keys that are numbers), and a value that conf/ leaves open."""
    if value == "???":
        raise refusal(key, value, "a value (??? marks one that must be set)")
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise refusal(key, name, "keys that are strings; write it in quotes")
            _plain(inner, f"{key}.{name}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _plain(inner, f"{key}.{i}")
    elif not isinstance(value, str | int | float | None):
        raise refusal(key, value, "a string, a number, a boolean, null, a list or a mapping")


def where(key: str) -> str:
    """The file of conf/ that a key of params.yaml comes from."""
    section, _, rest = key.partition(".")
    if section == "figures":
        return "conf/figures/default.yaml"
    if section in SECTIONS and rest:
        return f"conf/{SECTIONS[section]}/{rest.split('.')[0]}.yaml"
    return "conf/config.yaml"


def refusal(key: str, found: object, allowed: str) -> InputError:
    """The line for a bad value: key, what was found, what is allowed, where to mend it."""
    return InputError(f"params.yaml: {key}: found {shown(found)}, allowed: {allowed}; {_mend(key)}")


def shown(found: object) -> str:
    """A value as it is quoted in a line, at most 80 characters."""
    try:
        text = json.dumps(found, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # a key or a number that JSON has no way to write
        text = type(found).__name__
    return text if len(text) <= 80 else text[:77] + "..."


def _mend(key: str) -> str:
    return f"mend {where(key)}, then run: python -m stages.compose"


def _line(cls: type, data: object, error: ValidationError, key: str) -> str:
    """What pydantic complains of first, as our one line."""
    errors = [(e, _path(data, e["loc"])) for e in error.errors(include_url=False)]
    # the branches of a union complain one after the other; the deepest is the one that was meant
    first, path = max(errors, key=lambda pair: len(pair[1]))
    keys = ", ".join(_keys(cls, path[:-1]))
    full = ".".join([key, *path])
    if first["type"] == "unexpected_keyword_argument":
        return str(refusal(full, first["input"], f"no such key; the keys here are {keys}"))
    if first["type"].startswith("missing"):
        return str(InputError(f"params.yaml: {full}: missing; the keys here are {keys}; {_mend(full)}"))
    allowed = " or ".join(dict.fromkeys(_allowed(e, cls, p) for e, p in errors if p == path))
    return str(refusal(full, first["input"], allowed))


def _allowed(error: Any, cls: type, path: list[str]) -> str:
    if error["type"].startswith("dataclass"):
        return f"a mapping with {', '.join(_keys(cls, path))}"
    words = str(error["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    for theirs, ours in OUR_WORDS.items():
        words = words.replace(theirs, ours)
    return words


def _path(data: Any, location: tuple[str | int, ...]) -> list[str]:
    """The keys of an error's location; pydantic also puts the names of a union's branches there."""
    path: list[str] = []
    for i, part in enumerate(location):
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int)
        )
        if inside or (isinstance(data, dict) and i == len(location) - 1):
            path.append(str(part))
            data = data.get(part) if isinstance(data, dict) else data[part]
    return path


def _keys(cls: Any, path: list[str]) -> list[str]:
    """The keys allowed at `path` below the dataclass `cls`."""
    for part in path:
        hint = get_type_hints(cls).get(part) if is_dataclass(cls) else None
        cls = next((c for c in _flat(hint) if is_dataclass(c)), cls)
    return [f.name for f in fields(cls)] if is_dataclass(cls) else []


def _flat(hint: object) -> Iterator[Any]:
    """A type and all the types that it is made of."""
    yield hint
    for arg in get_args(hint):
        yield from _flat(arg)


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader, except that it refuses a key written twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    raise yaml.YAMLError(f"key {key.value!r} is there twice,{key.start_mark}")
                names.add(key.value)
        return super().construct_mapping(node, deep)
