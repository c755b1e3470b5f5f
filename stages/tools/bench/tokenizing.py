"""Subwords fitted and encoded in this study's way, and by TFDS."""

import time
from typing import Any

from stages.runtime.config import ROOT
from stages.tokenizers import subwords8k
from stages.tools.bench.cases import SUBWORDS, Measured
from stages.tools.bench.texts import raw_texts


def fit_subwords8k(way: str, full: bool) -> Measured:
    """Fitting to the training split."""
    texts, config = raw_texts(["train"], full), subwords8k.Config(kind="subwords8k")
    encoder = None if way == "ours" else tfds_encoder()
    began = time.perf_counter()
    if encoder is None:
        subwords8k.fit(config, texts)
    else:
        encoder.build_from_corpus(texts, subwords8k.TARGET)
    return _tokenized(texts, full, time.perf_counter() - began)


def encode_subwords8k(way: str, full: bool) -> Measured:
    """Encoding both splits with a fitted tokenizer."""
    texts, fitted = raw_texts(["train", "test"], full), fitted_subwords8k(full)
    theirs = None if way == "ours" else tfds_encoder()(fitted.subwords)
    began = time.perf_counter()
    for _ in fitted.encode(texts) if theirs is None else map(theirs.encode, texts):
        pass
    return _tokenized(texts, full, time.perf_counter() - began)


def _tokenized(texts: list[str], full: bool, seconds: float) -> Measured:
    tokens = sum(map(len, fitted_subwords8k(full).encode(texts)))
    return Measured(tokens, seconds, tokens)


def fitted_subwords8k(full: bool) -> subwords8k.Subwords:
    if full:
        return subwords8k.load(ROOT / "data" / "tokens" / SUBWORDS)
    return subwords8k.fit(subwords8k.Config(kind="subwords8k"), raw_texts(["train"], full))


def tfds_encoder() -> Any:
    import tensorflow  # noqa: F401  (TFDS would import it while the clock runs)
    import tensorflow_datasets as tfds

    return tfds.deprecated.text.SubwordTextEncoder


TOKENIZING = {"fit subwords8k": fit_subwords8k, "encode with subwords8k": encode_subwords8k}
