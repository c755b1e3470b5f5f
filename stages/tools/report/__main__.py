"""An experiment as a page to read: its texts, its recipes in the order of what they held out, where the
chosen one is right and where it fails, and that one's model card. The page quotes test texts; --texts 0
quotes none, for a page that others may see.

In: what `dvc repro compare@<experiment>` leaves. Out: reports/experiments/<experiment>/ with README.md,
index.html (one file that loads nothing) and card.md; of several sources a card-<source>.md each.

Example: python -m stages.tools.report demo
"""

from stages.runtime import command
from stages.study.params import one_of, params
from stages.tools.answering.options import whole
from stages.tools.report import ranking
from stages.tools.report.folder import QUOTES, opened_by, written


def main() -> None:
    parser = command.parser()
    parser.add_argument("experiment", help="an entry of comparisons in params.yaml that was compared")
    parser.add_argument(
        "--texts",
        type=whole(0, 1000),
        default=QUOTES,
        metavar="N",
        help="test texts quoted in each list (default: %(default)s)",
    )
    help_text = "what chooses, on held-out texts (default: the experiment's choose_by, else accuracy)"
    parser.add_argument("--by", type=ranking.measure, choices=ranking.BY, help=help_text)
    options = parser.parse_args()
    study = params()
    name = one_of(options.experiment, study["comparisons"], "comparisons")
    print(opened_by(written(name, study, options.by, options.texts)))


if __name__ == "__main__":
    command.guard(main)
