"""A page in one HTML file, figures and style inside, that loads nothing. Texts are seen as they are."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

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

STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # nothing is loaded, no script runs
PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
UNSEEN = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)  # names of labels, addresses
SIZE = re.compile(r'(<svg\b[^>]*?) width="[^"]*" height="[^"]*"')
NAMED = re.compile(r'(\bid="|href="#|url\(#)')
BRIEF = 22  # letters of a cell that stays on one line
FAINT = 0.15  # of the strongest word's share: weaker ones are not coloured
HINT = "Blue words speak for the predicted label, orange ones, underlined, against it; the darker, the more."


def page(blocks: Sequence[Block]) -> str:
    headings = [block for block in blocks if isinstance(block, Heading)]
    title = headings[0].text if headings else ""
    contents = [
        f'<li><a href="#s{number}">{inert(heading.text)}</a></li>'
        for number, heading in enumerate(headings)
        if heading.level == 2
    ]
    body: list[str] = []
    number = 0
    for place, block in enumerate(blocks):
        if isinstance(block, Heading):
            if number == 1:  # the opening is over
                body.append(f'<nav aria-label="Contents"><ul>{"".join(contents)}</ul></nav>')
            body.append(f'<h{block.level} id="s{number}">{inert(block.text)}</h{block.level}>')
            number += 1
        else:
            body.append(_block(block, f"f{place}-"))
    head = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{inert(title)}</title>",
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>",
        "</head>",
        "<body>",
        "<main>",
    ]
    return "\n".join([*head, *body, "</main>", "</body>", "</html>"]) + "\n"


def inert(text: str) -> str:
    """A text without markup and control characters, in one line."""
    return escape(" ".join(command.printable(text).split()))


def svg(text: str, prefix: str) -> str:
    """A figure's file as a part of a page: without what is not seen, and with names of its own."""
    bare = UNSEEN.sub("", PROLOGUE.sub("", text))
    return NAMED.sub(rf"\g<1>{prefix}", SIZE.sub(r"\1", bare, count=1)).strip()


def _block(block: Block, prefix: str) -> str:
    match block:
        case Prose(text):
            return f"<p>{inert(text)}</p>"
        case Points(texts):
            return f"<ul>{''.join(f'<li>{inert(text)}</li>' for text in texts)}</ul>"
        case Facts(items):
            return f'<dl class="facts">{"".join(_fact(*item) for item in items)}</dl>'
        case Table():
            return _table(block)
        case Code(lines):
            return f"<pre><code>{escape(chr(10).join(lines))}</code></pre>"
        case Figure(path, alt):
            drawn = svg(path.read_text(encoding="utf-8"), prefix)
            return (
                f"<figure><figcaption>{inert(_sentence(alt))}</figcaption>"
                f'<div role="img" aria-label="{inert(alt)}" tabindex="0">{drawn}</div></figure>'
            )
        case Quotes(quotes):
            return _quotes(quotes)
        case Link(file, text):
            return f'<p><a href="{escape(file)}">{inert(text)}</a></p>'
        case Heading():
            raise TypeError("a heading has a number, which `page` knows")


def _fact(name: str, value: str, note: str) -> str:
    beside = f'<dd class="note">{inert(note)}</dd>'
    return f'<div><dt>{inert(name)}</dt><dd class="value">{inert(value)}</dd>{beside}</div>'


def _table(table: Table) -> str:
    texts = {0, *(place for place, name in enumerate(table.header) if name in table.texts)}
    left = [' class="text"' if place in texts else "" for place in range(len(table.header))]
    head = "".join(
        f'<th scope="col"{look}>{inert(name)}</th>' for look, name in zip(left, table.header, strict=True)
    )
    rows = []
    for line, row in enumerate(table.rows):
        marked = ' class="marked"' if line == table.marked else ""
        cells = [_cell(table, line, place, place in texts) for place in range(len(row))]
        rows.append(f"<tr{marked}>{''.join(cells)}</tr>")
    body = "\n".join(rows)
    content = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return f'<div class="wide" tabindex="0"><table>{content}</table></div>'


def _cell(table: Table, line: int, place: int, text: bool) -> str:
    content = table.rows[line][place]
    classes = ["text"] if text else []
    classes += ["brief"] if text and len(content) <= BRIEF else []
    style = ""
    if table.shares and place:
        classes.append("heat")
        style = f' style="--share: {table.shares[line][place - 1]:.3f}"'
    names = " ".join(classes)
    look = (f' class="{names}"' if names else "") + style
    if place:
        return f"<td{look}>{inert(content)}</td>"
    return f'<th scope="row"{look}>{inert(content)}</th>'


def _quotes(quotes: Sequence[Quoted]) -> str:
    items = "\n".join(f"<li>{_quote(quote)}</li>" for quote in quotes)
    hint = f"<p>{HINT}</p>\n" if any(quote.words for quote in quotes) else ""
    return f'{hint}<ol class="quotes">\n{items}\n</ol>'


def _quote(quote: Quoted) -> str:
    right = quote.label == quote.predicted
    outcome = (
        "right" if right else f"its label <b>{inert(quote.label)}</b> has {escape(likely(quote.of_label))}"
    )
    choice = f"predicted <b>{inert(quote.predicted)}</b> with {escape(likely(quote.probable))}"
    words = f'<p class="words">{_coloured(quote)}</p>' if quote.words else ""
    return f'<p class="labels">{inert(quote.place)}: {choice}; {outcome}</p><p>{inert(quote.text)}</p>{words}'


def _coloured(quote: Quoted) -> str:
    most = max(abs(share) for _, share in quote.words) or 1.0
    return " ".join(_word(word, share, share / most) for word, share in quote.words)


def _word(word: str, share: float, strength: float) -> str:
    if abs(strength) < FAINT:
        return inert(word)
    speaks = "for" if share > 0 else "against"
    look = f'class="{speaks}" style="--share: {abs(strength):.2f}" title="{share:+.3f}"'
    return f"<mark {look}>{inert(word)}</mark>"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
