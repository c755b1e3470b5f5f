"""The hash by which a source's texts are known."""

import hashlib
from collections.abc import Iterable

from stages.artifacts.split import Split


def content_hash(splits: Iterable[Split]) -> str:
    """SHA-256 of the UTF-8 lines "<label>\\t<text>\\n" of the splits, one after the other."""
    digest = hashlib.sha256()
    for split in splits:
        for text, label in zip(split.texts, split.labels, strict=True):
            digest.update(f"{label}\t{text}\n".encode())
    return digest.hexdigest()
