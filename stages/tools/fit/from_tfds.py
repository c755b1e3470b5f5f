"""A prepared data set of TensorFlow Datasets: `tfds:imdb_reviews/plain_text`. Nothing is downloaded."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.runtime.config import InputError
from stages.texts.tfds import import_tfds, why
from stages.tools.fit import named_splits
from stages.tools.fit.data_set import DataSet

PREFIX = "tfds:"
NAME = re.compile(r"\w+(/[\w.-]+)?(:[\d.]+)?")  # data set, configuration, version


def data_set(name: str, texts: Sequence[str] | None, label: str | None) -> DataSet:
    """name: as TFDS has it. texts, label: columns, None to have them guessed."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{PREFIX}{name}: found no name of TFDS, allowed: as {PREFIX}imdb_reviews, "
            f"{PREFIX}imdb_reviews/plain_text, {PREFIX}imdb_reviews/plain_text:1.0.0"
        )
    tfds = import_tfds()
    folder = folder_of(Path(tfds.core.constants.DATA_DIR).expanduser(), name)
    try:
        builder = tfds.builder_from_directory(folder)
        return named_splits.data_set(prepared(tfds, builder, name), texts, label)
    except InputError:
        raise
    except Exception as error:  # TFDS and its file formats raise types of their own
        raise InputError(
            f"{PREFIX}{name}: the copy in {folder} can't be read ({why(error)}); delete that folder and "
            "prepare it anew"
        ) from error


def folder_of(data: Path, name: str) -> Path:
    """Where a data set is prepared, in its newest version if it names none. data: TFDS's folder."""
    base, _, version = name.partition(":")
    places = [path.parent for path in sorted((data / base).rglob("dataset_info.json"))]
    if version:
        places = [place for place in places if place.name == version]
    if not places:
        raise InputError(
            f"{PREFIX}{name}: found no prepared copy in {data / base}; prepare it with: python -c 'import "
            f'tensorflow_datasets; tensorflow_datasets.builder("{name}").download_and_prepare()\', or set '
            "TFDS_DATA_DIR to a folder that holds it"
        )
    if len(configurations := sorted({str(place.parent.relative_to(data)) for place in places})) > 1:
        names = ", ".join(f"{PREFIX}{each}" for each in configurations)[:200]
        raise InputError(f"{PREFIX}{name}: found {len(configurations)} configurations; name one of {names}")
    return max(places, key=lambda place: [int(number) for number in re.findall(r"\d+", place.name)])


def prepared(tfds: Any, builder: Any, name: str) -> named_splits.Prepared:
    features = {
        column: feature
        for column, feature in builder.info.features.items()
        if feature.shape == () and np.dtype(feature.np_dtype).kind in "OSUiufb"
    }
    classes = {
        column: feature.names
        for column, feature in features.items()
        if isinstance(feature, tfds.features.ClassLabel) and feature.names
    }

    def read(split: str) -> list[dict[str, object]]:
        from tqdm import tqdm

        partial = len(features) < len(builder.info.features)  # asked for some, TFDS warns of its own code
        decoders = tfds.decode.PartialDecoding(dict.fromkeys(features, True)) if partial else None
        data = tfds.as_numpy(builder.as_dataset(split=split, decoders=decoders, shuffle_files=False))
        total = builder.info.splits[split].num_examples
        rows = tqdm(data, total=total, desc=f"{name} {split}", unit=" texts", disable=None)
        return [{column: value(row[column], classes.get(column)) for column in features} for row in rows]

    return named_splits.Prepared(
        where=f"{PREFIX}{builder.info.full_name}",
        name=name.partition(":")[0],
        rows={split: facts.num_examples for split, facts in builder.info.splits.items()},
        classes=[*classes],
        read=read,
    )


def value(raw: Any, names: list[str] | None) -> object:
    """A column's value as a table would spell it. names: of a class; one that is not known is below 0."""
    if isinstance(raw, bytes):
        return raw.decode("utf-8")
    if names:
        return names[raw] if raw >= 0 else None
    return str(raw)
