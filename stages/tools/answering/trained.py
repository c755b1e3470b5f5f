"""The files of a trained recipe."""

import json
from collections.abc import Iterator
from typing import Any

from stages.artifacts import provenance
from stages.artifacts.storage import refusing
from stages.evaluation.inference import each
from stages.runtime.config import ROOT


def opened(name: str) -> tuple[dict[str, Any], dict[str, Any], Iterator[Any]]:
    """Of a trained recipe what training.json says, the certificate, once its files are verified, and the
    models of its seeds, loaded one by one."""
    folder = ROOT / "data" / "models" / name
    origin = provenance.verified(folder)
    with refusing(folder / "training.json"):
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return facts, origin, each(folder, facts)
