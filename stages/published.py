"""What the lessons report, beside what was measured.

In: conf/published.yaml, the metrics of every recipe. Out: data/published.md, which reports/README.md shows.

Example: python -m stages.published
"""

from typing import Any

from stages.reporting import claims
from stages.runtime import files
from stages.runtime.config import ROOT, InputError, nearest, parse, read
from stages.study import stage

FILE = "conf/published.yaml"


def main(params: dict[str, Any]) -> None:
    published = read(claims.Published, parse(ROOT / FILE, FILE), FILE)
    for name, claim in published.claims.items():
        if claim.lesson not in published.sources:
            allowed = nearest(claim.lesson, published.sources)
            raise InputError(f"{FILE}: claims.{name}.lesson: found {claim.lesson!r}, allowed: {allowed}")
    page = claims.page(published, params["recipes"], ROOT / "reports")
    files.write_text(ROOT / "data" / "published.md", page)


if __name__ == "__main__":
    stage.run_whole(main, "pipeline.order")
