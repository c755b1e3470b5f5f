"""Saved models: the `.keras` format without the clock times that Keras puts into it.

Two equal trainings give equal bytes, so nothing downstream reruns for a date (keras#15143).
"""

import json
import zipfile
from pathlib import Path
from types import ModuleType

from stages.lib.backend import keras
from stages.lib.config import InputError


def save(model: keras.Model, path: Path) -> None:
    """Write the model, for use and not for further training: no optimizer, no date."""
    keras.Model(model.input, model.output, name=model.name).save(path)
    canonical(path)


def load(path: Path, architecture: ModuleType) -> keras.Model:
    """The model, with the layers that its architecture may have added to Keras."""
    if hasattr(architecture, "register"):
        architecture.register()
    try:
        return keras.saving.load_model(path, compile=False)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        why = str(error).partition("\n")[0]
        raise InputError(
            f"{path} is damaged ({why}); train it again: dvc repro -f train@{path.parent.name}"
        ) from None


def canonical(path: Path) -> None:
    """Rewrite a `.keras` file with its members in order, dated 1980, uncompressed, and no date inside."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    members["metadata.json"] = json.dumps(metadata, sort_keys=True).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
