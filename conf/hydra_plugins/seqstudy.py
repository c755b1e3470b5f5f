"""What `dvc exp run` loads before it composes conf/ (hydra.plugins_path in .dvc/config)."""

import sys
from pathlib import Path

CONF = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CONF.parent))

from stages.study.composition import register  # noqa: E402  once it is on the path

register(CONF)
