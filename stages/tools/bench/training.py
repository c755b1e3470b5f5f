"""A model trained in this study's way, and in the notebooks'."""

import time
from typing import Any

import numpy as np

from stages.artifacts.padding import pad
from stages.artifacts.tokens import Tokens
from stages.artifacts.validation import stratified
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import read
from stages.tools.bench.cases import ACCURACY, SUBWORDS, Case, Measured
from stages.tools.bench.texts import padded_of, padding, subset, tokens_of, warming_up


def train_ours(case: Case, full: bool) -> Measured:
    """`fit` as stages/network/fitting.py calls it."""
    from stages.network.backend import keras, threads
    from stages.network.batches import Batches, feed
    from stages.network.fitting import STEPS

    threads(kinds.module("models", case.sizes["architecture"]).Sizes.threads)
    keras.utils.set_random_seed(1)
    few, padded = padded_of(warming_up(case), full), padded_of(case, full)
    model = our_model(case, padded.vocabulary)
    _compile(keras, model, steps_per_execution=STEPS)
    model.fit(feed(Batches(few, case.batch)), shuffle=False, verbose=0)
    batches = Batches(padded, case.batch)
    began = time.perf_counter()
    model.fit(feed(batches), epochs=case.epochs, callbacks=[batches.shuffling], shuffle=False, verbose=0)
    seconds = (time.perf_counter() - began) / case.epochs
    places = sum(ids[lines].size for ids, lines in zip(padded.ids, padded.lines, strict=True))
    return Measured(padded.tokens, seconds, places)


def train_notebook(case: Case, full: bool) -> Measured:
    """`fit` as the lessons call it: on shuffled batches padded to their longest text, or on one array."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    few, tokens = tokens_of(warming_up(case), full), tokens_of(case, full)
    model = notebook_model(keras, case, tokens.vocabulary)
    _compile(keras, model)
    data: dict[str, Any]
    if case.corpus == SUBWORDS:
        model.fit(shuffled(few, case.batch, seed=1), verbose=0)
        data = {"x": shuffled(tokens, case.batch, seed=1)}
        places = sum(int(tf.size(ids)) for ids, _ in data["x"])  # fills its cache, too
        real = len(tokens.ids)
    else:
        few_padded, padded = (pad(texts, padding(case.corpus)) for texts in (few, tokens))
        model.fit(few_padded.ids[0], few_padded.labels, batch_size=case.batch, verbose=0)
        data = {"x": padded.ids[0], "y": padded.labels, "batch_size": case.batch}
        places, real = padded.ids[0].size, padded.tokens
    began = time.perf_counter()
    model.fit(**data, epochs=case.epochs, verbose=0)
    return Measured(real, (time.perf_counter() - began) / case.epochs, places)


def shuffled(tokens: Tokens, batch: int, seed: int) -> Any:
    """The notebooks' batches: `shuffle(10000).padded_batch(64)`."""
    import tensorflow as tf

    texts = np.split(tokens.ids.astype(np.int64), tokens.offsets[1:-1])
    data = tf.data.Dataset.from_generator(
        lambda: zip(texts, tokens.labels.astype(np.int64), strict=True),
        output_signature=(tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)),
    )
    return data.cache().shuffle(10_000, seed=seed).padded_batch(batch)


def our_model(case: Case, vocabulary: int) -> Any:
    architecture = kinds.module("models", case.sizes["architecture"])
    length = getattr(padding(case.corpus), "length", None)
    sizes = read(architecture.Sizes, case.sizes, "models.bench")
    return architecture.build(sizes, Shape(vocabulary, length, classes=2))


def notebook_model(keras: Any, case: Case, vocabulary: int) -> Any:
    """The case's model as a notebook writes it: without a mask, which would slow it down."""
    sizes, layers = case.sizes, keras.layers
    if sizes["architecture"] == "conv1d":
        convolution = layers.Conv1D(sizes["filters"], sizes["kernel"], activation="relu")
        middle = [convolution, layers.GlobalAveragePooling1D()]
    else:
        kind, last = getattr(layers, sizes["architecture"].upper()), len(sizes["units"])
        middle = [kind(units, return_sequences=depth < last) for depth, units in enumerate(sizes["units"], 1)]
        middle = [layers.Bidirectional(layer) if sizes["bidirectional"] else layer for layer in middle]
    embedding = layers.Embedding(vocabulary, sizes["embedding"])
    dense = layers.Dense(sizes["dense"], activation="relu")
    return keras.Sequential([embedding, *middle, dense, layers.Dense(1)])


def _compile(keras: Any, model: Any, **options: Any) -> None:
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    model.compile("adam", loss=loss, metrics=[accuracy], **options)


def held_out_accuracy(way: str, seed: int, full: bool) -> float:
    """Of a pooled model, trained on our batches or the notebooks', on a tenth of the training split."""
    from stages.evaluation.inference import logits
    from stages.network.backend import keras
    from stages.network.batches import Batches, feed

    tokens, padded = tokens_of(ACCURACY, full), padded_of(ACCURACY, full)
    held = stratified(padded.labels, 0.1, seed)
    keras.utils.set_random_seed(seed)
    model = our_model(ACCURACY, tokens.vocabulary)
    _compile(keras, model)
    batches = Batches(padded.take(~held), ACCURACY.batch, seed)
    data = feed(batches) if way == "ours" else shuffled(subset(tokens, ~held), ACCURACY.batch, seed)
    model.fit(data, epochs=ACCURACY.epochs, callbacks=[batches.shuffling], shuffle=False, verbose=0)
    right = (logits(model, padded)[:, 0] > 0) == padded.labels
    return float(right[held].mean())
