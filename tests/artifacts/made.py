"""Token ids made up at random, for the tests of arrays."""

import random

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.padding import Bucket, Fixed
from stages.artifacts.tokens import Tokens


def fixed(length: int, side: str = "post", truncate: str = "post") -> Fixed:
    return Fixed(kind="fixed", length=length, side=side, truncate=truncate)  # type: ignore[arg-type]


def bucket(*boundaries: int) -> Bucket:
    return Bucket(kind="bucket", boundaries=list(boundaries))


def tokens(*texts: list[int], vocabulary: int = 1000) -> Tokens:
    return Tokens(
        ids=np.array([i for text in texts for i in text], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, texts)], dtype=np.int64),
        labels=np.arange(len(texts), dtype=np.int16) % 3 - 1,
        names=np.array(["no", "yes"]),
        vocabulary=vocabulary,
        tokenizer="word 1234",
        unknown=np.array([len(text) // 2 for text in texts], dtype=np.int64),
    )


def random_texts(seed: int) -> list[list[int]]:
    """Texts of 0 to 15 ids, some of them equal, some empty, one longer than all boundaries."""
    rng = random.Random(seed)
    texts = [[rng.randint(1, 999) for _ in range(rng.randint(0, 15))] for _ in range(rng.randint(1, 60))]
    return [*texts, [], [rng.randint(1, 999) for _ in range(70)], texts[0]]


def by_row(padded: Padded) -> dict[int, list[int]]:
    """Each text's row and its padded ids; fails if a row is there twice."""
    pairs = [
        (int(row), line.tolist())
        for ids, rows, lines in zip(padded.ids, padded.rows, padded.lines, strict=True)
        for row, line in zip(rows[lines], ids[lines], strict=True)
    ]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def same(one: Padded, other: Padded) -> bool:
    return (
        all(np.array_equal(a, b) for a, b in zip(one.ids, other.ids, strict=True))
        and all(np.array_equal(a, b) for a, b in zip(one.rows, other.rows, strict=True))
        and all(
            np.array_equal(getattr(one, name), getattr(other, name))
            for name in ("labels", "lengths", "unknown")
        )
        and (one.names, one.vocabulary, one.tokenizer, one.pad)
        == (other.names, other.vocabulary, other.tokenizer, other.pad)
    )
