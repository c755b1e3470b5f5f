"""Saved models: the `.keras` format without the clock times that Keras puts into it.

Two equal trainings give equal bytes, so nothing downstream reruns for a date (keras#15143). The files
hold Keras's own layers in the place of our fast equals, so that `keras.saving.load_model` reads them
anywhere.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

from stages.network import recurrent
from stages.network.backend import keras
from stages.runtime.config import InputError


def save(model: keras.Model, path: Path) -> None:
    """Write the model, for use and not for further training: no optimizer, no date."""
    recurrent.stock(model).save(path)
    canonical(path)


def load(path: Path) -> keras.Model:
    """The model, with fast layers where they run."""
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # Keras reads weights without looking at their checksum
                raise ValueError(f"bad checksum in {damaged}")
        return recurrent.fast(keras.saving.load_model(path, compile=False))
    except Exception as error:  # zip's, Keras's and HDF5's errors have no common type
        why = str(error).partition("\n")[0]
        raise InputError(
            f"{path} is damaged ({why}); "
            f"bring it back: dvc repro train@{path.parents[1].name}, or train it again with -f"
        ) from None


def canonical(path: Path) -> None:
    """Rewrite a `.keras` file with its members in order, dated 1980, uncompressed, and no date or
    memory address inside."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    for name in ("metadata.json", "config.json"):
        members[name] = json.dumps(json.loads(members[name], object_hook=_lasting), sort_keys=True).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def _lasting(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from one saving to the next; the objects shared are types and initializers."""
    return {key: value for key, value in entry.items() if key not in ("date_saved", "shared_object_id")}
