"""conf/ -> params.yaml: the study's configuration, composed by Hydra and checked.

python -m stages.compose                          write params.yaml
python -m stages.compose models.demo-lstm.units=[64]   the same, with Hydra overrides
python -m stages.compose --check                  exit 1 if params.yaml is not what conf/ gives
"""

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

import yaml

from stages.lib import command, files
from stages.lib.config import PARAMS, ROOT, SECTIONS, InputError, one_line, parse
from stages.schema import check

CONF = ROOT / "conf"


def compose(overrides: list[str], conf: Path = CONF) -> str:
    """The text of params.yaml for conf/ with these overrides: the same bytes as `dvc exp run` writes."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.plugins import Plugins
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _refuse_strays(conf)
    _refuse_unreadable(conf)
    sys.path.append(str(conf))
    try:
        Plugins.instance()  # finds conf/hydra_plugins on the path
        with initialize_config_dir(str(conf), version_base=None):
            composed = hydra_compose(config_name="config", overrides=overrides)
        OmegaConf.resolve(composed)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, UnicodeDecodeError) as error:
        told = error if str(error) else error.__cause__ or error  # Hydra wraps some without a word
        raise InputError(f"conf/: {one_line(told)}") from None
    finally:
        sys.path.remove(str(conf))
    return OmegaConf.to_yaml(composed)


def write(text: str, path: Path = PARAMS) -> None:
    """Write params.yaml, unless what it would hold is refused."""
    with files.replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")
        check(parse(draft))


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    text = compose(options.overrides)
    if not options.check:
        write(text)
        print(f"wrote {PARAMS.name}")
        return
    found = PARAMS.read_text(encoding="utf-8", errors="replace") if PARAMS.exists() else ""
    if text != found:
        changed = difflib.unified_diff(found.splitlines(), text.splitlines(), lineterm="", n=0)
        first = next((line for line in changed if line[0] in "+-" and line[:3] not in ("---", "+++")), "")
        raise InputError(
            f"params.yaml is not what conf/ gives (first difference: {first!r}); "
            "mend it with: python -m stages.compose"
        )


def _refuse_unreadable(conf: Path) -> None:
    """Refuse by its name a file that Hydra could not read, or not in any reasonable time."""
    for path in sorted(conf.rglob("*.yaml")):
        parse(path, f"conf/{path.relative_to(conf)}")


def _refuse_strays(conf: Path) -> None:
    """Refuse a file that is not in the list of conf/config.yaml, or not under its own name."""
    listed: dict[str, Any] = {}
    defaults = parse(conf / "config.yaml", "conf/config.yaml").get("defaults")
    for group in defaults if isinstance(defaults, list) else []:
        listed |= group if isinstance(group, dict) else {}
    for section, folder in SECTIONS.items():
        for path in sorted((conf / folder).iterdir()):
            shown = f"conf/{folder}/{path.name}"
            names = listed.get(folder)
            if path.suffix != ".yaml" or path.stem not in (names if isinstance(names, list) else [names]):
                raise InputError(f"{shown} is not in the list `{folder}` of conf/config.yaml; add it there")
            header = f"# @package {section}.{path.stem}"
            first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
            if first != header:
                raise InputError(f"{shown}: found first line {first!r}, allowed: {header!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.compose", description=__doc__.splitlines()[0])
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, as seed=7")
    parser.add_argument("--check", action="store_true", help="write nothing, report drift")
    return parser


if __name__ == "__main__":
    command.guard(lambda: main(sys.argv[1:]))
