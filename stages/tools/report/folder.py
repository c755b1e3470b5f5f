"""The folder of an experiment's report."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages.runtime import files
from stages.runtime.config import ROOT
from stages.tools.answering import attribution
from stages.tools.answering.answers import Shares, Weigh
from stages.tools.answering.resident import Resident
from stages.tools.report import as_html, as_markdown, card, sections
from stages.tools.report.gathered import gather
from stages.tools.report.parts import Evaluated, Experiment
from stages.tools.report.quoted import WORDS

QUOTES = 10  # test texts of each list


def written(
    name: str,
    study: Mapping[str, Any],
    by: str | None = None,
    quotes: int = QUOTES,
    root: Path = ROOT,
    weighing: Callable[[Evaluated], Weigh] | None = None,
) -> Path:
    """Write an experiment's report and model cards; the path of index.html.

    study: params.yaml; by: what chooses, of `ranking.BY`, None: what the experiment says; quotes: how many
    texts each list has; weighing: of a recipe what says which words of a text decided, None: the recipe's
    own models.
    """
    return page_of(gather(root, study, name, by), weighing or by_models(study["recipes"]), quotes, root)


def page_of(
    experiment: Experiment, weighing: Callable[[Evaluated], Weigh], quotes: int = QUOTES, root: Path = ROOT
) -> Path:
    """The same of an experiment that is gathered."""
    folder = root / "reports" / "experiments" / experiment.name
    blocks = sections.written(experiment, quotes, weighing)
    with files.replacing_folder(folder) as draft:
        files.write_text(draft / "README.md", as_markdown.page(blocks, folder))
        files.write_text(draft / "index.html", as_html.page(blocks))
        for part in experiment.parts:
            if part.chosen is not None:
                text = card.written(experiment, part, part.chosen, folder)
                files.write_text(draft / sections.card_file(experiment, part), text)
    return folder / "index.html"


def opened_by(page: Path) -> str:
    """The line that opens a page."""
    return f"python -m webbrowser {page.as_uri()}"


def by_models(recipes: Mapping[str, Any]) -> Callable[[Evaluated], Weigh]:
    """Of a recipe what says which words of a text speak for a label, by its first seed's model. Of an
    ensemble none do: every text would load all members anew."""

    def of(recipe: Evaluated) -> Weigh:
        if recipe.kind == "ensemble":
            return lambda text, label: []
        classifier = Resident(recipe.name, recipes)
        exactly = attribution.exactly_of(recipe.name, recipes)
        if exactly is not None:
            return exactly

        def weigh(text: str, label: int) -> Shares:
            excerpt = text if recipe.kind == "linear" else " ".join(text.split()[:WORDS])
            return attribution.occluded(classifier, excerpt, label)

        return weigh

    return of
