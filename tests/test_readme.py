"""README.md and reports/README.md tell what the committed reports tell."""

import re

import pytest

from stages.compare import for_people
from stages.lib import results
from stages.lib.config import ROOT, params
from stages.lib.results import Result
from stages.lib.tables import markdown

PAGES = ["README.md", "reports/README.md"]
TABLES = [("README.md", "demo"), *(("reports/README.md", name) for name in params()["comparisons"])]


@pytest.mark.parametrize(("page", "comparison"), TABLES)
def test_a_page_has_the_table_that_the_reports_give(page: str, comparison: str) -> None:
    said = params()["pipeline"]["comparisons"][comparison]
    shown = [Result(**results.gather(ROOT / "reports", recipe), **said[recipe]) for recipe in said]
    assert markdown(*for_people(shown)) in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_every_link_of_a_page_leads_to_a_file(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert all((path.parent / link).exists() for link in links)


def test_every_module_and_conf_folder_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\b(?:stages|conf|tests)/[\w./-]+\w", text):
        if "my-recipe" not in name:
            assert (ROOT / name).exists(), name
    for module in re.findall(r"python -m (stages\.\w+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
