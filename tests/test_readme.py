"""README.md and the pages that it leads to tell what the committed reports tell, and name what is there."""

import re
from pathlib import Path

import pytest

from stages.reporting import chapter
from stages.reporting.comparison import load
from stages.runtime.config import ROOT, InputError, parse, read
from stages.study.params import params
from stages.tools.pages import claims
from stages.tools.pages.__main__ import pages, rendered

PAGES = ["CONTRIBUTING.md", *pages()]
EXAMPLES = re.compile("(?:^|[/-])(?:my|mine|own|new)\\b")  # files that a reader is to make


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def links(page: str) -> list[Path]:
    """The files that a page links to."""
    return [(ROOT / page).parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text(page))]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_figure_of_a_page_leads_to_a_file(page: str) -> None:
    assert not [link for link in links(page) if not link.exists()]


@pytest.mark.parametrize("page", pages())
def test_a_page_is_what_its_template_gives_today(page: str) -> None:
    try:
        now = rendered(page)
    except InputError as error:  # after a change of someone's own, say: the line is what matters
        pytest.fail(str(error), pytrace=False)
    assert text(page) == now, "run python -m stages.tools.pages"


def test_the_first_page_is_short() -> None:
    assert len(text("README.md").encode()) <= 8 * 1024


@pytest.mark.parametrize(
    "path", sorted((ROOT / "reports" / "chapters").glob("*.md")), ids=lambda path: path.stem
)
def test_a_chapter_is_what_the_committed_results_give(path: Path) -> None:
    name = path.stem
    comparison = params()["comparisons"][name]
    results = load(ROOT / "reports" / "compared" / name, comparison)
    made = chapter.chapter(name, comparison["title"], results, chapter.pairs(results))
    assert path.read_text(encoding="utf-8") == made, f"run dvc repro compare@{name}"


def test_every_committed_claim_is_about_a_recipe() -> None:
    published = read(claims.Published, parse(ROOT / "conf" / "published.yaml", "conf"), "published")
    assert set(published.claims) <= set(params()["recipes"])


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_module_that_a_page_names_is_there(page: str) -> None:
    for name in re.findall(r"\b(?:stages|conf|tests)/[\w./-]+\w", text(page)):
        assert EXAMPLES.search(name) or (ROOT / name).exists(), name
    for module in re.findall(r"python -m (stages[.\w]*\w)", text(page)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
