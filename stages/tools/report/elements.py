"""What a page is made of, whatever it is written in. All texts are plain: who writes a page escapes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stages.tools.report.quoted import Quoted


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """The few numbers that matter most: (name, value, what to read beside it)."""

    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Table:
    """texts: the columns, besides the first, that hold texts; the others hold numbers.
    marked: the row, if any, that stands out. shares: of each cell but the first how dark it is, in [0, 1]."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[str] = ()
    marked: int | None = None
    shares: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class Code:
    """Lines to run."""

    lines: Sequence[str]
    language: str = "console"


@dataclass(frozen=True)
class Figure:
    path: Path
    alt: str


@dataclass(frozen=True)
class Quotes:
    quotes: Sequence[Quoted] = field(default_factory=list)


@dataclass(frozen=True)
class Link:
    """A file of the same folder."""

    file: str
    text: str


Block = Heading | Prose | Points | Facts | Table | Code | Figure | Quotes | Link
