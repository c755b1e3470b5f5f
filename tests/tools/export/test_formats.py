"""Other runtimes compute what Keras does."""

from pathlib import Path

import numpy as np
import pytest

from stages.runtime.config import InputError
from tests.models import small
from tests.tools.export.packages import scaled


@pytest.mark.slow
@pytest.mark.parametrize("architecture", small.ARCHITECTURES)
def test_onnx_runtime_computes_what_keras_does(tmp_path: Path, architecture: str) -> None:
    from stages.tools.export import formats
    from stages.tools.export.shipped.onnx_model import Model

    two = {"bidirectional": True} if architecture in small.RECURRENT else {}
    model = small.build(architecture, small.NINE if architecture == "flatten" else small.TEXT, **two)
    scaled(model, 4)
    formats.write(model, "onnx", tmp_path)
    texts = [row[:length] for row, length in zip(small.ids(5, 9), (9, 1, 4, 0, 7), strict=True)]
    pad = {"kind": "fixed", "length": 9, "side": "post", "truncate": "post"}
    batch = np.array([np.pad(text, (0, 9 - len(text))) for text in texts])
    theirs = Model(tmp_path, {"pad": pad}).logits(texts)
    np.testing.assert_allclose(theirs, small.run(model, batch), atol=1e-4)


@pytest.mark.slow
def test_the_other_runtimes_compute_what_keras_does(tmp_path: Path) -> None:
    import tensorflow as tf

    from stages.tools.export import formats

    model, ids = small.build("hashed_bag", small.NINE), small.ids(4, 9)
    expected = small.run(model, ids)
    formats.write(model, "saved-model", tmp_path)
    loaded = tf.saved_model.load(str(tmp_path / "saved-model"))
    np.testing.assert_allclose(loaded.serve(tf.constant(ids)).numpy(), expected, atol=1e-5)
    formats.write(model, "litert", tmp_path)
    np.testing.assert_allclose(interpreted(tmp_path / "model.tflite", ids), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", small.RECURRENT)
def test_litert_reads_one_text_after_another_with_a_recurrent_network(
    tmp_path: Path, architecture: str
) -> None:
    from stages.tools.export import formats

    model, ids = small.build(architecture, small.NINE, bidirectional=True), small.ids(3, 9)
    ids[1, 4:] = 0
    scaled(model, 4)
    formats.write(model, "litert", tmp_path)
    theirs = [interpreted(tmp_path / "model.tflite", row[None])[0] for row in ids]
    np.testing.assert_allclose(theirs, small.run(model, ids), atol=1e-5)


@pytest.mark.slow
def test_litert_has_no_loops_of_any_length(tmp_path: Path) -> None:
    from stages.tools.export import formats

    with pytest.raises(InputError, match=r"found litert for lstm.*pad: \{kind: fixed\}"):
        formats.write(small.build("lstm", small.TEXT), "litert", tmp_path)
    assert not [*tmp_path.iterdir()]


def interpreted(path: Path, ids: np.ndarray) -> np.ndarray:
    """The logits of ids, int32[texts, tokens], by LiteRT's built-in operations."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    [entry], [answer] = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(entry["index"], ids.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], ids)
    interpreter.invoke()
    logits: np.ndarray = interpreter.get_tensor(answer["index"])
    return logits
