"""Write README.md and pages of reports/ from their templates, stages/tools/pages/templates/, whose numbers,
tables and verdicts come from the committed reports. A sentence that no longer holds is an error.

Example: python -m stages.tools.pages
         python -m stages.tools.pages --check
"""

from collections.abc import Iterator
from pathlib import Path

import jinja2

from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError
from stages.tools.pages import facts

TEMPLATES = Path(__file__).parent / "templates"
FUNCTIONS = [
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
    facts.bench,
    facts.title,
]
FORMATS = [facts.percent, facts.points, facts.signed]


def main() -> None:
    parser = command.parser()
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page would change")
    check = parser.parse_args().check
    for page, text in pages():
        path = ROOT / page
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise InputError(
                f"{page}: found other text than its template gives; edit the template, then run "
                "python -m stages.tools.pages"
            )
        files.write_text(path, text)
        print(f"wrote {page}")


def pages() -> Iterator[tuple[str, str]]:
    """The place of each page in the repository, and its text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # pages are Markdown
    )
    environment.globals |= (functions := {each.__name__: each for each in FUNCTIONS})
    environment.filters |= functions | {each.__name__: each for each in FORMATS}
    for path in sorted(TEMPLATES.rglob("*.md")):
        page = path.relative_to(TEMPLATES).as_posix()
        yield page, environment.get_template(page).render()


if __name__ == "__main__":
    command.guard(main)
