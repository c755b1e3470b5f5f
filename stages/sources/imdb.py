"""Large Movie Review Dataset (Maas et al. 2011) as TFDS prepares it: `tfds.load("imdb_reviews")`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.artifacts.split import Split
from stages.runtime import files
from stages.runtime.config import ROOT, Count, InputError, config
from stages.texts.duplicates import Duplicates
from stages.texts.fetch import fetch
from stages.texts.tfds import import_tfds, why

LABELS = {"neg": "negative", "pos": "positive"}  # by the names that TFDS's numbers have
URL = "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"  # TFDS's builder names it too
COPY = Path("imdb_reviews") / "plain_text" / "1.0.0"


@config
class Splits:
    train: Count
    test: Count
    unsupervised: Count | None = None


@config
class Source:
    kind: Literal["imdb"]
    splits: Splits
    per_label: Annotated[list[Count], Field(min_length=2, max_length=2)]  # texts, in the order of LABELS
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    duplicates: Duplicates = "keep"


def load(source: Source) -> dict[str, Split]:
    """The splits that are asked for, in TFDS's order; the unsupervised one has label -1."""
    tfds = import_tfds()
    folder = Path(tfds.core.constants.DATA_DIR).expanduser() / COPY
    if not folder.exists():
        _prepare(tfds, folder)
    try:
        builder = tfds.builder("imdb_reviews")
        if (names := builder.info.features["label"].names) != [*LABELS]:
            raise ValueError(f"found the labels {names}, allowed: {[*LABELS]}")
        counts = {name: count for name, count in vars(source.splits).items() if count}
        return {name: _read(tfds, builder, name, count) for name, count in counts.items()}
    except Exception as error:  # TFDS and its file formats raise types of their own
        raise InputError(
            f"imdb: the copy in {folder} can't be read ({why(error)}); delete that folder, so that it is "
            f"downloaded again, or set TFDS_DATA_DIR to a folder that holds an intact {COPY}"
        ) from error


def _prepare(tfds: Any, folder: Path) -> None:
    """Have TFDS make its copy, from an archive that is kept until then."""
    archive = ROOT / "data" / "tfds" / "downloads" / "aclImdb_v1.tar.gz"  # TFDS looks for this name
    try:
        if not archive.exists():
            with files.replacing(archive) as draft:
                fetch(URL, draft)
        config = tfds.download.DownloadConfig(manual_dir=archive.parent)
        tfds.builder("imdb_reviews").download_and_prepare(download_config=config)
    except Exception as error:
        if type(error).__name__ == "NonMatchingChecksumError":  # TFDS does not export it
            files.remove(archive)
        raise InputError(
            f"imdb: no prepared copy was found as {folder}, and none could be made from {URL} "
            f"({why(error)}); connect to the network and run it again, "
            f"or set TFDS_DATA_DIR to a folder that holds {COPY}"
        ) from error
    files.remove(archive)


def _read(tfds: Any, builder: Any, name: str, count: int) -> Split:
    from tqdm import tqdm

    data = tfds.as_numpy(builder.as_dataset(split=name, shuffle_files=False))
    rows = list(tqdm(data, total=count, desc=f"imdb {name}", unit=" texts", disable=None))
    texts = [row["text"].decode("utf-8") for row in rows]
    return Split(texts, np.array([row["label"] for row in rows], dtype=np.int16), [*LABELS.values()])
