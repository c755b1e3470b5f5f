"""Large Movie Review Dataset (Maas et al. 2011) as TFDS prepares it: `tfds.load("imdb_reviews")`."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.lib.arrays import Split
from stages.lib.config import Count, InputError, config
from stages.lib.network import connect
from stages.lib.quiet import quiet

LABELS = ["negative", "positive"]
URL = "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"  # where TFDS gets it
HELP = (
    'imdb: no prepared copy of "imdb_reviews" was found{where}, and it could not be downloaded ({why}); '
    "connect to the network, or set TFDS_DATA_DIR to a folder that holds imdb_reviews/plain_text/1.0.0"
)


@config
class Splits:
    train: Count
    test: Count
    unsupervised: Count | None = None


@config
class Source:
    kind: Literal["imdb"]
    splits: Splits
    labels: dict[str, Count]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def load(source: Source) -> dict[str, Split]:
    """The splits that are asked for, in TFDS's order; the unsupervised one has label -1."""
    return {name: _read(name, count) for name, count in vars(source.splits).items() if count}


def _read(name: str, count: int) -> Split:
    with quiet():
        import tensorflow  # noqa: F401  (TFDS would import it later)
        import tensorflow_datasets as tfds
    from tqdm import tqdm

    try:
        if not tfds.builder("imdb_reviews").is_prepared():
            connect(URL)
        data = tfds.load("imdb_reviews", split=name, shuffle_files=False)
    except Exception as error:  # TFDS, its downloader and its file formats raise types of their own
        from tensorflow_datasets.core import constants

        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(HELP.format(where=f" in {constants.DATA_DIR}", why=why)) from error
    rows = list(tqdm(tfds.as_numpy(data), total=count, desc=f"imdb {name}", unit=" texts", disable=None))
    texts = [row["text"].decode("utf-8") for row in rows]
    return Split(texts, np.array([row["label"] for row in rows], dtype=np.int8), LABELS)
