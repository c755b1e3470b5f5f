"""What a file of labelled texts looks like: its encoding, delimiter and header, which columns are meant, and
what a person should know of them before anything is trained.
"""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from stages.artifacts.split import Split
from stages.runtime.config import InputError
from stages.runtime.wording import counted, percent
from stages.sources import files
from stages.texts import doubts, tables

SAMPLE = 1 << 20  # bytes that encoding and delimiter are guessed from
SOME = 1000  # rows that header and columns are guessed from
SHOWN = 3  # words that an encoding is shown by
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # what .xlsx and .zip, and .xls begin with
CANDIDATES = ",;\t|"
LABELS = ("label", "class", "category", "target", "sentiment", "topic", "team", "intent", "y")
TEXTS = ("text", "body", "message", "content", "sentence", "review", "headline", "description", "tweet")
WESTERN = "cp1252"  # all that Latin-1 can print, and more
USUAL = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüßÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜŸ")  # not ð or š, say
# quotation marks, dashes, currencies and the like, which any text may have
SIGNS = frozenset(
    bytes.fromhex("80828485 8b91929394959697 999b a0a1a3a7a9aaabadae b0b2b3b4b5b7babbbdbf").decode(WESTERN)
)
WORD = re.compile(r"[^\W\d_]+")
QUOTED = re.compile(r"(?<=[^\W\d_])[\u201a\u201c-\u201e](?=[^\W\d_])")  # marks inside a word
SPELLED = str | int | float  # of values that can be texts or labels; a bool is an int
MOST = 100  # different values of a column that is taken for labels unasked


@dataclass(frozen=True)
class Table:
    """A table, and how it has to be read. rows: by column, those that can be used; unread: how many can't,
    which have more fields than columns, say."""

    path: Path
    how: tables.Format
    rows: list[dict[str, object]]
    unread: int = 0

    @property
    def taken_for_headerless(self) -> str | None:
        """For a person to check; None of a table with a header."""
        if not self.how.columns:
            return None
        first = _listed([spelled(value) for value in self.rows[0].values()])
        return f"its first row does not look like a header; if it is one, name its columns ({first})"

    @property
    def hint(self) -> str:
        """The same, for the end of a refusal."""
        return f"; {self.taken_for_headerless}" if self.taken_for_headerless else ""

    @property
    def encoding(self) -> str | None:
        """In words, for a person to check; None of UTF-8."""
        if self.how.encoding == "utf-8":
            return None
        values = (spelled(value) for row in self.rows for value in row.values())
        words = (word[:20] for value in values for word in value.split() if not word.isascii())
        sample = [*islice(dict.fromkeys(islice(words, SOME)), SHOWN)]
        return f"encoding {self.how.encoding}" + (f", as in {', '.join(map(repr, sample))}" if sample else "")


@dataclass(frozen=True)
class Columns:
    """Those that a text is made of, that of the label, and in words why."""

    texts: tuple[str, ...]
    label: str
    why: str

    def note(self, where: str | Path) -> str:
        """For a person. where: the file or data set that has them."""
        columns = "column " if len(self.texts) == 1 else "columns "
        columns += " and ".join(map(repr, self.texts))
        return f"{where}: text is {columns}, label is column {self.label!r}: {self.why}"


def look(path: Path, named: Sequence[str] = ()) -> Table:
    """Read a table whose format nobody told. named: columns that a person named."""
    how = format_of(path, named)
    read = [row for _, row in tables.rows(path, how, [])]
    rows = [row for row in read if isinstance(row, dict)]
    if not rows:
        raise InputError(f"{path}: found no row that can be read, allowed: rows with a text and a label")
    return Table(path, how, rows, len(read) - len(rows))


def format_of(path: Path, named: Sequence[str] = ()) -> tables.Format:
    """How to read a table, by what it begins with. named: columns that a person named: a first row that has
    them is the header."""
    if not tables.known(path):
        allowed = f"{', '.join(tables.SUFFIXES)}, or one with {tables.COMPRESSED}"
        raise InputError(f"{path}: found suffix {path.suffix!r}, allowed: {allowed}; save it as CSV")
    encoding = _encoding(path)
    if tables.suffix(path) not in tables.DELIMITERS:
        return tables.Format(encoding)
    how = tables.Format(encoding, _delimiter(path, encoding))
    first, *others = _fields(path, how) or [[]]
    if not first:
        raise InputError(f"{path}: found no row that can be read, allowed: rows with a text and a label")
    if (named and {*named} <= {*first}) or _header(first, others):
        return how
    return replace(how, columns=tuple(f"column {i + 1}" for i in range(len(first))))


def columns(table: Table, texts: Sequence[str] | None = None, label: str | None = None) -> Columns:
    """The columns that a person named, and for the others those that look like it."""
    names = [name for name in table.rows[0] if name.strip()]  # Excel writes columns that have none
    if len(names) < 2:
        has = f"one column, {names[0]!r}" if names else "no column with a name"
        raise InputError(
            f"{table.path}: found {has}, allowed: one with texts and one with labels; add the labels as a "
            "column (fit knows the delimiters , ; | and tabs)"
        )
    for option, asked in (("--text", texts or []), ("--label", [label] if label is not None else [])):
        for name in asked:
            _refuse_unknown(option, name, names, table)
    if texts and len({*texts, label}) <= len(texts):
        raise InputError(f"--text: found {_listed([*texts])}, allowed: each column once, and not the label's")
    why = []
    if not texts:
        texts = [_text([name for name in names if name != label], table.rows[:SOME])]
        why.append(f"{texts[0]!r} has the longest texts")
    if label is None:
        label, reason = _label(table, [name for name in names if name not in texts])
        why.append(reason)
    return Columns(tuple(texts), label, "; ".join(why) or "as you say")


def sheet(texts: Sequence[str], labels: Sequence[str], tests: Sequence[str] | None = None) -> Iterator[str]:
    """Lines about the texts with a label: how many, how long, and what is doubtful.

    tests: the texts of a test split that stands beside these; None if it is cut from them by their hash.
    """
    counts = Counter(labels)
    shares = ", ".join(
        f"{name[:40]!r} {percent(count / len(labels))}" for name, count in counts.most_common(8)
    )
    more = f", and {len(counts) - 8} more" if len(counts) > 8 else ""
    yield f"{counted(len(texts), 'row')}, {counted(len(counts), 'label')}: {shares}{more}"
    words = lengths(texts)
    half, most, longest = np.percentile(words, [50, 95, 100]).astype(int).tolist()
    yield f"words of a text: {half:,} (median), {most:,} (95 % have no more), {longest:,} (the longest)"
    if repeated := len(texts) - len(set(texts)):
        repeats = "text repeats" if repeated == 1 else "texts repeat"
        sides = "; equal texts stay on one side of the test split" if tests is None else ""
        yield f"{repeated:,} {repeats} another{sides}"
    if tests is not None:
        shared = sum(map(set(texts).__contains__, tests))
        are = "is" if shared == 1 else "are"
        yield f"the test split has {counted(len(tests), 'row')}, of which {shared:,} {are} in train, too"
    if wordless := sum(not any(map(str.isalnum, text)) for text in texts):
        have = "text has" if wordless == 1 else "texts have"
        yield f"{wordless:,} {have} no word, no letter and no digit: there is nothing to learn from"
    names, numbers = np.unique(labels, return_inverse=True)
    if several := doubts.contradictory([Split([*texts], numbers, names.tolist())]):
        yield f"{counted(several, 'text')} {'has' if several == 1 else 'have'} several labels"
    for group in doubts.alike(counts):
        alike = ", ".join(map(repr, group))
        yield f"labels that look like one: {alike}; spell them alike in your data, as no key of conf/ does it"


def different(texts: Sequence[str], tests: Sequence[str] | None) -> list[str]:
    """What `duplicates: drop exact` leaves of the texts. tests: of the test split, if there is one apart."""
    also_tests = {*(tests or [])}
    return [text for text in dict.fromkeys(texts) if text not in also_tests]


def lengths(texts: Sequence[str]) -> np.ndarray:
    """In words, roughly: int64[texts]."""
    return np.array([len(text.split()) for text in texts], dtype=np.int64)


def usable(rows: Sequence[Mapping[str, object]], names: Columns) -> tuple[list[str], list[str]]:
    """Texts and labels of the rows that the source can use, which takes white space off labels."""
    pairs = []
    for row in rows:
        values = {name: _as_in_a_table(row.get(name)) for name in (*names.texts, names.label)}
        if files.unusable(values, [*values]) is None:
            pairs.append((joined(values[name] for name in names.texts), spelled(values[names.label]).strip()))
    return [text for text, _ in pairs], [label for _, label in pairs]


def padded(rows: Iterable[Mapping[str, object]], label: str) -> int:
    """How many labels have white space around them, which the source takes off. label: the column."""
    labels = (spelled(row.get(label)) for row in rows)
    return sum(name != name.strip() != "" for name in labels)


def joined(parts: Iterable[object]) -> str:
    """A text of several columns, as stages/sources/files.py has it."""
    return "\n".join(map(str, parts))


def spelled(value: object) -> str:
    """As the source spells it; "" if there is none, or an object or a list, which it refuses. JSON's and
    Parquet's `false` is a value."""
    return str(value) if isinstance(value, SPELLED) else ""


def _as_in_a_table(value: object) -> object:
    """Numbers as tables spell them (stages/texts/tables.py), whatever else as it is."""
    return str(value) if type(value) in (int, float) else value


def _encoding(path: Path) -> str:
    """UTF-8 if it can be, UTF-16 by its mark, Western European if it reads so, else what charset-normalizer
    finds, which takes much that is Western European for something else."""
    if tables.suffix(path) in tables.BINARY:
        return "utf-8"
    with tables.opened(path) as file:
        raw = file.read(SAMPLE)
    if raw.startswith(WORKBOOKS):
        raise InputError(f"{path}: found a workbook or a .zip; name it .xlsx, or save it as CSV")
    try:
        raw[: raw.rfind(b"\n") + 1 or None].decode("utf-8-sig")
        return "utf-8"
    except UnicodeDecodeError:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if _western(raw):
            return WESTERN
        from charset_normalizer import from_bytes

        best = from_bytes(raw).best()
        if best is None:
            raise InputError(
                f"{path}: found bytes that are no text in an encoding known here, allowed: UTF-8, UTF-16, or "
                "an older one, as cp1252 or gb18030; save it as UTF-8, or name its `encoding` in a source in "
                "conf/sources (reports/own-texts.md)"
            ) from None
        return str(best.encoding)


def _western(raw: bytes) -> bool:
    """Whether bytes read like a Western European language in cp1252. Cyrillic, Greek or Chinese would have
    words without a single ASCII letter ("Ïðèâåò"), Central European, Turkish or Japanese texts letters and
    signs that are rare here ("pøíliš"), Hungarian ones its two kinds of o with dots."""
    try:
        text = raw.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    kinds = Counter(text)
    if any(unicodedata.category(each) == "Cc" for each in kinds if not each.isspace()):
        return False
    words = [word for word in WORD.findall(text) if not word.isascii()]
    foreign = sum(len(word) > 1 and not any(map(str.isascii, word)) for word in words)
    letters = {each: count for each, count in kinds.items() if not each.isascii() and each not in SIGNS}
    total = sum(letters.values())
    odd = sum(count for each, count in letters.items() if each not in USUAL) + len(QUOTED.findall(text))
    hungarian = min(kinds["ö"], kinds["õ"]) > total / 50
    return foreign <= len(words) / 4 and odd <= total / 20 and not hungarian


def _delimiter(path: Path, encoding: str) -> str | None:
    """The one that cuts most lines into equally many fields; None: as the suffix says."""
    usual = tables.DELIMITERS[tables.suffix(path)]
    scores = {}
    for delimiter in dict.fromkeys([usual, *CANDIDATES]):
        counts = Counter(len(fields) for fields in _fields(path, tables.Format(encoding, delimiter)))
        (number, times), *_ = counts.most_common(1) or [(1, 0)]
        scores[delimiter] = times / max(counts.total(), 1) if number > 1 else 0
    best = max(scores, key=lambda delimiter: scores[delimiter])  # the usual one, if several are as good
    return None if best == usual else best


def _fields(path: Path, how: tables.Format) -> list[list[str]]:
    """Of the first rows, those that can be read: none, if all are quoted and the delimiter is another."""
    rows: list[list[str]] = []
    for _, fields in tables.cut(path, how):
        if isinstance(fields, list):
            rows.append(fields)
        if len(rows) > SOME:
            break
    return rows


def _header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: short, all different, and none of it there again below. A
    column without a name and without content, as Excel writes them, is none."""
    filled = {i for fields in (first, *others) for i, field in enumerate(fields) if field.strip()}
    names = [name for i, name in enumerate(first) if i in filled]
    if len(set(names)) < len(names) or not all(name.strip() and len(name) <= 60 for name in names):
        return False
    return not any(name in fields for fields in others for name in names)


def _refuse_unknown(option: str, name: str, names: Sequence[str], table: Table) -> None:
    """Refuse a name that is no column's, or that of a column which is neither text nor label."""
    if name not in names:
        raise InputError(
            f"{option}: found {name!r}, allowed: a column of {table.path}: {_listed(names)}{table.hint}"
        )
    values = [value for row in table.rows if (value := row.get(name)) is not None]
    if values and not any(isinstance(value, SPELLED) for value in values):
        raise InputError(
            f"{option}: found {name!r}, whose values are of the kind {type(values[0]).__name__}, allowed: "
            f"strings, numbers, true and false; name another column of {_listed(names)}"
        )


def _text(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    hinted = [name for name in names if name.lower() in TEXTS]

    def length(name: str) -> float:
        return float(np.mean([len(spelled(row.get(name))) for row in rows]))

    longest = max(names, key=length)
    return hinted[0] if len(hinted) == 1 and length(hinted[0]) > length(longest) / 2 else longest


def _label(table: Table, names: Sequence[str]) -> tuple[str, str]:
    if not names:
        raise InputError("--text: found every column, allowed: all but that of the labels; name fewer")
    values = {name: {spelled(row.get(name)).strip() for row in table.rows} - {""} for name in names}
    few = [name for name in names if 2 <= len(values[name]) <= min(MOST, max(2, len(table.rows) // 2))]
    hinted = [name for name in few if name.lower() in LABELS]
    if len(hinted) == 1:
        [name] = hinted
        return name, f"{name!r} is a usual name for a label column and has {len(values[name])} values"
    if len(few) == 1:
        return few[0], f"{few[0]!r} alone has few different values, {len(values[few[0]])}"
    if few:
        raise InputError(
            f"--label: several columns may be it: {_listed(few)}; name one of: {_listed(names)}{table.hint}"
        )
    numbers = ", ".join(f"{name} has {len(values[name]):,}" for name in names)[:200]
    raise InputError(
        f"{table.path}: found no column that looks like labels, allowed: 2 to {MOST} different values, most "
        f"of them several times ({numbers}); add rows with other labels, or name the column with --label"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:200]
