"""The ids of TFDS's `SubwordTextEncoder`, those of the retired `imdb_reviews/subwords8k` and its lessons.

On IMDB's training split there are 8,185 ids. The last 256 are bytes, which spell what no subword covers:
nothing is unknown to it, and decoding gives back any text. Written anew, without TFDS and TensorFlow: it
fits to 25,000 reviews in 5 s (TFDS: 150 s) and encodes 50,000 in 1.4 s (TFDS: 13 s).

A text is cut into words and what is between them. "snow_man fell." is the words "snow_man ", "fell" and ".":
one space behind a word belongs to it. Spelled for the vocabulary, the first is `snow\\&undscman_`: the last
underscore stands for the space. Each word is then covered from the left by the longest subwords there are.
"""

import functools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from stages.lib import files
from stages.lib.config import config
from stages.lib.covering import Cover, beginnings, codes
from stages.lib.subwords import UNDERSCORE, learn

TARGET = 2**13  # what TFDS asked `build_from_corpus` for
FILE = "vocabulary.json"
HALVES = "surrogatepass"  # spelled as \ud800 in JSON, two halves would come back as one character
WORDS = re.compile(r"\w++(?: (?!\W))?|\W+").findall
ONE_SPACE = re.compile(r" (?!\W)").match
LETTER = re.compile(r"\w").search
MIXED = re.compile(r"\w\W|\W\w").search
BATCH = 2**18  # characters encoded at once: half as many take 10 % longer, twice as many 30 %
ESCAPE = b"\xfe"  # no UTF-8 has this byte: a backslash of a subword while decoding


@config
class Config:
    kind: Literal["subwords8k"]


class Subwords:
    """Subwords and bytes; id 0 is padding, then come the subwords, then the bytes."""

    def __init__(self, subwords: list[str]) -> None:
        self.subwords = subwords
        zero = 1 + len(subwords)
        ids = {subword: i for i, subword in enumerate(subwords, start=1)}
        ids |= {UNDERSCORE: zero + ord("_"), "_": zero + ord(" ")}
        self._cover = Cover(ids, zero, _spelled)
        self._meanings = [b"", *map(_meaning, subwords), *map(_byte, range(256))]
        self._words = _Words(s for s in subwords if MIXED(s))

    @property
    def vocabulary(self) -> int:
        return len(self._meanings)

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """The arrays are parts of one per batch."""
        for batch in _batches(texts):
            starts = self._words.starts(batch)
            found, counts = self._cover("".join(batch), starts)
            ends = np.append(0, np.cumsum(counts))  # of the words, as counted in ids
            first = ends[np.searchsorted(starts, beginnings(batch))].tolist()
            yield from (found[i:j] for i, j in pairwise([*first, len(found)]))

    def decode(self, ids: Sequence[int]) -> str:
        found = b"".join([self._meanings[i] for i in ids])
        found = found.replace(ESCAPE + UNDERSCORE[1:].encode(), b"_").replace(ESCAPE, b"\\")
        try:
            return found.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:  # ids that no text has
            return found.decode("utf-8", "replace")

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        return np.zeros_like(ids, dtype=bool)  # the bytes are in the vocabulary

    def save(self, folder: Path) -> None:
        # not TFDS's own file: that has a subword per line, also of subwords with line ends
        files.write_json(folder / FILE, self.subwords, HALVES)


def fit(config: Config, texts: Iterable[str]) -> Subwords:
    """The tokenizer that TFDS builds from the texts."""
    counts: Counter[str] = Counter()
    words = _Words([])
    for text in texts:
        counts.update(words.of(text))
    return Subwords(learn({_spelled(word): count for word, count in counts.items()}, TARGET))


def load(folder: Path) -> Subwords:
    return Subwords(json.loads((folder / FILE).read_text("utf-8", HALVES)))


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts until they have BATCH characters."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text) + 1  # so that empty texts count
        if characters >= BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@functools.cache
def _letters() -> np.ndarray:
    r"""Which code points are a \w: bool[code points]."""
    everything = np.arange(sys.maxunicode + 1, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    found = np.zeros(len(everything), dtype=bool)
    for run in re.finditer(r"\w+", everything):
        found[run.start() : run.end()] = True
    return found


class _Words:
    """Cuts texts into words.

    TFDS first cuts out whatever reads like a subword that mixes letters and signs. Only the spelling of an
    underscore makes such subwords: `a\\`, `&undsc`. IMDB's vocabulary has none but the spelling itself.
    """

    def __init__(self, mixed: Iterable[str]) -> None:
        # Where several fit the longest is cut out. (TFDS takes any, by Python's hash seed.)
        cut = sorted((s for s in mixed if UNDERSCORE not in s), key=len, reverse=True)
        self._tests = [UNDERSCORE, *cut]
        self._cut = re.compile("(" + ("|".join(map(re.escape, cut)) or "(?!)") + ")").split

    def of(self, text: str) -> list[str]:
        """The words of a text: "a  (bit_ of)" -> ["a", "  (", "bit_ ", "of", ")"]."""
        if not any(test in text for test in self._tests):
            return WORDS(text)
        found: list[str] = []
        for i, part in enumerate(self._parts(text)):
            if i % 2:
                found += _literal() if part == UNDERSCORE else [part]
            elif i and ONE_SPACE(part):
                found[-1] += " "
                found += WORDS(part[1:])
            else:
                found += WORDS(part)
        return found

    def starts(self, texts: list[str]) -> np.ndarray:
        """Where the words of all texts begin in the text that these make: int64[words]."""
        joined = "".join(texts)
        if any(test in joined for test in self._tests):
            return beginnings([word for text in texts for word in self.of(text)])
        points = codes(joined)
        first = np.zeros(len(points) + 1, dtype=bool)  # characters of texts; the last is the end
        first[beginnings(texts)] = first[-1] = True
        letters = _letters().take(points)
        starts = first.copy()
        starts[1:-1] |= letters[1:] != letters[:-1]
        one_space = (points == ord(" ")) & starts[:-1] & starts[1:] & ~first[:-1]
        return np.flatnonzero(starts[:-1] & ~one_space)

    def _parts(self, text: str) -> list[str]:
        """The text in parts, of which every other one is cut out; the first is not."""
        first, *others = text.split(UNDERSCORE)
        parts = self._cut(first)
        for other in others:
            parts += [UNDERSCORE, *self._cut(other)]
        return parts


def _literal() -> list[str]:
    r"""The words of a text's own `\&undsc`.

    Here, and only for such texts, ids can differ from TFDS's, which can take it for an underscore when it
    decodes and doubles a space behind it. A word of one ASCII character is spelled by its byte, as no
    subword is that short; so `decode` can tell this backslash from an underscore's, always a subword's.
    """
    return [*UNDERSCORE[:2], UNDERSCORE[2:]]


def _spelled(word: str) -> str:
    r"""A word as the vocabulary spells it: "a_b " -> `a\&undscb_`, " " -> " "."""
    escaped = word.replace("_", UNDERSCORE)
    return escaped[:-1] + "_" if escaped[-1] == " " and LETTER(word) else escaped


def _meaning(subword: str) -> bytes:
    """The text of a subword, in which an underscore may be half spelled."""
    text = subword[:-1] + " " if subword.endswith("_") else subword
    return text.encode("utf-8", "surrogatepass").replace(b"\\", ESCAPE)


def _byte(value: int) -> bytes:
    return b"\xff" if bytes([value]) == ESCAPE else bytes([value])  # neither is in any UTF-8
