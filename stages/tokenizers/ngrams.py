"""N-grams of words, and of characters within words, without their order: what linear models and bags read.

Words are lower-cased letters and digits with apostrophes between them; every other mark is a word of its own.
An n-gram of words is a 64-bit integer of its words' ids: counting sorts these, and looking up hashes them,
without a dictionary of strings as in scikit-learn's CountVectorizer. So is a word of 8 characters in ASCII at
most: of an English text, arithmetic on bytes takes a fifth of the time of a regular expression and a
dictionary.
"""

import json
import pickle
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice, pairwise, repeat
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stages.runtime.config import Count, config
from stages.runtime.crew import ALONE, Block, Crew
from stages.tokenization.runs import common, distinct, write_run

UNORDERED = True
WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
BREAK = re.compile(r"<br\s*/?>")  # the only markup in IMDB's reviews
BITS = 21  # of a word's id: three of them are 63
CHUNK = 1000  # texts
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, which spreads keys that are near
NAMED = "named"  # the file with the words that have ids
PADDING, UNKNOWN, FIRST = "[PAD]", "[UNK]", 2
EDGE = " "  # of a word: " th" begins one
EDGES = START, END = "\x02", "\x03"  # of a text: ASCII's own characters for that, which texts don't have
NAMES = str.maketrans({START: "<s>", END: "</s>"})  # for people
SHORT = 8  # characters that are one integer
MASKS = np.array([*((1 << 8 * i) - 1 for i in range(SHORT)), -1], dtype=np.int64)  # so many characters of it
LETTERS = bytes(bool(re.match(r"\w", chr(i))) for i in range(256))  # for bytes.translate, as are MARKS
MARKS = bytes(bool(re.match(r"[^\w\s]", chr(i))) for i in range(256))


@config
class Config:
    """words: the most words in an n-gram.
    characters: the most characters in one, from 2 on, a word's edges included; 0: none of characters.
    min_texts: in how many texts an n-gram must be.
    binary: each once in a text, however often it is there.
    edges: the start and the end of a text are words, too, though not alone: the pairs of "Area man" are
    "<s> area", "area man" and "man </s>".
    """

    kind: Literal["ngrams"]
    words: Annotated[int, Field(ge=1, le=3)]
    characters: Literal[0] | Annotated[int, Field(ge=2, le=8)] = 0
    min_texts: Count
    binary: bool
    edges: bool = False


class Ngrams:
    """The vocabulary: padding, unknown words, words, pairs of them, triples, n-grams of characters.

    words, characters: in the order of their ids. tables: for pairs, triples the sorted int64 keys.
    """

    def __init__(
        self,
        words: list[str],
        tables: list[np.ndarray],
        characters: list[str],
        longest: int,
        binary: bool,
        edges: bool = False,
    ) -> None:
        self._words, self._tables, self._characters = words, tables, characters
        self._longest, self._binary, self._edges = longest, binary, edges
        self._ids = {word: i for i, word in enumerate(words)}
        self._places_in = [Places(table) for table in tables]
        self._short: Short | None = None  # once as many words were read as it has
        self._read = 0  # words
        sizes = [FIRST, len(words), *map(len, tables), len(characters)]
        self._starts: list[int] = np.cumsum(sizes).tolist()  # the first id after each part
        self._ngrams = {ngram: self._starts[-2] + i for i, ngram in enumerate(characters)}
        self._within: dict[str, np.ndarray] = {}  # ids of the n-grams of characters of words seen lately

    @property
    def vocabulary(self) -> int:
        return int(self._starts[-1])

    @property
    def parts(self) -> list[int]:
        """The first id of n-grams of characters, if there are any: linear models weigh them apart."""
        return self._starts[-2:-1] if self._characters else []

    def encode(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """The ids of each text's n-grams, ascending; 1 for each unknown word."""
        remaining = iter(texts)
        while chunk := [plain(text, self._edges) for text in islice(remaining, CHUNK)]:
            pairs = [np.zeros(0, np.int64), *self._pairs(chunk)]
            # ascending in part, of which "stable" makes use; the default takes two and a half times as long
            joined = np.sort(np.concatenate(pairs), kind="stable")
            if self._binary:  # np.unique hashes first, which takes many times as long
                joined = joined[np.append(True, joined[1:] != joined[:-1])[: len(joined)]]
            edges = np.searchsorted(joined, np.arange(len(chunk) + 1, dtype=np.int64) << 32).tolist()
            ids = (joined & 0xFFFFFFFF).astype(np.int32)
            yield from (ids[start:end] for start, end in pairwise(edges))

    def decode(self, ids: Sequence[int]) -> str:
        """The n-grams, each between brackets."""
        return "".join(f"[{self.name(i)}]" for i in ids).translate(NAMES)

    def split(self, text: str) -> list[str]:
        """A text's words, those of `split`."""
        return split(text, self._edges)

    def name(self, number: int) -> str:
        """The n-gram that an id stands for."""
        part = int(np.searchsorted(self._starts, number, side="right"))
        if part == 0:
            return (PADDING, UNKNOWN)[number]
        place = number - int(self._starts[part - 1])
        if part == 1:
            return self._words[place]
        if part == len(self._starts) - 1:
            return self._characters[place]
        key = int(self._tables[part - 2][place])
        return " ".join(self._words[key >> BITS * i & (1 << BITS) - 1] for i in reversed(range(part)))

    def unknown(self, ids: np.ndarray) -> np.ndarray:
        unknown: np.ndarray = np.equal(ids, 1)
        return unknown

    def save(self, folder: Path) -> None:
        for words, table in enumerate(self._tables, start=2):
            np.save(folder / f"words-{words}.npy", table)
        entry = {
            "words": self._words,
            "characters": self._characters,
            "longest": self._longest,
            "binary": self._binary,
            **({"edges": True} if self._edges else {}),  # vocabularies without keep their bytes
        }
        (folder / "ngrams.json").write_text(json.dumps(entry, ensure_ascii=True), encoding="utf-8")

    def _pairs(self, chunk: list[str]) -> Iterator[np.ndarray]:
        """A text's number in the chunk << 32 | id, for each n-gram in it: int64[n-grams], a part of the
        vocabulary at a time. chunk: `plain` texts."""
        words: list[str] = []
        if self._characters:
            rows, ids = self._by_name(range(len(chunk)), chunk, words)
        else:
            rows, ids = self._by_bytes(chunk)
        alone = rows << 32 | np.where(ids < 0, 1, ids + FIRST)
        yield alone[(ids < 0) | (ids > self._ids[END])] if self._edges else alone
        first = np.flatnonzero(ids >= 0)  # of the n-grams that the vocabulary has
        for n, table in enumerate(self._places_in, start=2):
            first = longer(first, rows)
            places = table.of(keyed(ids, first, n))
            first, places = first[places >= 0], places[places >= 0]
            yield rows[first] << 32 | (places + self._starts[n - 1])
        if self._characters:
            parts = [self._inside(word) for word in words]
            yield np.repeat(rows, [len(part) for part in parts]) << 32 | np.concatenate(parts or [rows])

    def _by_name(
        self, which: Sequence[int], chunk: list[str], words: list[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of each word its text, and its id less 2, -1 if unknown: int64[words] twice.

        which: the texts of the chunk that are read; words: they are appended to it.
        """
        counts = []
        for i in which:
            own = WORD.findall(chunk[i])
            words.extend(own)
            counts.append(len(own))
        self._read += len(words)
        ids = np.fromiter(map(self._ids.get, words, repeat(-1)), np.int64, len(words))
        return np.repeat(np.asarray(which, dtype=np.int64), counts), ids

    def _by_bytes(self, chunk: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """The same of all texts, those in ASCII first, as soon as that is the faster way."""
        if self._read < len(self._words):
            return self._by_name(range(len(chunk)), chunk, [])
        if self._short is None:
            self._short = Short(self._ids)
        ascii_ones = [i for i, text in enumerate(chunk) if text.isascii()]
        counts, ids = self._short.read([chunk[i] for i in ascii_ones])
        others = [i for i, text in enumerate(chunk) if not text.isascii()]
        rows, more = self._by_name(others, chunk, [])
        rows = np.append(np.repeat(np.array(ascii_ones, dtype=np.int64), counts), rows)
        return rows, np.append(ids, more)

    def _inside(self, word: str) -> np.ndarray:
        """The ids of a word's n-grams of characters, int64."""
        if word not in self._within:
            if len(self._within) > 1_000_000:
                self._within.clear()
            ids = (self._ngrams.get(ngram) for ngram in characters(word, self._longest))
            self._within[word] = np.array([i for i in ids if i is not None], dtype=np.int64)
        return self._within[word]


class Short:
    """The short words of a vocabulary, by the integers of their characters.

    ids: of all words.
    """

    def __init__(self, ids: dict[str, int]) -> None:
        self._all = ids
        words = [word for word in ids if word.isascii() and len(word) <= SHORT]
        lengths = np.array([len(word) for word in words], dtype=np.int64)
        keys = packed("".join(words).encode() + bytes(SHORT), np.cumsum(lengths) - lengths, lengths)
        self._places = Places(keys)
        self._ids = np.append(np.array([ids[word] for word in words], dtype=np.int64), -1)

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """How many words each text has, int64[texts], and their ids, -1 if unknown, int64[words].

        texts: `plain` ones in ASCII.
        """
        joined = "\n".join(["", *texts, "\n" * SHORT])
        coded = joined.encode()
        starts, ends = bounds(coded)
        lengths = ends - starts
        ids = self._ids[self._places.of(packed(coded, starts, lengths))]
        long = np.flatnonzero(lengths > SHORT)
        words = map(joined.__getitem__, map(slice, starts[long].tolist(), ends[long].tolist()))
        ids[long] = np.fromiter(map(self._all.get, words, repeat(-1)), np.int64, len(long))
        edges = np.cumsum([1, *(len(text) + 1 for text in texts)])
        return np.diff(np.searchsorted(starts, edges)), ids


class Places:
    """Where keys are in a table, by hashing with open addressing (Knuth, The Art of Computer Programming,
    volume 3, 6.4). Every step is one of NumPy's for all keys, so that exported models need nothing else.
    Texts are encoded in half the time that bisection takes, and a tenth faster than with pandas's hash table.

    table: int64, none twice.
    """

    def __init__(self, table: np.ndarray) -> None:
        self._table = table
        # an eighth to a quarter of the slots are taken; with half of them looking up takes 1.5 times as long
        bits = (4 * len(table)).bit_length()
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._slots = np.zeros(0, np.int32)  # the place of the key in each, -1 if free; made when it is asked

    def of(self, keys: np.ndarray) -> np.ndarray:
        """int64[keys] -> int32[keys]; -1 for one that is not there."""
        if not len(self._slots):
            self._fill()
        if not len(self._table):
            return np.full(len(keys), -1, np.int32)
        slots = self._first(keys)
        places: np.ndarray = self._slots[slots]
        # a free slot's -1 reads the last key, which is none of those that lead to a free slot
        taken = np.flatnonzero((self._table[places] != keys) & (places >= 0))
        wanted, slots = keys[taken], slots[taken]
        while len(taken):  # by another key: it would be in the next slot
            slots = slots + 1 & self._last
            places[taken] = near = self._slots[slots]
            on = (self._table[near] != wanted) & (near >= 0)
            taken, wanted, slots = taken[on], wanted[on], slots[on]
        return places

    def _first(self, keys: np.ndarray) -> np.ndarray:
        """The slot in which each key is looked for first: int64[keys]."""
        hashed = keys.view(np.uint64) * GOLDEN >> self._shift
        slots: np.ndarray = hashed.view(np.int64)
        return slots

    def _fill(self) -> None:
        """Each key goes into the first free slot from its own on; of several that want it the last has it.

        The slots are kept once all keys are there: another thread, or a call after an interrupt, finds all of
        them or none.
        """
        filled = np.full(self._last + 1, -1, np.int32)
        places, slots = np.arange(len(self._table), dtype=np.int32), self._first(self._table)
        while len(places):
            free = filled[slots] < 0
            filled[slots[free]] = places[free]
            left = filled[slots] != places
            places, slots = places[left], slots[left] + 1 & self._last
        self._slots = filled


def fit(config: Config, texts: Iterable[str], crew: Crew = ALONE) -> Ngrams:
    """The n-grams that are in enough texts. Words come most frequent first, the rest sorted.

    Each block of texts is read once, and its words, numbered, are kept on disk. As soon as it is known which
    words are frequent, its n-grams of them are sorted.
    """
    words, inside = Counter[str](), Counter[str]()
    with crew.folder() as folder:
        blocks = list[Path]()
        for path, own, own_inside in crew.map(partial(_read, folder, config), crew.blocks(texts)):
            blocks.append(path)
            words.update(own)
            inside.update(own_inside)
        edges = EDGES if config.edges else ()  # the first of all, whatever the texts
        for word in edges:
            del words[word]
        frequent = sorted((-count, word) for word, count in words.items() if count >= config.min_texts)
        named = [*edges, *(word for _, word in frequent)][: (1 << BITS) - 1]
        (folder / NAMED).write_bytes(pickle.dumps(named))
        tables = [_table(crew, folder, blocks, n, config.min_texts) for n in range(2, config.words + 1)]
    kept = sorted(ngram for ngram, count in inside.items() if count >= config.min_texts)
    return Ngrams(named, tables, kept, config.characters, config.binary, config.edges)


class _Words(NamedTuple):
    """The words of a block of texts.

    names: each once; ids: int32[words of all texts], which of them; lengths: int32[texts], in words.
    """

    names: list[str]
    ids: np.ndarray
    lengths: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The text of each word: int64[words of all texts]."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths)


def _read(folder: Path, config: Config, block: Block) -> tuple[Path, dict[str, int], dict[str, int]]:
    """The file with a block's words; in how many texts each word is, and each n-gram of characters."""
    first, texts = block
    seen: dict[str, int] = {}
    flat, lengths = array("i"), array("i")
    for text in texts:
        own = split(text, config.edges)
        lengths.append(len(own))
        flat.extend([seen.setdefault(word, len(seen)) for word in own])
    words = _Words(list(seen), np.frombuffer(flat, np.int32), np.frombuffer(lengths, np.int32))
    path = folder / f"{first}.words"
    path.write_bytes(pickle.dumps(words, protocol=pickle.HIGHEST_PROTOCOL))
    counts = in_texts(words.ids.astype(np.int64), words.rows, len(seen))
    inside = _characters(words, config.characters) if config.characters else {}
    return path, dict(zip(seen, counts.tolist(), strict=True)), inside


def _table(crew: Crew, folder: Path, blocks: Sequence[Path], words: int, texts: int) -> np.ndarray:
    """The keys of the n-grams of so many words that are in so many texts: int64, ascending."""
    runs, samples = list[Path](), list[np.ndarray]()
    for path, sample in crew.map(partial(_run, folder / NAMED, words), blocks):
        runs.append(path)
        samples.append(sample)
    return common(crew, runs, samples, texts)


def _run(named: Path, count: int, block: Path) -> tuple[Path, np.ndarray]:
    """The file with the sorted keys of a block's n-grams of so many words, and a sample of them."""
    words: _Words = pickle.loads(block.read_bytes())
    numbers = _numbers(named)
    renamed = np.array([*(numbers.get(name, -1) for name in words.names), -1])
    path = block.with_suffix(f".{count}")
    return path, write_run(path, *ngrams(renamed[words.ids], words.rows, count))


@lru_cache(maxsize=1)
def _numbers(named: Path) -> dict[str, int]:
    """The numbers of the words in a file, one that is never written twice."""
    return {word: number for number, word in enumerate(pickle.loads(named.read_bytes()))}


def load(folder: Path) -> Ngrams:
    entry = json.loads((folder / "ngrams.json").read_text(encoding="utf-8"))
    tables = [np.load(path, allow_pickle=False) for path in sorted(folder.glob("words-*.npy"))]
    edges = entry.get("edges", False)
    return Ngrams(entry["words"], tables, entry["characters"], entry["longest"], entry["binary"], edges)


def split(text: str, edges: bool = False) -> list[str]:
    """A text's words: "Don't <br />stop!" -> ["don't", "stop", "!"]; with edges START is before and END after
    them."""
    return WORD.findall(plain(text, edges))


def plain(text: str, edges: bool = False) -> str:
    """Lower-cased, a space for each mark-up; with edges START before and END after it, if it has words."""
    lowered = BREAK.sub(" ", text.lower())
    return f"{START} {lowered} {END}" if edges and lowered.strip() else lowered


def bounds(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where the words of a text in ASCII begin and end, those that `split` finds: int64[words] twice.

    text: lower-cased, without mark-up, and with a space at either end.
    """
    letters, marks = (np.frombuffer(bytearray(text.translate(kind)), bool) for kind in (LETTERS, MARKS))
    inside = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("'"))
    inside = inside[letters[inside - 1] & letters[inside + 1]]
    letters[inside], marks[inside] = True, False
    first, last = marks.copy(), marks
    first[1:] |= letters[1:] & ~letters[:-1]
    last[:-1] |= letters[:-1] & ~letters[1:]
    return np.flatnonzero(first), np.flatnonzero(last) + 1


def packed(text: bytes, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Of words in ASCII the first 8 characters as one integer: int64[words].

    text: with 7 characters after the last start at least; starts, lengths: int64[words].
    """
    from_each_byte = np.ndarray(len(text) - SHORT + 1, "<i8", text, strides=(1,))
    integers: np.ndarray = from_each_byte[starts] & MASKS[np.minimum(lengths, SHORT)]
    return integers


def characters(word: str, longest: int) -> list[str]:
    """A word's n-grams of 2 to `longest` characters: "ab" -> [" a", "ab", "b ", " ab", "ab ", " ab "]; of the
    edges of a text none."""
    if word in EDGES:
        return []
    whole = EDGE + word + EDGE
    return [whole[i : i + n] for n in range(2, longest + 1) for i in range(len(whole) - n + 1)]


def longer(first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The n-grams, a word longer, that may be in a vocabulary: both their parts that are a word shorter are,
    as no text has an n-gram without its parts. By the places of their first words, int64, ascending.

    first: of the shorter n-grams in it; rows: int64[words of all texts], the text of each.
    """
    followed = first[:-1][np.diff(first) == 1]
    within: np.ndarray = followed[rows[followed] == rows[followed + 1]]
    return within


def keyed(ids: np.ndarray, first: np.ndarray, words: int) -> np.ndarray:
    """The keys of n-grams of so many words: int64[n-grams].

    ids: int64, of all words; first: the places of the n-grams' first words.
    """
    keys: np.ndarray = ids[first]
    for i in range(1, words):
        keys = keys << BITS | ids[first + i]
    return keys


def ngrams(ids: np.ndarray, rows: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """The keys of all n-grams of so many known words, and the text that each is in: int64[n-grams] twice.

    ids: int64[words of all texts], -1 if unknown; rows: int64, the text of each, ascending.
    """
    count = max(len(ids) - words + 1, 0)
    keys, whole = np.zeros(count, np.int64), rows[words - 1 :] == rows[:count]
    for i in range(words):
        part = ids[i : i + count]
        keys = keys << BITS | np.maximum(part, 0)
        whole &= part >= 0
    return keys[whole], rows[:count][whole]


def in_texts(ids: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """In how many texts each of `size` ids is: int64[size].

    ids: int64; rows: int64, the text of each, ascending.
    """
    counts = np.zeros(size, np.int64)
    last = int(rows[-1]) if len(rows) else -1
    for start in range(0, last + 1, CHUNK):
        some = slice(*np.searchsorted(rows, [start, start + CHUNK]))
        pairs = np.sort(rows[some] * size + ids[some])
        counts += np.bincount(pairs[distinct(pairs)] % size, minlength=size)
    return counts


def _characters(words: _Words, longest: int) -> dict[str, int]:
    """In how many texts each n-gram of characters is."""
    seen: dict[str, int] = {}
    parts = [
        [seen.setdefault(ngram, len(seen)) for ngram in characters(name, longest)] for name in words.names
    ]
    counts = np.zeros(len(seen), np.int64)
    ids, rows = words.ids, words.rows
    for row in range(0, len(words.lengths), CHUNK):
        some = slice(*np.searchsorted(rows, [row, row + CHUNK]))
        inside = [parts[i] for i in ids[some]]
        text = np.repeat(rows[some], [len(part) for part in inside])
        flat = np.array([i for part in inside for i in part], dtype=np.int64)
        counts += in_texts(flat, text, len(seen))
    return dict(zip(seen, counts.tolist(), strict=True))
