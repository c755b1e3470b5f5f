"""A network on ids in their order, or on n-grams, with ONNX Runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

BATCH = 256  # texts


class Model:
    """facts: what facts.json says; `pad` tells how texts are brought to one width."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._pad = facts["pad"]
        path = str(folder / "model.onnx")
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def logits(self, coded: Sequence[np.ndarray]) -> np.ndarray:
        """float64[texts, outputs]. coded: the ids of each text, int32[tokens]."""
        widths = self._widths(np.array([len(ids) for ids in coded]))
        order = np.argsort(widths, kind="stable")
        edges = np.flatnonzero(np.diff(widths[order], prepend=-1))
        parts = []
        for rows in np.split(order, edges[1:]):
            for start in range(0, len(rows), BATCH):
                batch = [
                    self._fitted(coded[row], int(widths[rows[0]])) for row in rows[start : start + BATCH]
                ]
                parts.append(self._session.run(None, {self._input: np.stack(batch)})[0])
        logits: np.ndarray = np.concatenate(parts)[np.argsort(order)].astype(np.float64)
        return logits

    def _widths(self, lengths: np.ndarray) -> np.ndarray:
        """What each text is padded to: int64[texts]. One that is longer than all boundaries keeps its length,
        as a network without a mask reads padding, too, which the texts beside it should not decide on."""
        if self._pad["kind"] == "fixed":
            return np.full(len(lengths), self._pad["length"])
        boundaries = np.array(self._pad["boundaries"])
        nearest = np.minimum(np.searchsorted(boundaries, lengths), len(boundaries) - 1)
        widths: np.ndarray = np.maximum(boundaries[nearest], lengths)
        return widths

    def _fitted(self, ids: np.ndarray, width: int) -> np.ndarray:
        """A text's ids cut or padded with zeros: int32[width]."""
        kept = ids[-width:] if self._pad.get("truncate") == "pre" else ids[:width]
        missing = width - len(kept)
        return np.pad(kept, (missing, 0) if self._pad.get("side") == "pre" else (0, missing))
