"""What the lessons report, beside what was measured here: the section `published` of params.yaml."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from stages.lib.config import Count, config
from stages.lib.tables import markdown

Portion = Annotated[float, Field(ge=0, le=1)]
TEXTS = ["published", "measured", "epoch, times flatten's", "where they differ, and why"]
HEADER = ["recipe", *TEXTS[:2], "parameters", *TEXTS[2:]]
BASE = "imdb-words-flatten"  # whose epoch the lesson's seconds are divided by


@config
class Claim:
    """What a lesson says of a recipe's network. Numbers that it does not give are left out.

    seconds: of an epoch; differs: where the measured numbers differ, and why.
    """

    lesson: str
    says: str
    differs: str
    training_accuracy: Portion | None = None
    test_accuracy: Portion | None = None
    test_loss: Annotated[float, Field(ge=0)] | None = None
    parameters: Count | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None


@config
class Published:
    """sources: the lessons by the letter that claims call them; claims: by recipe."""

    sources: dict[str, str]
    claims: dict[str, Claim]


def page(published: Published, recipes: Iterable[str], reports: Path) -> str:
    """The table and what its letters stand for; of the claims about `recipes`, whose reports are read."""
    claims = {name: claim for name, claim in published.claims.items() if name in set(recipes)}
    if not claims:
        return ""
    sources = "".join(f"- {letter}: {source}\n" for letter, source in published.sources.items())
    return f"{markdown(HEADER, table(claims, reports), TEXTS)}\n{sources}"


def table(claims: Mapping[str, Claim], reports: Path) -> list[list[str]]:
    """A row for `HEADER` per claim."""
    base = claims.get(BASE)
    rows = []
    for recipe, claim in claims.items():
        metrics = _json(reports / "metrics" / f"{recipe}.json")
        said = f"{claim.lesson}: {_claimed(claim)}"
        ratios = _ratios(claim, base, recipe, reports)
        rows.append([recipe, said, _measured(metrics), _counts(claim, metrics), ratios, claim.differs])
    return rows


def _claimed(claim: Claim) -> str:
    shares = {"training": claim.training_accuracy, "test": claim.test_accuracy}
    told = [f"{split} {100 * share:.4g} %" for split, share in shares.items() if share is not None]
    told += [f"test loss {claim.test_loss:g}"] if claim.test_loss is not None else []
    return "; ".join([claim.says, *told])


def _measured(metrics: Mapping[str, Any]) -> str:
    spread = f" ± {100 * metrics['sd']['accuracy']:.1f}" if "sd" in metrics else ""
    return (
        f"training {100 * metrics['running']['accuracy']:.1f} %; "
        f"test {100 * metrics['test']['accuracy']:.1f}{spread} %; "
        f"test loss {metrics['test']['loss']:.3f}; "
        f"{metrics['seeds']} seed{'s' if metrics['seeds'] > 1 else ''}"
    )


def _counts(claim: Claim, metrics: Mapping[str, Any]) -> str:
    same = claim.parameters in (None, metrics["parameters"])
    return ("" if same else f"{claim.parameters:,}; here ") + f"{metrics['parameters']:,}"


def _ratios(claim: Claim, base: Claim | None, recipe: str, reports: Path) -> str:
    """Seconds per epoch, as a ratio to flatten's: the lesson's, and here."""
    if base is None:
        return ""
    seconds = [_json(reports / "timings" / f"{name}.json")["seconds_per_epoch"] for name in (recipe, BASE)]
    here = f"here {seconds[0] / seconds[1]:.1f}"
    if claim.seconds is None or base.seconds is None:
        return here
    return f"{claim.seconds:g}/{base.seconds:g} = {claim.seconds / base.seconds:.1f}; {here}"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
