"""What the lessons report, beside what was measured here: conf/published.yaml."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from stages.reporting.markdown import markdown, one_line, plain
from stages.runtime.config import Count, config
from stages.runtime.wording import counted, percent

Portion = Annotated[float, Field(ge=0, le=1)]
TEXTS = ["published", "measured", "where they differ, and why"]
HEADER = ["recipe", *TEXTS[:2], "parameters", TEXTS[2]]
NOTE = (
    '"training" is what Keras reports of the epoch whose weights were kept, which is the last one unless\n'
    "training stopped early: the mean over its batches, with dropout.\n"
)


@config
class Claim:
    """What a lesson says of a recipe's network, and where: in which notebook. Numbers that it does not give
    are left out.

    seconds: of an epoch.
    """

    lesson: str
    place: str
    says: str
    training_accuracy: Portion | None = None
    test_accuracy: Portion | None = None
    test_loss: Annotated[float, Field(ge=0)] | None = None
    parameters: Count | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None


@config
class Published:
    """sources: the lessons, in Markdown, by the letter that claims call them; claims: by recipe."""

    sources: dict[str, str]
    claims: dict[str, Claim]


def page(published: Published, differs: Mapping[str, str], reports: Path) -> str:
    """The table and what its letters stand for. differs: of each claim where what was measured differs."""
    sources = "".join(f"- {plain(letter)}: {one_line(text)}\n" for letter, text in published.sources.items())
    return f"{markdown(HEADER, table(published.claims, differs, reports), TEXTS)}\n{NOTE}\n{sources}"


def table(claims: Mapping[str, Claim], differs: Mapping[str, str], reports: Path) -> list[list[str]]:
    """A row for `HEADER` per claim."""
    rows = []
    for recipe, claim in claims.items():
        metrics = json.loads((reports / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
        published = f"{plain(claim.lesson)}, {plain(claim.place)}: {_claimed(claim)}"
        rows.append(
            [f"`{recipe}`", published, _measured(metrics), _counts(claim, metrics), one_line(differs[recipe])]
        )
    return rows


def _claimed(claim: Claim) -> str:
    shares = {"training": claim.training_accuracy, "test": claim.test_accuracy}
    numbers = [f"{split} {100 * share:.4g} %" for split, share in shares.items() if share is not None]
    numbers += [f"test loss {claim.test_loss:g}"] if claim.test_loss is not None else []
    return "; ".join([plain(claim.says), *numbers])


def _measured(metrics: Mapping[str, Any]) -> str:
    spread = f" ± {100 * metrics['sd']['accuracy']:.1f}" if "sd" in metrics else ""
    return (
        f"training {percent(metrics['running']['accuracy'])}; "
        f"test {100 * metrics['test']['accuracy']:.1f}{spread} %; "
        f"test loss {metrics['test']['loss']:.3f}; "
        f"{counted(metrics['seeds'], 'seed')}"
    )


def _counts(claim: Claim, metrics: Mapping[str, Any]) -> str:
    same = claim.parameters in (None, metrics["parameters"])
    return ("" if same else f"{claim.parameters:,}; here ") + f"{metrics['parameters']:,}"
