"""The resolver behind `pipeline: ${pipeline:}` in conf/config.yaml.

Both `python -m stages.compose` and `dvc exp run` load it (hydra.plugins_path in .dvc/config).
"""

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stages.lib.pipeline import derive


def pipeline(*, _root_: DictConfig) -> DictConfig:
    """The derived section, as a node of the configuration that is being composed."""
    sections = ("sources", "corpora", "models", "trainings", "recipes", "comparisons")
    found = {s: _root_[s] for s in sections if OmegaConf.is_config(_root_.get(s))}
    plain: dict[str, Any] = {s: OmegaConf.to_container(node) for s, node in found.items()}
    return OmegaConf.create(derive(plain | {"seed": _root_.get("seed")}))


OmegaConf.register_new_resolver("pipeline", pipeline, replace=True)
