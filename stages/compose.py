"""conf/ -> params.yaml: the study's configuration, composed by Hydra and checked.

As a stage (--check) it refuses to go on with a params.yaml that was composed from another conf/. Overrides,
and edits of recipes in params.yaml, are not touched.

Examples: python -m stages.compose
          python -m stages.compose models.demo-lstm.units=[64]
"""

from collections.abc import Sequence

import yaml

from stages.runtime import command, files
from stages.runtime.config import ROOT, InputError, parse
from stages.study.composition import COPIED, compose, outdated
from stages.study.params import PARAMS, params
from stages.study.schema import check

CHECKED = ROOT / "data" / "composed"


def main() -> None:
    parser = command.parser()
    parser.add_argument("overrides", nargs="*", help="Hydra overrides")
    parser.add_argument("--check", action="store_true", help="write nothing, refuse a forgotten compose")
    options = parser.parse_args()
    if options.check:
        refuse_another()
        files.write_text(CHECKED, "params.yaml was composed from conf/ as it stands\n")
    else:
        write(compose(options.overrides), options.overrides)
        print(f"wrote {PARAMS.name}")


def write(text: str, overrides: Sequence[str] = ()) -> None:
    """Write params.yaml, unless what it would hold is refused."""
    with files.replacing(PARAMS) as draft:
        draft.write_text(text, encoding="utf-8")
        try:
            check(parse(draft, PARAMS.name))
        except InputError as refused:
            if overrides:
                blame(refused, overrides)
            raise


def blame(refused: InputError, overrides: Sequence[str]) -> None:
    """Refuse the overrides in the place of a file, if they alone are to blame."""
    check(yaml.safe_load(compose([])))  # what conf/ says without them
    line, _, _ = str(refused).rpartition("; mend ")
    which = overrides[0] if len(overrides) == 1 else f"one of {' '.join(overrides)}"
    raise InputError(f"{line or refused}; mend {which}") from None


def refuse_another() -> None:
    """Refuse a params.yaml that was composed from another conf/ than the present one."""
    if outdated(params()):
        raise InputError(
            "params.yaml was composed from another conf/ or requirements.lock, or one of its sections "
            f"{', '.join(COPIED)} was edited, which are copies; write it anew with: python -m stages.compose"
        )


if __name__ == "__main__":
    command.guard(main)
