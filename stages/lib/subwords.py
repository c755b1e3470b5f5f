"""Learning subwords from counted words, as Tensor2Tensor's and TFDS's `SubwordTextEncoder` do.

A round counts the substrings of the words, of at most 20 characters, that begin where a subword found by
the round before begins when it spells the word; at first that is every character. From the longest to
the shortest, a substring that is frequent enough is accepted, and its count is taken off its prefixes,
which so have to earn their place without it. The fourth round's are the subwords, the most frequent first.
What is enough is found by bisection: until there are about as many subwords as asked for.

TFDS counts in a dictionary, substring by substring, and takes 150 s for IMDB's training split. Here the
distinct substrings are the nodes of a trie, made once, and counting is an addition over each of its levels.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.lib.covering import beginnings, codes, steps

UNDERSCORE = "\\&undsc"  # an underscore within a word; a plain one at its end means the space behind it
OTHERS = 257  # ids of a vocabulary that are no subwords: padding and the bytes
LONGEST = 20  # characters of a subword; this and the next two are TFDS's
ROUNDS = 4
CLOSE = 0.01  # a vocabulary this share of the target away from it ends the bisection


def learn(counts: Mapping[str, int], target: int) -> list[str]:
    """The subwords of a vocabulary of about `target` ids, from how often each word occurs.

    {"low": 5, "lower_": 2, ...} -> ["low", ...], each of more than one byte of UTF-8
    """
    if not counts:
        return []
    trie = _Trie(counts)
    low, high = max(min(counts.values()), 1), max(counts.values())
    best: list[str] | None = None
    while True:
        least = (low + high) // 2
        found = trie.subwords(least)
        excess = len(found) + OTHERS - target
        if best is None or abs(excess) <= abs(len(best) + OTHERS - target):  # of equals the last, as TFDS
            best = found
        if abs(excess) < CLOSE * target or low >= high or least <= 1:
            return best
        low, high = (least + 1, high) if excess > 0 else (low, least - 1)


@dataclass(frozen=True)
class _Level:
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
    _begins: int64[words], the place of each word's first character.
    _weights: float64[characters], how often the word around occurs (exact up to 2**53).
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        words = list(counts)
        self._joined = "".join(words)
        self._begins = beginnings(words)
        ends = np.append(self._begins[1:], len(self._joined))
        lengths = ends - self._begins
        self._weights = np.repeat(np.fromiter(counts.values(), np.float64, len(counts)), lengths)
        left = np.repeat(ends, lengths) - np.arange(len(self._joined))  # characters of its word
        self._levels = _levels(self._joined, left)
        spelled = np.array([m.start() for m in re.finditer(re.escape(UNDERSCORE), self._joined)], np.int64)
        self._underscores = spelled[left[spelled] >= len(UNDERSCORE)]  # not those that two words make

    def subwords(self, least: int) -> list[str]:
        """The substrings that are accepted at `least` occurrences, by falling count, then text."""
        counts, accepted = self._accept(self._at_first, least)
        for _ in range(ROUNDS - 1):
            counts, accepted = self._accept(self._count(self._starts(accepted)), least)
        found = [
            (count, self._joined[place : place + length])
            for length, (level, net, taken) in enumerate(
                zip(self._levels, counts, accepted, strict=True), start=1
            )
            for count, place in zip(net[taken].tolist(), level.first[taken].tolist(), strict=True)
        ]
        return [subword for _, subword in sorted(found, reverse=True)]

    @cached_property
    def _at_first(self) -> list[np.ndarray]:
        """The counts of the first round, which are the same for every `least`."""
        return self._count(self._starts([]))

    def _starts(self, accepted: list[np.ndarray]) -> np.ndarray:
        """Where subwords begin if each word is spelled with the longest that fit: int64[subwords]."""
        longest = np.ones(len(self._weights), dtype=np.int64)
        for length, (level, taken) in enumerate(zip(self._levels, accepted, strict=False), start=1):
            longest[level.places[taken[level.nodes]]] = length
        longest[self._underscores] = np.maximum(longest[self._underscores], len(UNDERSCORE))
        return steps(longest, self._begins)

    def _count(self, starts: np.ndarray) -> list[np.ndarray]:
        """How often each substring begins at one of the starts: float64[nodes] per level."""
        weights = np.zeros_like(self._weights)
        weights[starts] = self._weights[starts]
        return [np.bincount(level.nodes, weights[level.places]) for level in self._levels]

    def _accept(self, counts: list[np.ndarray], least: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Per level the counts less those of accepted longer substrings, and who is accepted: bool[nodes]."""
        nets, accepted = list(counts), [np.zeros(len(count), dtype=bool) for count in counts]
        lost: np.ndarray = np.zeros(len(counts[-1]))
        for i in reversed(range(len(counts))):
            nets[i] = counts[i] - lost
            accepted[i] = nets[i] >= least
            if i == 0:
                accepted[i] &= self._beyond_a_byte
            else:
                off = lost + np.where(accepted[i], nets[i], 0.0)
                lost = np.bincount(self._levels[i].parents, off, len(counts[i - 1]))
        return nets, accepted

    @cached_property
    def _beyond_a_byte(self) -> np.ndarray:
        """Which characters are more than one byte of UTF-8, as bytes have their ids: bool[nodes]."""
        return np.array([self._joined[place] >= "\x80" for place in self._levels[0].first.tolist()])


def _levels(joined: str, left: np.ndarray) -> list[_Level]:
    """The levels of the trie; `left`, int64[characters], is how long a substring can be at each place."""
    alphabet, first, characters = np.unique(codes(joined), return_index=True, return_inverse=True)
    places, nodes = np.arange(len(characters)), characters
    levels = [_Level(places, nodes, np.zeros(len(alphabet), dtype=np.int64), first)]
    for length in range(2, min(LONGEST, int(left.max())) + 1):
        longer = left[places] >= length
        places = places[longer]
        # a substring is its beginning, already numbered, and one more character
        pairs = nodes[longer] * len(alphabet) + characters[places + length - 1]
        distinct, first, nodes = np.unique(pairs, return_index=True, return_inverse=True)
        levels.append(_Level(places, nodes, distinct // len(alphabet), places[first]))
    return levels
