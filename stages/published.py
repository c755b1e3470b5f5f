"""What the lessons report, beside what was measured: `python -m stages.published`.

In: the reports of every recipe. Out: data/published.md, which reports/README.md shows.
"""

from stages.lib import command, files, published
from stages.lib.config import ROOT, params, read
from stages.lib.published import Published


def main() -> None:
    everything = params()
    claims = read(Published, everything["published"], "published")
    files.write_text(
        ROOT / "data" / "published.md", published.page(claims, everything["recipes"], ROOT / "reports")
    )


if __name__ == "__main__":
    command.guard(main)
