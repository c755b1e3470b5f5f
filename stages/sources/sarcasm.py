"""News Headlines for Sarcasm Detection v1 (Misra & Arora 2019), by a TFDS builder of our own.

The file comes from the course's address, or is supplied by hand as data/manual/sarcasm.json.
The first headlines are the training split, the rest the test split, in file order as in the course.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.lib import files
from stages.lib.arrays import Split
from stages.lib.config import ROOT, Count, InputError, config
from stages.lib.network import connect
from stages.lib.quiet import quiet

LABELS = ["not sarcastic", "sarcastic"]
MANUAL = ROOT / "data" / "manual" / "sarcasm.json"


@config
class Source:
    kind: Literal["sarcasm"]
    url: str
    splits: Annotated[dict[Literal["train", "test"], Count], Field(min_length=2)]
    labels: dict[str, Count]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def load(source: Source) -> dict[str, Split]:
    """The headlines, split in file order."""
    with quiet():
        import tensorflow  # noqa: F401  (TFDS would import it later)
        import tensorflow_datasets as tfds

    builder = _builder(source, ROOT / "data" / "tfds")
    data = builder.as_dataset(split="train", shuffle_files=False)
    rows = list(tfds.as_numpy(data))
    texts = [row["headline"].decode("utf-8") for row in rows]
    labels = np.array([row["label"] for row in rows], dtype=np.int8)
    splits: dict[str, Split] = {}
    start = 0
    for name in ("train", "test"):
        end = start + source.splits[name]
        splits[name] = Split(texts[start:end], labels[start:end], LABELS)
        start = end
    if start != len(texts):
        raise InputError(
            f"sarcasm: found {len(texts)} headlines, the splits of params.yaml add up to {start}"
        )
    return splits


def headlines(path: Path) -> list[dict[str, Any]]:
    """The objects of the published file, a JSON list or one object a line: `headline`, `is_sarcastic`."""
    try:
        text = path.read_text(encoding="utf-8")
        rows = (
            json.loads(text)
            if text.startswith("[")
            else [json.loads(line) for line in text.split("\n") if line]
        )
        return [
            {"headline": str(row["headline"]), "label": [0, 1].index(row["is_sarcastic"])} for row in rows
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not the published sarcasm.json ({type(error).__name__}: {error}); "
            f"delete it and supply another copy as {MANUAL.relative_to(ROOT)}"
        ) from None


def _builder(source: Source, data_dir: Path) -> Any:
    """The prepared TFDS builder; its class is made here because importing TFDS takes seconds."""
    import tensorflow_datasets as tfds

    class Sarcasm(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg, misc]  # TFDS has no types
        """One split, `train`, in the order of the file."""

        VERSION = tfds.core.Version("1.0.0")
        MANUAL_DOWNLOAD_INSTRUCTIONS = f"Put sarcasm.json into {MANUAL.parent}"

        def _info(self) -> Any:
            features = {
                "headline": tfds.features.Text(),
                "label": tfds.features.ClassLabel(names=LABELS),
            }
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("headline", "label"),
                disable_shuffling=True,  # the split is by position in the file
            )

        def _split_generators(self, manager: Any) -> dict[str, Any]:
            path = MANUAL if MANUAL.exists() else Path(manager.download(source.url))
            return {"train": self._generate_examples(path)}

        def _generate_examples(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
            yield from enumerate(headlines(path))

    files.remove(data_dir / "sarcasm")  # prepared from a copy that may have been replaced since
    builder = Sarcasm(data_dir=data_dir)
    try:
        if not MANUAL.exists():
            connect(source.url)
        builder.download_and_prepare()
    except InputError:
        raise
    except Exception as error:  # the downloader raises types of its own
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(
            f"sarcasm: {source.url} could not be downloaded ({why}); connect to the network, "
            f"or put the file at {MANUAL.relative_to(ROOT)}"
        ) from error
    return builder
