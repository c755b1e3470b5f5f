"""Write README.md and pages of reports/ from their templates, stages/tools/pages/templates/, whose numbers,
tables and verdicts come from the committed reports. A sentence that no longer holds is an error.

Example: python -m stages.tools.pages
         python -m stages.tools.pages --check
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError
from stages.runtime.wording import percent
from stages.tools.pages import facts

TEMPLATES = Path(__file__).parent / "templates"
FUNCTIONS: list[Callable[..., Any]] = [
    facts.test,
    facts.calibrated,
    facts.measure,
    facts.same,
    facts.ahead,
    facts.alike,
    facts.verdict,
    facts.slope,
    facts.steps,
    facts.accuracies,
    facts.tested,
    facts.holds,
    facts.claimed,
    facts.learned,
    facts.held_out,
    facts.members,
    facts.beats_members,
    facts.beside_members,
    facts.best_member,
    facts.finals,
    facts.sample,
    facts.read_by,
    facts.trained_on,
    facts.recipes,
    facts.reported,
    facts.timed,
    facts.timings,
    facts.seconds,
    facts.row,
    facts.bench,
    facts.title,
]
FORMATS = [percent, facts.points, facts.signed]


def main() -> None:
    parser = command.parser()
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page would change")
    check = parser.parse_args().check
    for page in pages():
        path, text = ROOT / page, rendered(page)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise InputError(
                f"{page}: found other text than its template gives; edit the template, then run "
                "python -m stages.tools.pages"
            )
        files.write_text(path, text)
        print(f"wrote {page}")


def pages() -> list[str]:
    """The place of each page in the repository."""
    return [path.relative_to(TEMPLATES).as_posix() for path in sorted(TEMPLATES.rglob("*.md"))]


def rendered(page: str) -> str:
    """The text of a page; a refusal names its template."""
    try:
        text = templates().get_template(page).render()
        return re.sub("\n{3,}", "\n\n", text)  # blocks that a page leaves out leave blank lines
    except InputError as error:
        template = TEMPLATES / page
        place = template.relative_to(ROOT) if template.is_relative_to(ROOT) else template
        raise InputError(f"{place.as_posix()}: {error}") from None


@cache
def templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # pages are Markdown
    )
    environment.globals |= (functions := {each.__name__: each for each in FUNCTIONS})
    environment.filters |= functions | {each.__name__: each for each in FORMATS}
    return environment


if __name__ == "__main__":
    command.guard(main)
