"""News Headlines for Sarcasm Detection v1 (Misra & Arora 2019), by a TFDS builder of our own.

The file comes from the course's address, or is supplied by hand as data/manual/sarcasm.json.
A download is kept if it is the published file.
The first headlines are the training split, the rest the test split, in file order as in the course.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.split import Split
from stages.runtime import files
from stages.runtime.config import ROOT, Count, InputError, config
from stages.texts.content import content_hash
from stages.texts.duplicates import Duplicates
from stages.texts.fetch import fetch
from stages.texts.tfds import import_tfds, why

LABELS = ["not sarcastic", "sarcastic"]
MANUAL = ROOT / "data" / "manual" / "sarcasm.json"


@config
class Source:
    kind: Literal["sarcasm"]
    url: str
    splits: Annotated[dict[Literal["train", "test"], Count], Field(min_length=2)]
    per_label: Annotated[list[Count], Field(min_length=2, max_length=2)]  # texts, in the order of LABELS
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    duplicates: Duplicates = "keep"


def load(source: Source) -> dict[str, Split]:
    """The headlines, split in file order."""
    rows = _published(source)
    tfds, data_dir = import_tfds(), ROOT / "data" / "tfds"
    try:
        data = _prepared(tfds, rows, data_dir).as_dataset(split="train", shuffle_files=False)
        rows = list(tfds.as_numpy(data))
    except Exception as error:  # TFDS and its file formats raise types of their own
        raise InputError(
            f"sarcasm: TFDS could not prepare it in {data_dir} ({why(error)}); "
            "make room there, or give yourself the right to write"
        ) from error
    texts = [row["headline"].decode("utf-8") for row in rows]
    labels = np.array([row["label"] for row in rows], dtype=np.int16)
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
    """The objects of the published file, a JSON list or one object a line, as `headline` and `label`."""
    try:
        return _parsed(path.read_bytes())
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; delete it and supply another copy as {MANUAL.relative_to(ROOT)}"
        ) from None


def _published(source: Source) -> list[dict[str, Any]]:
    """The headlines supplied by hand, else those kept of an earlier download, else a new one's."""
    if MANUAL.exists():
        return headlines(MANUAL)
    kept = ROOT / "data" / "tfds" / "downloads" / "sarcasm.json"
    with suppress(OSError, ValueError):  # not there, damaged since, or of another entry in params.yaml
        return _checked(kept, source.sha256)
    try:
        with files.replacing(kept) as draft:
            fetch(source.url, draft)
            return _checked(draft, source.sha256)
    except (OSError, ValueError) as error:
        raise InputError(
            f"sarcasm: {source.url} could not be downloaded ({error}); connect to the network, "
            f"or put the file at {MANUAL.relative_to(ROOT)}"
        ) from error


def _checked(path: Path, sha256: str) -> list[dict[str, Any]]:
    """The headlines of a download; ValueError if their hash is another."""
    rows = _parsed(path.read_bytes())
    labels = np.array([row["label"] for row in rows], dtype=np.int16)
    if (found := content_hash([Split([row["headline"] for row in rows], labels, LABELS)])) != sha256:
        raise ValueError(f"found content hash {found}, allowed: {sha256}")
    return rows


def _parsed(content: bytes) -> list[dict[str, Any]]:
    """The headlines in a file's bytes; ValueError says why it is not the published file."""
    try:
        text = content.decode("utf-8-sig")
        whole = text.lstrip().startswith("[")
        rows = json.loads(text) if whole else [json.loads(line) for line in text.split("\n") if line.strip()]
        found: list[dict[str, Any]] = [
            {"headline": str(row["headline"]), "label": [0, 1].index(row["is_sarcastic"])} for row in rows
        ]
        "".join(row["headline"] for row in found).encode()  # JSON can spell half of a surrogate pair
        if not found:
            raise ValueError("no headlines")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not the published sarcasm.json ({why(error)})") from None
    return found


def _prepared(tfds: Any, rows: list[dict[str, Any]], data_dir: Path) -> Any:
    """The prepared TFDS builder; its class is made here because importing TFDS takes seconds."""

    class Sarcasm(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg, misc]  # TFDS has no types
        """One split, `train`, in the order of the file."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            columns = {"headline": tfds.features.Text(), "label": tfds.features.ClassLabel(names=LABELS)}
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(columns),
                supervised_keys=("headline", "label"),
                disable_shuffling=True,  # the split is by position in the file
            )

        def _split_generators(self, manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples()}

        def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
            yield from enumerate(rows)

    files.remove(data_dir / "sarcasm")  # prepared from a copy that may have been replaced since
    builder = Sarcasm(data_dir=data_dir)
    builder.download_and_prepare()
    return builder
