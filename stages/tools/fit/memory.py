"""Whether the weights of linear models fit into the memory: there is one for each n-gram and each label."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stages.runtime.config import InputError
from stages.runtime.wording import counted
from stages.tokenizers import ngrams

CGROUPS = [  # where Linux tells a container how much it may have, new and old
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
]
SHARE = 0.5  # of the memory, for weights
# bytes that training takes for a weight: measured on 3,000 texts with 50 and 200 labels, 125 to 173 by
# L-BFGS, 16 by LIBLINEAR, 20 where each label is told from the rest; counted of NB-SVM's network, which has
# two tables and Adam's averages
LOGISTIC = 175
BYTES = {"logistic": LOGISTIC, "svm": 16, "characters": 16, "nb-svm": 20, "nb-svm-network": 50}
FEWEST = 1000  # n-grams; models of fewer are none
MARKS = 1.5  # words of a text for each that white space divides: marks are words, too
LETTERS = 20  # n-grams of characters for each word, at most, roughly


def size(cgroups: Sequence[Path] = CGROUPS) -> int:
    """Bytes of this machine, or of the container that this runs in."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in cgroups:
        if path.exists() and (limit := path.read_text(encoding="utf-8").strip()).isdecimal():
            sizes.append(int(limit))
    return min(sizes)


def room() -> float:
    """Bytes that what grows with the labels may take."""
    return SHARE * size()


def most(labels: int, each: int = LOGISTIC) -> int:
    """How many n-grams there is room for. each: bytes for a weight."""
    return int(room() / (each * _outputs(labels)))


def _outputs(labels: int) -> int:
    return 1 if labels == 2 else labels


def min_texts(
    config: ngrams.Config, cells: Sequence[str], texts: Sequence[str], words: int, labels: int
) -> int:
    """In how many texts an n-gram has to be so that there is room for all: in `min_texts`, or in more.

    cells: the recipes that have a weight for each n-gram; words: of all texts, as white space divides them.
    Raises InputError if there is room for hardly any.
    """
    each = max((BYTES[cell] for cell in cells if cell in BYTES), default=1)
    fitting = most(labels, each)
    if fitting < FEWEST:
        raise InputError(
            f"found {counted(labels, 'label')}, allowed: {int(labels * fitting / FEWEST):,}, whose weights "
            f"for {FEWEST:,} n-grams fit into half of the memory, {in_gb(size())}; join labels, delete the "
            "rows of rare ones, or take a machine with more memory"
        )
    at_most = MARKS * words * (config.words + (LETTERS if config.characters else 0))
    if at_most <= fitting:
        return config.min_texts
    while ngrams.fit(config, texts).vocabulary > fitting:
        config = replace(config, min_texts=2 * config.min_texts)
    return config.min_texts


def in_gb(number: int) -> str:
    return f"{number / 1e9:.0f} GB"
