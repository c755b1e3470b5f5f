"""Texts that are there twice: exactly, or nearly.

Exact duplicates are the same character for character. Near duplicates are texts whose sets of word
3-grams have a Jaccard similarity |x & y| / |x | y| of at least 0.8 (Broder 1997); exact ones are near
ones too. Nothing is sampled: candidates share one of the rarest fifth of their grams (the prefix filter
of Chaudhuri et al. 2006), and the grams that they have in common are then counted. A text is compared
only until it is known to be a duplicate, so that thousands of texts from one template take seconds.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Duplicates = Literal["keep", "drop exact", "drop near"]

BREAK = re.compile(r"<br\s*/?>")
WORD = re.compile(r"\w+")
BITS = 512  # per set
CHUNK = 1 << 18  # array places that a step may take: about 100 MB in all


@dataclass(frozen=True)
class Found:
    """Which texts of a split are duplicates.

    repeated: bool[texts], of an earlier text of the same split, be that one a duplicate or not.
    across: bool[texts], of a text of the other split.
    """

    repeated: np.ndarray
    across: np.ndarray


def exact(train: list[str], test: list[str]) -> tuple[Found, Found]:
    """The exact duplicates of train, and of test; together they hold one text at least."""
    return _found(*_groups([*train, *test], len(train))[1:], len(train))


def near(train: list[str], test: list[str]) -> tuple[Found, Found]:
    """The near duplicates of train, and of test; together they hold one text at least."""
    texts, group, first = _groups([*train, *test], len(train))
    return _found(group, _nearest(texts, first), len(train))


def _groups(texts: list[str], train: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The different texts; int64[texts], which of them each is; int64[different texts, 2], the first
    row of each in train and in test, or the number of texts where it has none."""
    numbers: dict[str, int] = {}
    group = np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)
    rows = np.arange(len(texts))
    first = np.full((len(numbers), 2), len(texts))
    np.minimum.at(first, (group, (rows >= train).astype(int)), rows)
    return list(numbers), group, first


def _found(group: np.ndarray, nearest: np.ndarray, train: int) -> tuple[Found, Found]:
    """nearest: like `first` of `_groups`, of each different text and all its duplicates."""
    rows = np.arange(len(group))
    side = (rows >= train).astype(int)
    repeated, across = nearest[group, side] < rows, nearest[group, 1 - side] < len(group)
    return Found(repeated[:train], across[:train]), Found(repeated[train:], across[train:])


def _nearest(texts: list[str], first: np.ndarray) -> np.ndarray:
    """`first` of `_groups`, lowered for each text to that of one or more near duplicates: below its own
    wherever the least of them is."""
    sets, who = _sets(*_word_grams(texts))
    own, nearest = first[who], first[who]
    for a, b in _candidates(sets, lambda: (nearest == own).any(axis=1)):
        news = ((nearest[a] == own[a]) & (own[b] < own[a])).any(axis=1)
        a, b = sets.similar(a[news], b[news])
        np.minimum.at(nearest, a, own[b])
    found = first.copy()
    found[who] = nearest
    return found


def _word_grams(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The word 3-grams of texts: int32[grams, 3], numbers of words; int32[grams], whose it is.

    A text of fewer than 3 words is one gram, filled up with 0; one without words has itself for a word.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = lambda: len(numbers) + 1
    words, lengths = array("i"), []
    for text in texts:
        found = WORD.findall(BREAK.sub(" ", text.lower())) or [text]
        words.extend(map(numbers.__getitem__, found))
        words.extend([0] * (3 - len(found)))
        lengths.append(max(len(found), 3))
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(words, dtype=np.int32), 3)
    ends = np.cumsum(lengths)
    whole = np.ones(len(windows), dtype=bool)  # not across the end of a text
    whole[ends[:-1] - 1] = whole[ends[:-1] - 2] = False
    return windows[whole], np.repeat(np.arange(len(texts), dtype=np.int32), np.array(lengths) - 2)


def _may_match(grams: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """bool[texts]: false where over a fifth of a text's grams occur nowhere else, so that nothing is
    similar. Counted by a hash, which can only make grams look more frequent; of 50,000 reviews it
    leaves 1 in 13."""
    bits = len(grams).bit_length()
    hashed = np.zeros(len(grams), dtype=np.uint64)
    for column in grams.T:
        hashed = (hashed + column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing
    hashed >>= np.uint64(64 - bits)
    place = hashed.view(np.int64)
    alone = np.bincount(owner, np.bincount(place)[place] == 1)
    # in occurrences: if a gram occurs twice in one text, the set is smaller, and a fifth of it too
    return alone <= np.bincount(owner) // 5


@dataclass(frozen=True)
class _Sets:
    """Sets of grams, the smallest set first.

    keys: int64[places], all sets one after the other: set * grams + gram, where the rarest gram is 0.
    grams: how many there are.
    sizes, starts: int64[sets].
    signatures: uint64[sets, BITS / 64], a bit for each of `gram % BITS`.
    """

    keys: np.ndarray
    grams: int
    sizes: np.ndarray
    starts: np.ndarray
    signatures: np.ndarray

    def similar(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of the pairs, int64[pairs] twice, whose similarity is at least 0.8."""
        # Every bit that differs is of a gram that only one of the two has (Sandes et al. 2020).
        total = self.sizes[a] + self.sizes[b]
        least = -(-4 * total // 9)  # of common grams: i / (total - i) >= 4 / 5
        differing = np.bitwise_count(self.signatures[a] ^ self.signatures[b]).sum(axis=1)
        maybe = differing <= total - 2 * least
        pairs = np.unique(a[maybe] * len(self.sizes) + b[maybe])
        a, b = pairs // len(self.sizes), pairs % len(self.sizes)
        common = np.zeros(len(a), dtype=np.int64)
        for part, pair, place in _expanded(self.starts[a], self.sizes[a]):
            wanted = self.keys[place] + (b[pair] - a[pair]) * self.grams
            at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            common[part] = np.bincount(pair - part.start, self.keys[at] == wanted, part.stop - part.start)
        alike = 9 * common >= 4 * (self.sizes[a] + self.sizes[b])
        return a[alike], b[alike]


def _sets(grams: np.ndarray, owner: np.ndarray) -> tuple[_Sets, np.ndarray]:
    """The sets of grams of those texts that may be similar to another; int64[sets], which texts."""
    kept = _may_match(grams, owner)[owner]
    grams, owner = grams[kept], owner[kept]
    words = int(grams.max(initial=0)) + 1
    pair = _dense(grams[:, 0].astype(np.int64) * words + grams[:, 1])
    gram = _dense(pair * words + grams[:, 2])
    count = int(gram.max(initial=0)) + 1
    who, owner = np.unique(owner, return_inverse=True)
    owner, gram = np.divmod(np.unique(owner * count + gram), count)
    drawn = np.random.default_rng(0).permutation(len(who))  # else train and test would stand far apart
    by_size = np.lexsort((drawn, np.bincount(owner, minlength=len(who))))
    rarest = np.argsort(np.bincount(gram, minlength=count), kind="stable")
    keys = np.sort(np.argsort(by_size)[owner] * count + np.argsort(rarest)[gram])
    owner, gram = np.divmod(keys, count)
    sizes = np.bincount(owner, minlength=len(who))
    bits = np.zeros((len(who), BITS), dtype=bool)
    bits[owner, gram % BITS] = True
    signatures = np.packbits(bits, axis=1).view(np.uint64)
    return _Sets(keys, count, sizes, np.cumsum(sizes) - sizes, signatures), who[by_size]


def _dense(values: np.ndarray) -> np.ndarray:
    dense: np.ndarray = np.unique(values, return_inverse=True)[1]
    return dense


def _candidates(sets: _Sets, asks: Callable[[], np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of sets, int64[pairs] twice: one that asks, and one of like size that shares one of the rarest
    grams of both. Whatever is similar to a set is among its pairs, unless it stops to ask.

    asks: gives bool[sets]; called again as the search widens, so that among many alike each set soon
    has its answer.
    """
    owner = np.repeat(np.arange(len(sets.sizes)), sets.sizes)
    # |x| - ceil(0.8 |x|) + 1 of them
    rare = np.arange(len(owner)) - sets.starts[owner] <= sets.sizes[owner] // 5
    owner, gram = owner[rare], (sets.keys % sets.grams)[rare]
    order = np.argsort(gram, kind="stable")
    owner, gram = owner[order], gram[order]
    smallest = np.searchsorted(sets.sizes, -(-4 * sets.sizes // 5))
    largest = np.searchsorted(sets.sizes, 5 * sets.sizes // 4, side="right")
    places = gram * len(sets.sizes)
    low = np.searchsorted(places + owner, places + smallest[owner])
    high = np.searchsorted(places + owner, places + largest[owner])
    at = np.arange(len(owner))
    done, reach = 0, 32
    while len(at):
        before, after = np.maximum(at - reach, low[at]), np.minimum(at + reach + 1, high[at])
        starts = np.concatenate([before, at + done + 1])
        ends = np.concatenate([at - done, after])
        for _, i, place in _expanded(starts, np.maximum(ends - starts, 0)):
            yield owner[at[i % len(at)]], owner[place]
        done, reach = reach, 4 * reach
        at = at[((low[at] < at - done) | (at + done + 1 < high[at])) & asks()[owner[at]]]


def _expanded(starts: np.ndarray, counts: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """The ranges starts[i], starts[i] + 1, ... of counts[i] numbers each, some ranges at a time:
    which ranges, and for each number its i and itself."""
    ends = np.cumsum(counts)
    low = 0
    while low < len(starts):
        done = ends[low] - counts[low]
        high = max(low + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        part = slice(low, high)
        i = np.repeat(np.arange(low, high), counts[part])
        yield part, i, np.arange(len(i)) + (starts[part] - ends[part] + counts[part] + done)[i - low]
        low = high
