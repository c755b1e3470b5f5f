"""Reading strictly: whatever is wrong with a file or an entry is one line that says where and what is
allowed.

Sections of params.yaml are read into frozen dataclasses made with `@config`, which live beside the code that
they configure.
"""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]

FEW = 8  # names that a refusal lists all of
UNEXPECTED = "unexpected_keyword_argument"  # as pydantic calls a key that there is not

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


def read(cls: type[T], entry: object, key: str, mend: str = "mend it") -> T:
    """`entry`, which stands in params.yaml at `key` (as "models.demo-lstm"), as an instance of `cls`.

    mend: what to do about an entry that is refused.
    """
    try:
        # by way of JSON, because pydantic's strict mode takes a mapping for a dataclass only there
        return TypeAdapter(cls).validate_json(json.dumps(entry), strict=True)
    except ValidationError as error:
        raise _refused(cls, entry, error, key, mend) from None
    except TypeError as error:  # a date
        raise InputError(f"params.yaml: {key}: {error}; {mend}") from None


def refusal(key: str, value: object, allowed: str, mend: str = "mend it") -> InputError:
    """The line for a bad value: its key, what it is, what is allowed, what to do."""
    return InputError(f"params.yaml: {key}: found {quoted(value)}, allowed: {allowed}; {mend}")


def quoted(value: object) -> str:
    """A value as a line quotes it, at most 80 characters."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def nearest(name: str, names: Iterable[str]) -> str:
    """What is allowed where a name is not among `names`: all if they are few, or the nearest, or any."""
    known = sorted(names)
    if len(known) <= FEW:
        return f"one of {', '.join(known)}"
    return f"say {', '.join(alike(name, known) or known[:1])}"


def alike(name: str, names: Iterable[str], cutoff: float = 0.4) -> list[str]:
    """The names that are nearest to it, three at most; cutoff: how near at least, from 0 to 1, the same."""
    return difflib.get_close_matches(name, [*names], n=3, cutoff=cutoff)


def parse(path: Path, name: str) -> dict[str, Any]:
    """The mapping in a YAML file, which is called `name` where it is refused."""
    try:
        parsed = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or a date that there is not
        raise InputError(f"{name} is not valid YAML: {one_line(error)}") from None
    if not isinstance(parsed, dict):
        raise InputError(f"{name}: found {type(parsed).__name__}, allowed: a mapping")
    return parsed


def one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader, except that it refuses a key written twice, and one that is no string."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.YAMLError(f"key {key.value!r} is no string, write it in quotes,{key.start_mark}")
        if len(mapping) < len(node.value):
            names = [key.value for key, _ in node.value]
            twice = next(name for name in names if names.count(name) > 1)
            raise yaml.YAMLError(f"key {twice!r} is there twice,{node.start_mark}")
        return mapping


def _refused(cls: type, entry: object, error: ValidationError, key: str, mend: str) -> InputError:
    """What pydantic complains of first, as our one line."""
    errors = [(e, _path(entry, e["loc"])) for e in error.errors(include_url=False)]
    # the branches of a union complain one after the other; the deepest is the one that was meant. A misspelt
    # key is told as such, not as the lack of the right one
    first, path = max(errors, key=lambda pair: (len(pair[1]), pair[0]["type"] == UNEXPECTED))
    full, keys = ".".join([key, *path]), _keys(cls, path[:-1])
    if first["type"] == UNEXPECTED:
        return refusal(full, first["input"], f"no such key, {nearest(path[-1], keys)}", mend)
    if first["type"].startswith("missing"):
        return InputError(f"params.yaml: {full} is missing; the keys here are {', '.join(keys)}; {mend}")
    texts = dict.fromkeys(e["msg"].removeprefix("Value error, ") for e, p in errors if p == path)
    allowed = " or ".join(texts).replace("Input should be ", "").replace("a valid array", "a list")
    return refusal(full, first["input"], allowed, mend)


def _path(entry: Any, location: tuple[str | int, ...]) -> list[str]:
    """The keys of an error's location; pydantic also puts the names of a union's branches there."""
    path: list[str] = []
    for i, part in enumerate(location):
        inside = (isinstance(entry, dict) and part in entry) or (
            isinstance(entry, list) and isinstance(part, int)
        )
        if inside or (isinstance(entry, dict) and i == len(location) - 1):
            path.append(str(part))
            entry = entry.get(part) if isinstance(entry, dict) else entry[part]
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
