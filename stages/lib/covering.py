"""The ids of many words at once. Each distinct word is covered with subwords once; its ids are remembered.

Words are given as a text and where in it each begins: "ab c" and [0, 3] are "ab " and "c". A word is known by
a hash of 64 bits, the sum of its code points, each times the random number of its place in the word. These
numbers are new in every process, so no text can be made to have two words of one hash. By chance two words
of ASCII have it once in 2**57 (of any characters, 2**43), so any two of IMDB's 190,558 once in 7 million.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

KEPT = 2**19  # words remembered, until all are forgotten: 20 MB; IMDB's 50,000 reviews have 190,558
KEPT_IDS = 2**23  # and how many ids of theirs, lest texts without spaces fill the memory


def codes(text: str) -> np.ndarray:
    """The code points of a text: uint32[characters]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def beginnings(parts: Sequence[str]) -> np.ndarray:
    """Where each part begins in the text that they make: int64[parts]."""
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.cumsum(lengths) - lengths


class Cover:
    """Covers words from the left, each time by the longest subword that fits, or a character by its bytes.

    ids: the id of each subword, from 1; those of the bytes begin at `zero`.
    spelled: how the subwords spell a word.
    """

    def __init__(self, ids: Mapping[str, int], zero: int, spelled: Callable[[str], str]) -> None:
        self._zero, self._spelled = np.int32(zero), spelled
        self._hash = _Hash()
        # a trie: its nodes, which are what subwords begin with, are found by their hashes
        nodes = list(dict.fromkeys(subword[:end] for subword in ids for end in range(1, len(subword) + 1)))
        self._nodes = _Numbers(len(nodes))
        self._nodes.add(self._hash.of(codes("".join(nodes)), beginnings(nodes)))
        # the last is for no node, whose number is -1
        self._node_ids = np.array([*(ids.get(node, 0) for node in nodes), 0], np.int32)
        self._node_lengths = np.array([*map(len, nodes), 1])
        inner = {node[:-1] for node in nodes}
        self._goes_on = np.array([*(node in inner for node in nodes), False])
        self._forget(0)

    def __call__(self, text: str, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ids of all words, int32[ids], and how many of them are each word's, int64[words]."""
        if not text:
            return np.zeros(0, np.int32), np.zeros(0, np.int64)
        if len(self._counts) + len(starts) > KEPT or len(self._ids) > KEPT_IDS:
            self._forget(len(starts))
        hashes = self._hash.of(codes(text), starts)
        words = self._words.of(hashes)
        unknown = np.flatnonzero(words < 0)
        if len(unknown):
            distinct, first = np.unique(hashes[unknown], return_index=True)
            self._learn(_cut(text, starts, unknown[first]))
            self._words.add(distinct)
            words[unknown] = self._words.of(hashes[unknown])
        counts = self._counts[words]
        places = np.repeat(self._ends[words] - np.cumsum(counts), counts)
        places += np.arange(len(places))
        return self._ids[places], counts

    def _forget(self, room: int) -> None:
        self._words = _Numbers(max(room, KEPT))
        self._ids = np.zeros(0, np.int32)  # of one word after the other
        self._counts, self._ends = np.zeros((2, 0), np.int64)  # how many are a word's, and where they end

    def _learn(self, words: list[str]) -> None:
        spelled = [self._spelled(word) for word in words]
        ids, counts = self._covered(codes("".join(spelled)), beginnings(spelled))
        self._ends = np.append(self._ends, len(self._ids) + np.cumsum(counts))
        self._counts = np.append(self._counts, counts)
        self._ids = np.append(self._ids, ids)

    def _covered(self, points: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What a call returns, for spelled words that are not remembered."""
        longest = self._longest(points, starts)
        begun = steps(self._node_lengths[longest], starts)
        ids, first = self._node_ids[longest[begun]], points[begun]
        in_utf8 = 1 + (first >= 0x80) + (first >= 0x800) + (first >= 0x10000)
        widths = np.where(ids > 0, 1, in_utf8)
        bare = first[ids == 0].tobytes().decode("utf-32-le", "surrogatepass")
        ids = np.repeat(ids, widths)
        ids[ids == 0] = self._zero + np.frombuffer(bare.encode("utf-8", "surrogatepass"), np.uint8)
        return ids, np.add.reduceat(widths, np.searchsorted(begun, starts))

    def _longest(self, points: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The node of the longest subword that begins at each character, -1 if none does."""
        found = np.full(len(points), -1, np.int32)
        at, ends = np.arange(len(points)), np.append(starts[1:], len(points))
        ends = np.repeat(ends, ends - starts)  # of the word around
        hashes = np.zeros(len(points), np.uint64)
        length = 0
        while len(at):  # a character longer, wherever some subword goes on like that
            hashes += self._hash.terms(points[at + length], length)
            length += 1
            nodes = self._nodes.of(hashes)
            fits = self._node_ids[nodes] > 0
            found[at[fits]] = nodes[fits]
            longer = self._goes_on[nodes] & (at + length < ends)
            at, ends, hashes = at[longer], ends[longer], hashes[longer]
        return found


def _cut(text: str, starts: np.ndarray, which: np.ndarray) -> list[str]:
    ends = np.append(starts[1:], len(text))
    return [text[i:j] for i, j in zip(starts[which].tolist(), ends[which].tolist(), strict=True)]


def steps(lengths: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Where subwords begin if that at each character has the length in `lengths`: int64[subwords]."""
    begun = np.zeros(len(lengths), bool)
    at, ends = starts, np.append(starts[1:], len(lengths))
    while len(at):  # a step to the next subword, of all words at once
        begun[at] = True
        at = at + lengths[at]
        inside = at < ends
        at, ends = at[inside], ends[inside]
    return np.flatnonzero(begun)


class _Hash:
    def __init__(self) -> None:
        self._draw = np.random.default_rng()
        self._random = np.zeros(0, np.uint64)  # as many as the longest word so far has places

    def of(self, points: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """uint64[words]"""
        ends = np.append(starts[1:], len(points))
        more = int((ends - starts).max()) - len(self._random)
        if more > 0:
            self._random = np.append(self._random, self._draw.integers(2**64, size=more, dtype=np.uint64))
        # Sums over all words, then differences: np.repeat and np.add.reduceat take three times as long. In
        # place, as much of the time for a new large array goes into getting its memory.
        places = np.ones(len(points), np.int64)
        places[starts] -= np.diff(starts, prepend=-1)
        sums = self.terms(points, np.cumsum(places, out=places))
        np.cumsum(sums, out=sums)
        return np.diff(sums[ends - 1], prepend=np.uint64(0))

    def terms(self, points: np.ndarray, places: np.ndarray | int) -> np.ndarray:
        """What characters at these places of words add to hashes: something, even a NUL."""
        found: np.ndarray = self._random.take(places)
        found *= points + np.uint32(1)
        return found


class _Numbers:
    """Numbers hashes, from 0 on, in the order in which they are added.

    At least half of its slots stay free. A hash is in the slot that its first bits say, or the next free one.
    """

    def __init__(self, room: int) -> None:
        bits = (2 * room - 1).bit_length()
        self._shift, self._last = np.uint64(64 - bits), 2**bits - 1
        self._hashes = np.zeros(2**bits, np.uint64)  # 0: free; a word has that hash once in 2**64
        self._numbers = np.full(2**bits, -1, np.int32)
        self._count = 0

    def of(self, hashes: np.ndarray) -> np.ndarray:
        """int32[hashes], -1 for those that were not added."""
        found: np.ndarray = self._numbers[self._slots(hashes)]
        return found

    def add(self, hashes: np.ndarray) -> None:
        """Adds distinct new hashes."""
        left = hashes
        while len(left):
            slots = self._slots(left)
            self._hashes[slots] = left
            left = left[self._hashes[slots] != left]  # another took the slot
        self._numbers[self._slots(hashes)] = np.arange(self._count, self._count + len(hashes))
        self._count += len(hashes)

    def _slots(self, hashes: np.ndarray) -> np.ndarray:
        """Where each hash is, or the free slot that it would get."""
        slots = (hashes >> self._shift).astype(np.int64)
        left = np.flatnonzero(self._hashes[slots] != hashes)
        left = left[self._hashes[slots[left]] != 0]
        while len(left):
            slots[left] = (slots[left] + 1) & self._last
            there = self._hashes[slots[left]]
            left = left[(there != hashes[left]) & (there != 0)]
        return slots
