"""Which encoding a table is in: that of its mark, UTF-8 if all of its bytes can be, else an older one."""

import codecs
import gzip
import re
import unicodedata
import zlib
from collections import Counter
from pathlib import Path
from typing import IO

from stages.runtime.config import InputError
from stages.texts import tables

SAMPLE = 1 << 20  # bytes that are decoded at once, and that an old encoding is guessed from
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # what .xlsx and .zip, and .xls begin with
MARKS = [  # UTF-32's first, as one of them begins with one of UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
SURE = ("utf-8", *dict(MARKS).values())  # not guessed by the language
HALVES = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of bytes that are no UTF-8
WESTERN = "cp1252"  # all that Latin-1 can print, and more
USUAL = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüßÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜŸ")  # not ð or š, say
# quotation marks, dashes, currencies and the like, which any text may have
SIGNS = frozenset(
    bytes.fromhex("80828485 8b91929394959697 999b a0a1a3a7a9aaabadae b0b2b3b4b5b7babbbdbf").decode(WESTERN)
)
WORD = re.compile(r"[^\W\d_]+")
QUOTED = re.compile(r"(?<=[^\W\d_])[\u201a\u201c-\u201e](?=[^\W\d_])")  # marks inside a word


def encoding_of(path: Path) -> str:
    """UTF-16 and UTF-32 by their marks, UTF-8 if it can be, Western European if it reads so, else what
    charset-normalizer finds, which takes much that is Western European for something else."""
    if tables.suffix(path) in tables.BINARY:
        return "utf-8"
    try:
        with tables.opened(path) as file:
            return _found(path, file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a whole {tables.COMPRESSED} file ({error}); supply it again") from None


def _found(path: Path, file: IO[bytes]) -> str:
    part = file.read(SAMPLE)
    if part.startswith(WORKBOOKS):
        raise InputError(f"{path}: found a workbook or a .zip; name it .xlsx, or save it as CSV")
    for mark, encoding in MARKS:
        if part.startswith(mark):
            return encoding
    decoder, line, ascii_until_here = codecs.getincrementaldecoder("utf-8")(), 1, True
    while part:
        following = file.read(SAMPLE)
        if (place := part.find(b"\0")) >= 0:
            line += part.count(b"\n", 0, place)
            raise InputError(
                f"{path}:{line}: found a NUL, allowed: text; delete it or, if this is UTF-16 without a mark, "
                "give `fit` --encoding utf-16-le or utf-16-be"
            )
        try:
            decoder.decode(part, final=not following)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            return _older(path, line, _around(error.object + following, error.start), ascii_until_here)
        line += part.count(b"\n")
        ascii_until_here &= part.isascii()
        part = following
    return "utf-8"


def _around(raw: bytes, place: int) -> bytes:
    """A sample of bytes with that place in it: whole lines, as no letter is cut by their ends."""
    begin = raw.rfind(b"\n", 0, max(0, place - SAMPLE // 2)) + 1
    sample = raw[begin : begin + SAMPLE]
    cut = begin + SAMPLE < len(raw) and sample.rfind(b"\n") > place - begin
    return sample[: sample.rfind(b"\n") + 1] if cut else sample


def _older(path: Path, line: int, raw: bytes, ascii_before: bool) -> str:
    """The encoding of bytes that are no UTF-8 in this line."""
    text = raw.decode("utf-8", "surrogateescape")
    odd = len(HALVES.findall(text))
    letters = sum(not each.isascii() for each in text) - odd
    if letters > odd or not ascii_before:
        raise InputError(
            f"{path}:{line}: found bytes that are no UTF-8, as others here are, allowed: one encoding; mend "
            "them, or give `fit` the --encoding of all"
        )
    if _western(raw):
        return WESTERN
    from charset_normalizer import from_bytes

    best = from_bytes(raw).best()
    if best is None:
        raise InputError(
            f"{path}:{line}: found bytes that are no text in an encoding known here, allowed: UTF-8, UTF-16, "
            "or an older one, as cp1252 or gb18030; save it as UTF-8, or give `fit` its --encoding"
        )
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
