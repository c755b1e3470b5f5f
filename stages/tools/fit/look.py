"""What a file of labelled texts looks like: its encoding, delimiter and header, which columns are meant, and
what a person should know of them before anything is trained.
"""

import unicodedata
from collections import Counter, defaultdict
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
from stages.tools.fit import quotes, spelling
from stages.tools.fit.decoding import encoding_of
from stages.tools.fit.header import LABELS, TEXTS, names_columns, of_workbook, refuse_title

SOME = 1000  # rows that header and columns are guessed from
SHOWN = 3  # words that an encoding is shown by, and rows that can't be read
CANDIDATES = ",;\t|"
SPELLED = str | int | float  # of values that can be texts or labels; a bool is an int
FEWEST = 3  # values; fewer say nothing of a column
ONE_WORD = 1.1  # words of a value, on average, of a column of ids or labels
MOST = 100  # different values of a column that is taken for labels unasked


@dataclass(frozen=True)
class Table:
    """A table, and how it has to be read. rows: by column, those that can be used; unread: the line of each
    that can't, and why: it has more fields than columns, say."""

    path: Path
    how: tables.Format
    rows: list[dict[str, object]]
    unread: Sequence[tuple[int, str]] = ()

    @property
    def taken_for_headerless(self) -> str | None:
        """For a person to check; None of a table with a header."""
        if not self.how.columns:
            return None
        first = _listed([spelled(value) for value in self.rows[0].values()])
        return f"its first row does not look like a header; if it is one, name its columns ({first})"

    @property
    def hint(self) -> str:
        """The same, and the first row that can't be read, for the end of a refusal."""
        hint = f"; {self.taken_for_headerless}" if self.taken_for_headerless else ""
        if self.unread:
            (line, why), rows = self.unread[0], counted(len(self.unread), "row")
            hint += f"; {rows} can't be read, the first in line {line}: {why}"
        return hint

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


def look(path: Path, named: Sequence[str] = (), encoding: str | None = None) -> Table:
    """Read a table whose format nobody told. named: columns that a person named; encoding: the one that a
    person named."""
    how = format_of(path, named, encoding)
    read = [*tables.rows(path, how, [])]
    quotes.refuse_open(path, how, (line for line, _ in read))
    rows = [row for _, row in read if isinstance(row, dict)]
    unread = [(line, row) for line, row in read if isinstance(row, str)]
    if not rows:
        raise _unreadable(path, unread)
    return Table(path, how, rows, unread)


def format_of(path: Path, named: Sequence[str] = (), encoding: str | None = None) -> tables.Format:
    """How to read a table, by what it begins with. named: columns that a person named: a first row that has
    them is the header. encoding: the one that a person named."""
    if not tables.known(path):
        allowed = f"{', '.join(tables.SUFFIXES)}, or one with {tables.COMPRESSED}"
        raise InputError(f"{path}: found suffix {path.suffix!r}, allowed: {allowed}; save it as CSV")
    if encoding and tables.suffix(path) in tables.BINARY:
        raise InputError(
            f"--encoding: found {encoding!r}, allowed: none for {path}, which says its own; leave it out"
        )
    encoding = encoding or encoding_of(path)
    how = tables.Format(encoding)
    if tables.suffix(path) == ".xlsx":
        line, rows = of_workbook(path)
        return with_columns(path, how, line, rows, named) if rows else how
    if tables.suffix(path) not in tables.DELIMITERS:
        return how
    how = replace(how, delimiter=_delimiter(path, encoding))
    if tables.suffix(path) == ".tsv" and quotes.are_used(path, how):
        how = replace(how, quoting=True)
    rows = _fields(path, how)
    if not rows:
        raise _unreadable(path, [(line, row) for line, row in tables.cut(path, how) if isinstance(row, str)])
    line, _ = next(tables.cut(path, how))
    return with_columns(path, how, line, rows, named)


def with_columns(
    path: Path, how: tables.Format, line: int, rows: Sequence[Sequence[str]], named: Sequence[str]
) -> tables.Format:
    """The format with names for the columns, if the first of the rows does not have them. line: where it is;
    named: as in `format_of`."""
    first, *others = rows
    if named and {*named} <= {*first}:
        return how
    refuse_title(path, rows, line)
    if names_columns(first, others):
        return how
    return replace(how, columns=tuple(f"column {i + 1}" for i in range(len(first))))


def columns(table: Table, texts: Sequence[str] | None = None, label: str | None = None) -> Columns:
    """The columns that a person named, and for the others those that look like it."""
    every = dict.fromkeys(name for row in table.rows[:SOME] for name in row)  # JSON's rows may lack some
    names = [name for name in every if name.strip()]  # Excel writes columns that have none
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
        _refuse_no_texts(table, texts[0], names)
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
        have = "has" if several == 1 else "have"
        yield f"{counted(several, 'text')} {have} several labels{_several(texts, labels)}"
    yield from _missing(texts, counts)
    yield from spelling.slips(counts)
    for group in doubts.alike(map(_bare, counts)):
        alike = ", ".join(_told_apart(name) for name in counts if _bare(name) in group)
        yield f"labels that look like one: {alike}; spell them alike in your data, as no key of conf/ does it"


def _several(texts: Sequence[str], labels: Sequence[str]) -> str:
    """The first texts with several labels, and these."""
    of_each = defaultdict[str, dict[str, None]](dict)
    for text, label in zip(texts, labels, strict=True):
        of_each[text][label] = None
    first = islice(((text, each) for text, each in of_each.items() if len(each) > 1), SHOWN)
    return "".join(
        f"{'; ' if place else ': '}{' '.join(text.split())[:40]!r} has {', '.join(each)[:80]}"
        for place, (text, each) in enumerate(first)
    )


def _missing(texts: Sequence[str], counts: Mapping[str, int]) -> Iterator[str]:
    """Lines on labels and texts that read as tables write what is not there. counts: of each label."""
    for name, count in counts.items():
        if _says_nothing(name):
            yield (
                f"{name!r} ({counted(count, 'row')}) looks like a missing label; if it is one, empty those "
                "cells in your data, and their rows are left out"
            )
    if count := sum(map(_says_nothing, texts)):
        yield (
            f"{counted(count, 'text')} {'says' if count == 1 else 'say'} 'nan', 'none' or the like: if they "
            "are missing, empty those cells in your data, and their rows are left out"
        )


def _says_nothing(value: str) -> bool:
    return value.strip().casefold() in doubts.NOTHING


def _bare(name: str) -> str:
    """Without what can't be seen, and composed as most programs do it: "e\\u0301" is "é"."""
    kept = (each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return "".join(kept)


def _told_apart(name: str) -> str:
    return repr(name) if _bare(name) == name else ascii(name)


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
        if files.unusable(values, names.texts, names.label) is None:
            text = files.joined(values[name] for name in names.texts)
            pairs.append((text, spelled(values[names.label]).strip()))
    return [text for text, _ in pairs], [label for _, label in pairs]


def padded(rows: Iterable[Mapping[str, object]], label: str) -> int:
    """How many labels have white space around them, which the source takes off. label: the column."""
    labels = (spelled(row.get(label)) for row in rows)
    return sum(name != name.strip() != "" for name in labels)


def spelled(value: object) -> str:
    """As the source spells it; "" if there is none, or an object or a list, which it refuses. JSON's and
    Parquet's `false` is a value."""
    return str(value) if isinstance(value, SPELLED) else ""


def _as_in_a_table(value: object) -> object:
    """Numbers as tables spell them (stages/texts/tables.py), whatever else as it is."""
    return str(value) if type(value) in (int, float) else value


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


def _unreadable(path: Path, unread: Sequence[tuple[int, str]]) -> InputError:
    where, why = path.as_posix(), ""
    if unread:  # the first says what is wrong with all
        where, why = f"{path}:{unread[0][0]}", f" ({unread[0][1]})"
    return InputError(
        f"{where}: found no row that can be read{why}, allowed: rows with a text and a label, texts with "
        "commas in quotes, quotes inside of these written twice, lines that end in LF or CR LF; save it anew "
        "where it comes from"
    )


def _refuse_unknown(option: str, name: str, names: Sequence[str], table: Table) -> None:
    """Refuse a name that is no column's, or that of a column which is neither text nor label."""
    if name not in names:
        raise InputError(
            f"{option}: found {name!r}, allowed: a column of {table.path}: {_listed(names)}"
            f"{nested(table.rows)}{table.hint}"
        )
    values = [value for row in table.rows if (value := row.get(name)) is not None]
    if values and not any(isinstance(value, SPELLED) for value in values):
        raise InputError(
            f"{option}: found {name!r}, whose values are of the kind {type(values[0]).__name__}, allowed: "
            f"strings, numbers, true and false; name another column of {_listed(names)}{nested(table.rows)}"
        )


def _text(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    hinted = [name for name in names if name.lower() in TEXTS]

    def length(name: str) -> float:
        return float(np.mean([len(spelled(row.get(name))) for row in rows]))

    longest = max(names, key=length)
    return hinted[0] if len(hinted) == 1 and length(hinted[0]) > length(longest) / 2 else longest


def _refuse_no_texts(table: Table, name: str, names: Sequence[str]) -> None:
    """Refuse a column that is taken for the texts unasked, if it looks like one of ids or of labels. A text
    in a language without spaces is one word, too."""
    if name.lower() in TEXTS:
        return
    values = [value for row in table.rows[:SOME] if (value := spelled(row.get(name)).strip())]
    different, words = len({*values}), sum(len(value.split()) for value in values)
    if len(values) < FEWEST or words > ONE_WORD * len(values) or not all(map(str.isascii, values)):
        return
    if different == len(values) or different <= min(MOST, len(values) // 2):
        numbers = _numbers(_values(table.rows, names))
        raise InputError(
            f"{table.path}: found no column that looks like texts: {name!r} has the longest, of one word "
            f"each, allowed: texts of several words (of different values, {numbers}); name their column "
            f"with --text{nested(table.rows)}{table.hint}"
        )


def nested(rows: Iterable[Mapping[str, object]]) -> str:
    """For the end of a refusal, what to do about columns of objects; "" if there are none."""
    columns = {name: None for row in rows for name, value in row.items() if isinstance(value, dict)}
    if not columns:
        return ""
    listed = ", ".join(map(repr, columns))[:200]
    if len(columns) == 1:
        return f"; column {listed} holds objects: write their fields as columns of their own"
    return f"; columns {listed} hold objects: write their fields as columns of their own"


def _label(table: Table, names: Sequence[str]) -> tuple[str, str]:
    if not names:
        raise InputError("--text: found every column, allowed: all but that of the labels; name fewer")
    values = _values(table.rows, names)
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
    raise InputError(
        f"{table.path}: found no column that looks like labels, allowed: 2 to {MOST} different values, most "
        f"of them several times ({_numbers(values)}); add rows with other labels, or name the column "
        f"with --label{nested(table.rows)}{table.hint}"
    )


def _values(rows: Iterable[Mapping[str, object]], names: Iterable[str]) -> dict[str, set[str]]:
    """The different values of each column."""
    values: dict[str, set[str]] = {name: set() for name in names}
    for row in rows:
        for name, known in values.items():
            known.add(spelled(row.get(name)).strip())
    return {name: known - {""} for name, known in values.items()}


def _numbers(values: Mapping[str, set[str]]) -> str:
    """How many different values columns have, those first that may be labels."""
    fewest_first = sorted(values, key=lambda name: (not values[name], len(values[name])))
    return ", ".join(f"{name} has {len(values[name]):,}" for name in fewest_first)[:200]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:200]
