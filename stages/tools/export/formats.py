"""A network as a file that other runtimes read, by Keras's own exporters."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.network.sizes import Recurrent
from stages.runtime import kinds
from stages.runtime.config import InputError
from stages.runtime.quiet import quiet

FILES = {"onnx": "model.onnx", "saved-model": "saved-model", "litert": "model.tflite"}
KERAS = {"onnx": "onnx", "saved-model": "tf_saved_model", "litert": "litert"}  # what Keras calls them


def write(model: Any, kind: str, folder: Path) -> None:
    """Write a trained network into the folder, as `FILES` says: int32[texts, tokens] -> float32 logits.

    LiteRT's loops have a length that is known beforehand: a recurrent network is written for one text at a
    time, int32[1, tokens], and refused if its corpus has no fixed length.
    """
    from stages.network import recurrent
    from stages.network.backend import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(f"KERAS_BACKEND: found {keras.backend.backend()}, allowed: tensorflow, to export")
    length, options = model.input_shape[1], {}
    if kind == "litert" and issubclass(kinds.module("models", model.name).Sizes, Recurrent):
        if length is None:
            raise InputError(
                f"--as: found litert for {model.name}, a loop over texts of any length, allowed: onnx, "
                "saved-model, package; or give its corpus `pad: {kind: fixed}`"
            )
        options["input_signature"] = [keras.InputSpec(shape=(1, length), dtype="int32")]
    copy = recurrent.stock(model)
    copy(np.zeros((1, length or 1), np.int32))  # Keras exports none that was never called
    with quiet():
        copy.export(folder / FILES[kind], format=KERAS[kind], verbose=False, **options)
