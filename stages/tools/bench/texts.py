"""The texts that are measured on: IMDB's with --full, else made up."""

from dataclasses import replace

import numpy as np

from stages.artifacts.padded import Padded, load_padded
from stages.artifacts.padding import KINDS, Pad, pad
from stages.artifacts.split import load_split
from stages.artifacts.tokens import Tokens, load_tokens
from stages.runtime.config import ROOT, read
from stages.study.params import params
from stages.tools.bench.cases import Case


def padding(corpus: str) -> Pad:
    entry = params()["corpora"][corpus]["pad"]
    return read(KINDS[entry["kind"]], entry, f"corpora.{corpus}.pad")


def warming_up(case: Case) -> Case:
    """The texts that a model has seen before the clock starts: its graph is traced, its memory there."""
    return replace(case, texts=1250)


def padded_of(case: Case, full: bool) -> Padded:
    if not full:
        return pad(tokens_of(case, full), padding(case.corpus))
    split = load_padded(ROOT / "data" / "padded" / case.corpus / "train")
    return split.take(_chosen(case, len(split.labels)))


def tokens_of(case: Case, full: bool) -> Tokens:
    if not full:
        return made_up(case.texts // 5)
    tokens = load_tokens(ROOT / "data" / "tokens" / case.corpus / "train.npz")
    return subset(tokens, _chosen(case, len(tokens.labels)))


def _chosen(case: Case, texts: int) -> np.ndarray:
    chosen: np.ndarray = np.random.default_rng(0).permutation(texts) < case.texts
    return chosen


def subset(tokens: Tokens, keep: np.ndarray) -> Tokens:
    """The texts where `keep`, bool[texts], is true."""
    ids = tokens.ids[np.repeat(keep, tokens.lengths)]
    offsets = np.concatenate([[0], np.cumsum(tokens.lengths[keep])])
    return replace(tokens, ids=ids, offsets=offsets, labels=tokens.labels[keep])


def made_up(count: int) -> Tokens:
    """Random ids in texts as long as IMDB's reviews in subwords (median 253, mean 344, at most 3,944)."""
    random = np.random.default_rng(0)
    lengths = np.clip(np.exp(random.normal(np.log(253), 0.78, count)).astype(int), 10, 3944)
    return Tokens(
        ids=random.integers(1, 8185, lengths.sum(), dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=random.integers(0, 2, count, dtype=np.int16),
        names=np.array(["negative", "positive"]),
        vocabulary=10_000,
    )


def raw_texts(splits: list[str], full: bool) -> list[str]:
    """IMDB's reviews, or the demo's texts."""
    if full:
        tables = (load_split(ROOT / "data" / "sources" / "imdb" / f"{split}.parquet") for split in splits)
        return [text for table in tables for text in table.texts]
    from stages.sources import demo

    loaded = demo.load(read(demo.Source, params()["sources"]["demo"], "sources.demo"))
    return [text for split in splits for text in loaded[split].texts]
