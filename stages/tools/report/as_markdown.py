"""A page in Markdown, as code hosts show it. Whatever a label or a text holds is seen as it is."""

from collections.abc import Iterable, Sequence
from os.path import relpath
from pathlib import Path

from stages.reporting.markdown import markdown, plain
from stages.runtime import command
from stages.runtime.wording import likely
from stages.tools.report.elements import (
    Block,
    Code,
    Facts,
    Figure,
    Heading,
    Link,
    Points,
    Prose,
    Quotes,
    Table,
)
from stages.tools.report.quoted import Quoted


def page(blocks: Iterable[Block], folder: Path) -> str:
    """folder: where the page is to lie, from which figures are linked."""
    return "\n".join(_block(block, folder) for block in blocks)


def inert(text: str) -> str:
    """A text without markup, HTML, control characters, or what code hosts make links of unasked."""
    escaped = plain(command.printable(text))
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def _block(block: Block, folder: Path) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {inert(text)}\n"
        case Prose(text):
            return f"{inert(text)}\n"
        case Points(texts):
            return "".join(f"- {inert(text)}\n" for text in texts)
        case Facts(items):
            return markdown(["", "", ""], [[inert(cell) for cell in item] for item in items], [""])
        case Table():
            return _table(block)
        case Code(lines, language):
            return "\n".join([f"```{language}", *lines, "```"]) + "\n"
        case Figure(path, alt):
            return f"![{inert(alt)}]({Path(relpath(path, folder)).as_posix()})\n"
        case Quotes(quotes):
            return _quotes(quotes)
        case Link(file, text):
            return f"[{inert(text)}]({file})\n"


def _table(table: Table) -> str:
    rows = [[inert(cell) for cell in row] for row in table.rows]
    if table.marked is not None:
        rows[table.marked][0] = f"**{rows[table.marked][0]}**"
    return markdown([inert(name) for name in table.header], rows, [inert(name) for name in table.texts])


def _quotes(quotes: Sequence[Quoted]) -> str:
    rows = [
        [
            inert(quote.place),
            inert(quote.text),
            inert(quote.label),
            inert(quote.predicted),
            inert(likely(quote.probable)),
            inert(likely(quote.of_label)),
        ]
        for quote in quotes
    ]
    header = ["where", "text", "label", "predicted", "its probability", "probability of the label"]
    return markdown(header, rows, ["text", "label", "predicted"])
