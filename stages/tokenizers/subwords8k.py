"""The ids of TFDS's `SubwordTextEncoder`, those of the retired `imdb_reviews/subwords8k` and its lessons.

On IMDB's training split there are 8,185 ids. The last 256 are bytes, which spell what no subword covers:
nothing is unknown to it, and decoding gives back any text. Written anew, without TFDS and TensorFlow: it
fits to 25,000 reviews in 5 s (TFDS: 150 s) and encodes 50,000 in 6 s (TFDS: 13 s).

A text is cut into words and what is between them. "snow_man fell." is the words "snow_man ", "fell" and ".":
one space behind a word belongs to it. Spelled for the vocabulary, the first is `snow\\&undscman_`: the last
underscore stands for the space. Each word is then covered from the left by the longest subwords there are.

Subwords are learnt from counted words as TFDS and Tensor2Tensor do. A round counts the words' substrings,
of at most 20 characters, that begin where a subword of the round before begins when it spells the word; at
first that is every character. From the longest to the shortest, a substring that is frequent enough is
accepted, and its count is taken off its prefixes, which so have to earn their place without it. The fourth
round's are the subwords, the most frequent first. What is enough is found by bisection: until there are
about as many as asked for. TFDS counts substring by substring; here the distinct ones are the nodes of a
trie, made once, and counting is an addition over each of its levels.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from stages.runtime import files
from stages.runtime.config import config
from stages.runtime.crew import ALONE, Block, Crew

TARGET = 2**13  # ids; what TFDS asked `build_from_corpus` for
UNDERSCORE = "\\&undsc"  # an underscore within a word; a plain one at its end means the space behind it
OTHERS = 257  # ids of a vocabulary that are no subwords: padding and the bytes
LONGEST = 20  # characters of a learnt subword; this and the next two are TFDS's
ROUNDS = 4
CLOSE = 0.01  # a vocabulary this share of the target away from it ends the bisection
FILE = "vocabulary.json"
HALVES = "surrogatepass"  # spelled as \ud800 in JSON, two halves would come back as one character
WORDS = re.compile(r"\w++(?: (?!\W))?|\W+").findall
ONE_SPACE = re.compile(r" (?!\W)").match
LETTER = re.compile(r"\w").search
MIXED = re.compile(r"\w\W|\W\w").search
ESCAPE = b"\xfe"  # no UTF-8 has this byte: a backslash of a subword while decoding
KEPT = 2**26  # bytes of remembered words and their ids; those of IMDB's 50,000 reviews take 42 MB
ENTRY = 100  # bytes that an entry of a large dict takes, without its key and value


@config
class Config:
    kind: Literal["subwords8k"]


class Subwords:
    """Subwords and bytes; id 0 is padding, then come the subwords, then the bytes."""

    def __init__(self, subwords: list[str]) -> None:
        self.subwords = subwords
        self._words = _Words(subwords)
        self._ids = _Ids(subwords)
        self._meanings = [b"", *map(_meaning, subwords), *map(_byte, range(256))]

    @property
    def vocabulary(self) -> int:
        return len(self._meanings)

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        for text in texts:
            ids = map(self._ids.__getitem__, self._words.of(text))
            yield np.fromiter(chain.from_iterable(ids), np.int32)

    def decode(self, ids: Sequence[int]) -> str:
        text = b"".join([self._meanings[i] for i in ids])
        text = text.replace(ESCAPE + UNDERSCORE[1:].encode(), b"_").replace(ESCAPE, b"\\")
        try:
            return text.decode("utf-8", HALVES)
        except UnicodeDecodeError:  # ids that no text has
            return text.decode("utf-8", "replace")

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        return np.zeros_like(ids, dtype=bool)  # the bytes are in the vocabulary

    def save(self, folder: Path) -> None:
        # not TFDS's own file: that has a subword per line, also of subwords with line ends
        files.write_json(folder / FILE, self.subwords, HALVES)


def fit(config: Config, texts: Iterable[str], crew: Crew = ALONE) -> Subwords:
    """The tokenizer that TFDS builds from the texts."""
    counts = Counter[str]()
    for own in crew.map(_counts, crew.blocks(texts)):
        counts.update(own)  # words stay in the order in which they are first seen
    return Subwords(learn({_spelled(word): count for word, count in counts.items()}, TARGET))


def _counts(block: Block) -> Counter[str]:
    """How often each word is in the texts."""
    return Counter(chain.from_iterable(map(_Words([]).of, block[1])))


def load(folder: Path) -> Subwords:
    return Subwords(json.loads((folder / FILE).read_text("utf-8", HALVES)))


class _Words:
    """Cuts texts into words.

    TFDS first cuts out whatever reads like a subword that mixes letters and signs. Only the spelling of an
    underscore makes such subwords: `a\\`, `&undsc`. IMDB's vocabulary has none but the spelling itself.
    """

    def __init__(self, subwords: Iterable[str]) -> None:
        # Where several fit the longest is cut out. (TFDS takes any, by Python's hash seed.)
        mixed = sorted((s for s in subwords if MIXED(s) and UNDERSCORE not in s), key=len, reverse=True)
        self._cut_out = [UNDERSCORE, *mixed]
        self._split = re.compile("(" + ("|".join(map(re.escape, mixed)) or "(?!)") + ")").split

    def of(self, text: str) -> list[str]:
        """The words of a text: "a  (bit_ of)" -> ["a", "  (", "bit_ ", "of", ")"]."""
        if not any(cut_out in text for cut_out in self._cut_out):
            return WORDS(text)
        words: list[str] = []
        for i, part in enumerate(self._parts(text)):
            if i % 2:
                words += _literal() if part == UNDERSCORE else [part]
            elif i and ONE_SPACE(part):
                words[-1] += " "
                words += WORDS(part[1:])
            else:
                words += WORDS(part)
        return words

    def _parts(self, text: str) -> list[str]:
        """The text in parts, of which every other one is cut out; the first is not."""
        first, *others = text.split(UNDERSCORE)
        parts = self._split(first)
        for other in others:
            parts += [UNDERSCORE, *self._split(other)]
        return parts


def _literal() -> list[str]:
    r"""The words of a text's own `\&undsc`.

    Here, and only for such texts, ids can differ from TFDS's, which can take it for an underscore when it
    decodes and doubles a space behind it. A word of one ASCII character is spelled by its byte, as no
    subword is that short; so `decode` can tell this backslash from an underscore's, always a subword's.
    """
    return [*UNDERSCORE[:2], UNDERSCORE[2:]]


class _Ids(dict[str, tuple[int, ...]]):
    """The ids of every word that is looked up; they are remembered, until all of them take KEPT bytes."""

    def __init__(self, subwords: list[str]) -> None:
        super().__init__()
        self._bytes = list(range(1 + len(subwords), OTHERS + len(subwords)))
        known = {subword: i for i, subword in enumerate(subwords, start=1)}
        known |= {UNDERSCORE: self._bytes[ord("_")], "_": self._bytes[ord(" ")]}
        # the id of every subword, and 0 for what only begins like one
        self._beginnings = {subword[:end]: 0 for subword in known for end in range(1, len(subword))} | known
        self._size = 0

    def __missing__(self, word: str) -> tuple[int, ...]:
        ids = tuple(self._covered(_spelled(word)))
        self._size += ENTRY + sys.getsizeof(word) + sys.getsizeof(ids)
        if self._size > KEPT:  # this word is not kept either: a text without spaces can be one word
            self.clear()
            self._size = 0
        else:
            self[word] = ids
        return ids

    def _covered(self, spelled: str) -> list[int]:
        """The ids of the longest subwords that fit, from the left; elsewhere those of a character's bytes."""
        ids: list[int] = []
        start = 0
        while start < len(spelled):
            longest, end = 0, start + 1
            for stop in range(start + 1, len(spelled) + 1):
                subword = self._beginnings.get(spelled[start:stop])
                if subword is None:
                    break
                if subword:
                    longest, end = subword, stop
            ids += [longest] if longest else self._spelled_in_bytes(spelled[start])
            start = end
        return ids

    def _spelled_in_bytes(self, character: str) -> list[int]:
        return [self._bytes[byte] for byte in character.encode("utf-8", HALVES)]


def _spelled(word: str) -> str:
    r"""A word as the vocabulary spells it: "a_b " -> `a\&undscb_`, " " -> " "."""
    escaped = word.replace("_", UNDERSCORE)
    return escaped[:-1] + "_" if escaped[-1] == " " and LETTER(word) else escaped


def _meaning(subword: str) -> bytes:
    """The text of a subword, in which an underscore may be half spelled."""
    text = subword[:-1] + " " if subword.endswith("_") else subword
    return text.encode("utf-8", HALVES).replace(b"\\", ESCAPE)


def _byte(value: int) -> bytes:
    return b"\xff" if bytes([value]) == ESCAPE else bytes([value])  # neither is in any UTF-8


def learn(counts: Mapping[str, int], target: int) -> list[str]:
    """The subwords of a vocabulary of about `target` ids, from how often each word occurs.

    {"low": 5, "lower_": 2, ...} -> ["low", ...], each of more than one byte of UTF-8
    """
    if not counts:
        return []
    trie = _Trie(counts)
    low, high = min(counts.values()), max(counts.values())
    best, closest = list[str](), sys.maxsize
    while True:
        least = (low + high) // 2
        subwords = trie.subwords(least)
        excess = len(subwords) + OTHERS - target
        if abs(excess) <= closest:  # of equals the last, as TFDS
            best, closest = subwords, abs(excess)
        if closest < CLOSE * target or low >= high or least <= 1:
            return best
        low, high = (least + 1, high) if excess > 0 else (low, least - 1)


class _Level(NamedTuple):
    """The distinct substrings of one length, numbered from 0 as the nodes of a level of the trie.

    places: int64[occurrences], the character of the joined words that an occurrence begins with.
    nodes: int64[occurrences], which substring it is.
    parents: int64[nodes], the substring without its last character, in the level before.
    first: int64[nodes], one of the places of each substring.
    """

    places: np.ndarray
    nodes: np.ndarray
    parents: np.ndarray
    first: np.ndarray


class _Trie:
    """All substrings of the words, of at most LONGEST characters.

    _joined: the words one after the other; what counts places counts its characters.
    _begins, _ends: int64[words], the place of each word's first character, and that behind its last.
    _weights: float64[characters], how often the word around occurs (exact up to 2**53).
    _underscores: int64[], the places where UNDERSCORE begins.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        lengths = np.fromiter(map(len, counts), np.int64, len(counts))
        self._joined = "".join(counts)
        self._ends = np.cumsum(lengths)
        self._begins = self._ends - lengths
        self._weights = np.repeat(np.fromiter(counts.values(), np.float64, len(counts)), lengths)
        left = np.repeat(self._ends, lengths) - np.arange(len(self._joined))  # characters of its word
        places = [match.start() for match in re.finditer(re.escape(UNDERSCORE), self._joined)]
        self._underscores = np.array([i for i in places if left[i] >= len(UNDERSCORE)], np.int64)
        codes = np.frombuffer(self._joined.encode("utf-32-le", HALVES), np.uint32)
        self._levels = _levels(codes, left)
        self._beyond_a_byte = codes[self._levels[0].first] >= 0x80  # bytes have ids anyway
        self._at_first = self._count(self._starts([]))  # the same for every `least`

    def subwords(self, least: int) -> list[str]:
        """The substrings that are accepted at `least` occurrences, by falling count, then text."""
        counts, accepted = self._accept(self._at_first, least)
        for _ in range(ROUNDS - 1):
            counts, accepted = self._accept(self._count(self._starts(accepted)), least)
        ranked: list[tuple[float, str]] = []
        for length, level in enumerate(self._levels, start=1):
            taken = accepted[length - 1]
            texts = [self._joined[place : place + length] for place in level.first[taken].tolist()]
            ranked += zip(counts[length - 1][taken].tolist(), texts, strict=True)
        return [subword for _, subword in sorted(ranked, reverse=True)]

    def _starts(self, accepted: list[np.ndarray]) -> np.ndarray:
        """Where subwords begin if each word is spelled with the longest that fit: bool[characters]."""
        longest = np.ones(len(self._joined), np.int64)
        for length, (level, taken) in enumerate(zip(self._levels, accepted, strict=False), start=1):
            longest[level.places[taken[level.nodes]]] = length
        longest[self._underscores] = np.maximum(longest[self._underscores], len(UNDERSCORE))
        starts = np.zeros(len(self._joined), bool)
        at, ends = self._begins, self._ends
        while len(at):  # a step to the next subword, of all words at once
            starts[at] = True
            at = at + longest[at]
            inside = at < ends
            at, ends = at[inside], ends[inside]
        return starts

    def _count(self, starts: np.ndarray) -> list[np.ndarray]:
        """How often each substring begins at one of the starts: float64[nodes] per level."""
        weights = np.where(starts, self._weights, 0)
        return [np.bincount(level.nodes, weights[level.places]) for level in self._levels]

    def _accept(self, counts: list[np.ndarray], least: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Per level the counts less those of accepted longer substrings, and who is accepted: bool[nodes]."""
        nets, accepted = list(counts), [np.zeros(len(count), bool) for count in counts]
        lost: np.ndarray = np.zeros(len(counts[-1]))
        for i in reversed(range(len(counts))):
            nets[i] = counts[i] - lost
            accepted[i] = nets[i] >= least
            if i == 0:
                accepted[i] &= self._beyond_a_byte
            else:
                off = lost + np.where(accepted[i], nets[i], 0)
                lost = np.bincount(self._levels[i].parents, off, len(counts[i - 1]))
        return nets, accepted


def _levels(codes: np.ndarray, left: np.ndarray) -> list[_Level]:
    """The levels of the trie of characters, uint32; `left`: int64, how long a substring can be at each."""
    alphabet, first, characters = np.unique(codes, return_index=True, return_inverse=True)
    places, nodes = np.arange(len(characters)), characters
    levels = [_Level(places, nodes, np.zeros(len(alphabet), np.int64), first)]
    for length in range(2, min(LONGEST, int(left.max())) + 1):
        longer = left[places] >= length
        places = places[longer]
        # a substring is its beginning, already numbered, and one more character
        pairs = nodes[longer] * len(alphabet) + characters[places + length - 1]
        distinct, first, nodes = np.unique(pairs, return_index=True, return_inverse=True)
        levels.append(_Level(places, nodes, distinct // len(alphabet), places[first]))
    return levels
