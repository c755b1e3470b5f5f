"""A small study in a conf/ of its own, for tests that must not depend on which recipes the committed has."""

import copy
import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.runtime.config import ROOT
from stages.study.composition import compose

Params = dict[str, Any]

DEMO = {"kind": "demo", "splits": {"train": 300, "test": 100}, "cue_distance": 16, "seed": "${seed}"}
IMDB = {
    "kind": "imdb",
    "splits": {"train": 25000, "test": 25000},
    "per_label": [25000, 25000],
    "sha256": "b3900416e43d17f56526fb024d08ffd555f101b4bbd4a48717a01019f5c707b0",
}
SARCASM = IMDB | {"kind": "sarcasm", "url": "https://example.org/sarcasm.json"}
LSTM = {
    "architecture": "lstm",
    "embedding": 16,
    "units": [32],
    "bidirectional": False,
    "pooling": "last",
    "dense": 6,
    "mask": False,
}
CONV1D = {
    "architecture": "conv1d",
    "embedding": 16,
    "filters": 8,
    "kernel": 5,
    "pooling": "max",
    "dense": 0,
    "mask": True,
}
TRAINING = {
    "kind": "gradient_descent",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "epochs": 2,
    "batch_size": 32,
    "early_stopping": {"patience": 3},
    "validation": {"fraction": 0.1},
}
STUDY: dict[str, Any] = {
    "sources/demo": DEMO,
    "sources/imdb": IMDB,
    "sources/sarcasm": SARCASM,
    "corpora/words": {
        "source": "demo",
        "tokenizer": {"kind": "word", "vocabulary": 400},
        "pad": {"kind": "bucket", "boundaries": [32, 48]},
    },
    "corpora/bpe": {
        "source": "imdb",
        "tokenizer": {"kind": "bpe", "vocabulary": 8192},
        "pad": {"kind": "fixed", "length": 120, "side": "pre", "truncate": "post"},
    },
    "corpora/subwords": {
        "source": "imdb",
        "tokenizer": {"kind": "subwords8k"},
        "pad": {"kind": "bucket", "boundaries": [64]},
    },
    "models/lstm": LSTM,
    "models/conv1d": CONV1D,
    "models/flatten": {"architecture": "flatten", "embedding": 4, "dense": 6, "mask": False},
    "models/pooled": {
        "architecture": "pooled",
        "embedding": 4,
        "dense": 0,
        "mask": True,
        "pooling": "mean",
    },
    "trainings/short": TRAINING,
    "trainings/lesson": TRAINING | {"early_stopping": None, "validation": "test"},
    "experiments/cells": {
        "title": "Which cell?",
        "corpus": "words",
        "training": "short",
        "seeds": 2,
        "vary": {
            "network": {"lstm": {"model": "lstm"}, "conv1d": {"model": "conv1d"}},
            "remedy": {"none": {}, "early": {"training": {"early_stopping": {"patience": 1}}}},
        },
        "tweak": {"lstm-early": {"model": {"units": [8, 4]}}},
        "chapters": "network",
    },
    "experiments/lengths": {
        "title": "How wide?",
        "model": "flatten",
        "training": "lesson",
        "vary": {"dense": {"2": {"corpus": "bpe", "model": {"dense": 2}}, "10": {"corpus": "bpe"}}},
        "x": "dense",
    },
    "figures": {"width": 9.0, "font_size": 10, "colors": "petroff10", "grid": True},
    "names": {"lstm": "LSTM", "conv1d": "Conv1D", "lstm-early": "LSTM, stopped early"},
    "samples": {"cool": "The movie was cool.", "odd": "It's \"odd\", $HOME; true"},
}  # fmt: skip


def write_conf(root: Path, study: Mapping[str, Any] = STUDY) -> Path:
    """The study as a folder conf/ in `root`, with the committed config.yaml."""
    conf = root / "conf"
    for name, entry in study.items():
        path = conf / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(entry, sort_keys=False, allow_unicode=True), encoding="utf-8")
    for part in ("config.yaml", "hydra_plugins/seqstudy.py"):
        (conf / part).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "conf" / part, conf / part)
    return conf


@functools.cache
def _composed(root: Path) -> str:
    return compose([], write_conf(root))


def small_params(root: Path) -> Params:
    """params.yaml of the small study; to be edited."""
    return copy.deepcopy(yaml.safe_load(_composed(root)))
