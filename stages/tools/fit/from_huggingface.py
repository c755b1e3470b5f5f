"""A prepared data set of Hugging Face: a folder that `save_to_disk` has written, an .arrow file, or what
`load_dataset` has left in its cache: `hf:stanfordnlp/imdb`. The package `datasets` is not needed, and nothing
is downloaded.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.runtime.config import InputError, one_line
from stages.tools.fit import named_splits
from stages.tools.fit.data_set import DataSet

PREFIX = "hf:"
SAVED, OF_SPLITS, FACTS = "state.json", "dataset_dict.json", "dataset_info.json"  # by `datasets` 1 to 5
ARROW = ".arrow"
NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){0,2}")


def data_set(name: str, texts: Sequence[str] | None, label: str | None) -> DataSet:
    """name: a path, or a name of Hugging Face's. texts, label: columns, None to have them guessed."""
    path = Path(name)
    place = path if path.exists() else cached(name)
    try:
        splits = files_of(place)
        tables = {split: opened(parts) for split, parts in splits.items()}
        default_name = place.stem if path.exists() else name
        return named_splits.data_set(prepared(f"{PREFIX}{name}", default_name, tables), texts, label)
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # Arrow's are some of these
        raise InputError(
            f"{PREFIX}{name}: {place} can't be read ({one_line(error)}); save it again with `save_to_disk`"
        ) from None


def is_saved(folder: Path) -> bool:
    """Whether `save_to_disk` wrote a folder."""
    return any((folder / name).is_file() for name in (SAVED, OF_SPLITS))


def files_of(place: Path) -> dict[str, list[Path]]:
    """The .arrow files of each split. place: a folder, or one of these files. Raises ValueError, LookupError,
    TypeError, AttributeError or OSError if it is damaged, or something else."""
    if place.suffix == ARROW:
        return {named_splits.TRAIN: [place]}
    if (place / OF_SPLITS).is_file():
        return {split: saved(place / split) for split in parsed(place / OF_SPLITS)["splits"]}
    if (place / SAVED).is_file():
        return {named_splits.TRAIN: saved(place)}
    if (place / FACTS).is_file():
        return {split: kept(place, facts) for split, facts in parsed(place / FACTS)["splits"].items()}
    raise ValueError(f"found neither {OF_SPLITS} nor {SAVED} inside")


def parsed(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def saved(folder: Path) -> list[Path]:
    state = parsed(folder / SAVED)
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise ValueError("it is a selection of rows as an old version of `datasets` wrote it")
    return [folder / each["filename"] for each in state["_data_files"]]


def kept(folder: Path, facts: Mapping[str, Any]) -> list[Path]:
    """The files of a split in the cache, whose rows must be as many as the cache says."""
    stem = re.escape(f"{facts['dataset_name']}-{facts['name']}")
    name = re.compile(rf"{stem}(-\d+-of-\d+)?\{ARROW}")
    parts = [path for path in sorted(folder.iterdir()) if name.fullmatch(path.name)]
    if (rows := sum(len(opened([part])) for part in parts)) != facts["num_examples"]:
        raise ValueError(f"found {rows} rows of {facts['name']}, not {facts['num_examples']}")
    return parts


def cached(name: str) -> Path:
    """The folder of a data set in the cache, the newest there is of it."""
    root, parts = cache(), name.split("/")
    # owner/data-set/configuration, or data-set/configuration
    ways = [["___".join(parts[:2]), *parts[2:]], parts] if NAME.fullmatch(name) else []
    base = next((folder for way in ways if (folder := existing(root, way))), None)
    places = [path.parent for path in sorted(base.rglob(FACTS))] if base else []
    if not places:
        raise InputError(
            f"{PREFIX}{name}: found no such folder, and no such data set in {root}; prepare it with: "
            f"pip install datasets (in another environment), then python -c 'import datasets; "
            f'datasets.load_dataset({asked_for(parts)}).save_to_disk("my-folder")\', and give '
            f"{PREFIX}my-folder"
        )
    if len(configurations := sorted({place.relative_to(root).parts[1] for place in places})) > 1:
        several = ", ".join(configurations)[:200]
        raise InputError(
            f"{PREFIX}{name}: found {len(configurations)} configurations, allowed: one; add /{several}"
        )
    return max(places, key=lambda place: (place / FACTS).stat().st_mtime)


def asked_for(parts: Sequence[str]) -> str:
    """The arguments of `load_dataset`: the data set, and its configuration if there is one. Of two parts the
    first is taken for the owner, as it mostly is."""
    return ", ".join(f'"{each}"' for each in ("/".join(parts[:2]), *parts[2:]))


def existing(root: Path, parts: Sequence[str]) -> Path | None:
    """Folders, one in the other, as the cache spells them: it writes FooBar as foo_bar."""
    folder = root
    for part in parts:
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        same = [each for each in inside if each.is_dir() and spelled(each.name) == spelled(part)]
        if not same:
            return None
        folder = same[0]
    return folder


def spelled(name: str) -> str:
    return name.casefold().replace("_", "")


def cache() -> Path:
    """Where `load_dataset` keeps data sets."""
    user = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    home = Path(os.environ.get("HF_HOME", user)) / "datasets"
    return Path(os.environ.get("HF_DATASETS_CACHE", home)).expanduser()


def opened(parts: Sequence[Path]) -> Any:
    """The table in .arrow files, which are mapped, not read."""
    import pyarrow

    def one(path: Path) -> Any:
        file = pyarrow.memory_map(str(path))
        try:
            return pyarrow.ipc.open_stream(file).read_all()
        except pyarrow.ArrowInvalid:  # as other programs write Arrow
            return pyarrow.ipc.open_file(file).read_all()

    if not parts:
        raise ValueError("found no .arrow file")
    return pyarrow.concat_tables([one(path) for path in parts])


def prepared(where: str, name: str, tables: Mapping[str, Any]) -> named_splits.Prepared:
    if not tables:
        raise ValueError("found no split")
    schema = tables.get(named_splits.TRAIN, next(iter(tables.values()))).schema
    columns = [field.name for field in schema if simple(field.type)]

    def read(split: str) -> list[dict[str, object]]:
        names = classes(tables[split].schema)  # its own: their order may be another one than that of train
        rows = tables[split].select(columns).to_pylist()
        return [{column: value(row[column], names.get(column)) for column in columns} for row in rows]

    rows = {split: len(table) for split, table in tables.items()}
    known = classes(schema)
    return named_splits.Prepared(where, name, rows, [each for each in columns if each in known], read)


def classes(schema: Any) -> dict[str, list[str]]:
    """The names that a column's numbers mean, as `datasets` writes them into each .arrow file."""
    described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    return {
        column: feature["names"]
        for column, feature in described.get("info", {}).get("features", {}).items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }


def simple(kind: Any) -> bool:
    """Whether a column has strings, numbers, or true and false."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in tests)


def value(raw: Any, names: Sequence[str] | None) -> object:
    """A column's value as a table would spell it. names: of a class; one that is not known is below 0."""
    if names and isinstance(raw, int):
        return names[raw] if raw >= 0 else None
    return raw
