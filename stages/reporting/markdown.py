"""Rows as a table in Markdown, and texts of the user's in it."""

import html
import re
from collections.abc import Collection, Iterable, Sequence

MARKUP = re.compile(r"([\\`*_\[\]#|~$!])")


def markdown(header: Sequence[str], rows: Iterable[Iterable[object]], texts: Collection[str] = ()) -> str:
    """A table whose first column and those named by `texts` are text, the others numbers, aligned right."""
    rules = ["---" if name in (header[0], *texts) else "---:" for name in header]
    lines = [header, rules, *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def plain(text: str) -> str:
    """A title, label or sentence that a reader of Markdown sees as it is: no markup, no HTML, one line."""
    return MARKUP.sub(r"\\\1", html.escape(one_line(text), quote=False))


def one_line(text: str) -> str:
    """A text without line ends, tabs and double spaces."""
    return " ".join(text.split())


def _cell(cell: object) -> str:
    """A cell's text with nothing in it that would end the cell or the row."""
    return one_line(re.sub(r"(?<!\\)\|", r"\\|", str(cell)))
