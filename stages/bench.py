"""How fast this is beside the lessons' notebooks, on this machine: `python -m stages.bench [--full]`.

Each measurement is made in a process of its own, the baseline and ours in turn, on the same texts with
the same model, batch size and optimizer; medians are shown. Without --full the texts are made up, and
nothing is written; with it they are IMDB's, and the figures go to reports/bench.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from statistics import mean, median, stdev
from typing import Any

import numpy as np

from stages.lib import command, files, kinds
from stages.lib.arrays import Padded, Tokens, load_padded, load_split, load_tokens
from stages.lib.config import ROOT, InputError, params, read
from stages.lib.machine import peak_mib, processor
from stages.lib.padding import KINDS, Pad, pad
from stages.lib.sizes import Shape
from stages.lib.splits import stratified
from stages.lib.tables import markdown
from stages.tokenizers import subwords8k

REPORT = ROOT / "reports" / "bench.json"
SUBWORDS, WORDS = "imdb-subwords8k", "imdb-words"
VERBS = ["download", "tokenize", "pad", "train", "evaluate", "gather", "compare", "summary"]
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Case:
    """A model, trained on some texts of a corpus; `texts` and `rounds` are those of --full."""

    corpus: str
    batch: int
    texts: int
    sizes: dict[str, Any]
    epochs: int = 1
    rounds: int = 3
    baseline: str = "notebook"  # or another case


def _subwords(*units: int, **options: Any) -> Case:
    sizes = {"architecture": "lstm", "units": [*units], "bidirectional": True, "pooling": "last"}
    return Case(SUBWORDS, 64, sizes={**sizes, "embedding": 64, "dense": 64, "mask": True}, **options)


def _words(sizes: dict[str, Any], baseline: str = "notebook") -> Case:
    return Case(WORDS, 128, 25_000, {"embedding": 16, "dense": 6, "mask": False, **sizes}, baseline=baseline)


ONE: dict[str, Any] = {"units": [32], "bidirectional": False, "pooling": "last"}
TWO = ONE | {"bidirectional": True}
CONV = {"architecture": "conv1d", "filters": 128, "kernel": 5, "pooling": "mean"}
CASES = {
    "BiLSTM 64, subwords": _subwords(64, texts=4000),
    "BiLSTM 64, 32, subwords": _subwords(64, 32, texts=4000),
    "BiLSTM 32, words": _words(TWO | {"architecture": "lstm"}),
    "BiGRU 32, words": _words(TWO | {"architecture": "gru"}),
    "conv1d, words": _words(CONV),
    "LSTM 32, words": _words(ONE | {"architecture": "lstm"}),
    "peephole LSTM 32, words, beside our LSTM": _words(
        ONE | {"architecture": "peephole_lstm"}, baseline="LSTM 32, words"
    ),
    "BiLSTM 64, subwords, four times the texts": _subwords(
        64, texts=25_000, rounds=1, baseline="BiLSTM 64, subwords, a quarter"
    ),
}
QUARTER = {"BiLSTM 64, subwords, a quarter": _subwords(64, texts=6250)}
POOLED = {"architecture": "pooled", "embedding": 64, "dense": 64, "pooling": "mean", "mask": True}
ACCURACY = Case(SUBWORDS, 64, 25_000, POOLED, epochs=3)


@dataclass(frozen=True)
class Measured:
    """What a process found: tokens without padding, array places with it, seconds, MiB at most."""

    tokens: int
    seconds: float
    places: int
    peak_mib: int = 0


# --- training -----------------------------------------------------------------------------------------


def train_ours(case: Case, full: bool) -> Measured:
    """`fit` as stages/lib/fitting.py calls it."""
    from stages.lib.backend import keras, threads
    from stages.lib.batches import Batches, feed
    from stages.lib.fitting import STEPS

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
        some, whole = (pad(texts, padding(case.corpus)) for texts in (few, tokens))
        model.fit(some.ids[0], some.labels, batch_size=case.batch, verbose=0)
        data = {"x": whole.ids[0], "y": whole.labels, "batch_size": case.batch}
        places, real = whole.ids[0].size, whole.tokens
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
    from stages.lib.backend import keras
    from stages.lib.batches import Batches, feed
    from stages.lib.inference import logits

    tokens, whole = tokens_of(ACCURACY, full), padded_of(ACCURACY, full)
    held = stratified(whole.labels, 0.1, seed)
    keras.utils.set_random_seed(seed)
    model = our_model(ACCURACY, tokens.vocabulary)
    _compile(keras, model)
    batches = Batches(whole.take(~held), ACCURACY.batch, seed)
    data = feed(batches) if way == "ours" else shuffled(subset(tokens, ~held), ACCURACY.batch, seed)
    model.fit(data, epochs=ACCURACY.epochs, callbacks=[batches.shuffling], shuffle=False, verbose=0)
    right = (logits(model, whole)[:, 0] > 0) == whole.labels
    return float(right[held].mean())


# --- tokenizing ---------------------------------------------------------------------------------------


def fit_subwords8k(way: str, full: bool) -> Measured:
    """Fitting to the training split."""
    texts, own = raw_texts(["train"], full), subwords8k.Config(kind="subwords8k")
    encoder = None if way == "ours" else tfds_encoder()
    began = time.perf_counter()
    if encoder is None:
        subwords8k.fit(own, texts)
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


# --- texts --------------------------------------------------------------------------------------------


def padding(corpus: str) -> Pad:
    entry = params()["corpora"][corpus]["pad"]
    return read(KINDS[entry["kind"]], entry, f"corpora.{corpus}.pad")


def warming_up(case: Case) -> Case:
    """The texts that a model has seen before the clock starts: its graph is traced, its memory there."""
    return replace(case, texts=1250)


def padded_of(case: Case, full: bool) -> Padded:
    if not full:
        return pad(tokens_of(case, full), padding(case.corpus))
    whole = load_padded(ROOT / "data" / "padded" / case.corpus / "train.npz")
    return whole.take(_chosen(case, len(whole.labels)))


def tokens_of(case: Case, full: bool) -> Tokens:
    if not full:
        return made_up(case.texts // 5)
    whole = load_tokens(ROOT / "data" / "tokens" / case.corpus / "train.npz")
    return subset(whole, _chosen(case, len(whole.labels)))


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
        labels=random.integers(0, 2, count, dtype=np.int8),
        names=np.array(["negative", "positive"]),
        vocabulary=10_000,
    )


def raw_texts(splits: list[str], full: bool) -> list[str]:
    """IMDB's reviews, or the demo's texts."""
    if full:
        tables = (load_split(ROOT / "data" / "sources" / "imdb" / f"{split}.parquet") for split in splits)
        return [text for table in tables for text in table.texts]
    from stages.sources import demo

    found = demo.load(read(demo.Source, params()["sources"]["demo"], "sources.demo"))
    return [text for split in splits for text in found[split].texts]


# --- running and showing it ---------------------------------------------------------------------------


def one(name: str, way: str, full: bool) -> Measured:
    """A measurement in this process; `way` is "ours" or "baseline"."""
    if name in TOKENIZING:
        found = TOKENIZING[name](way, full)
    else:
        case = CASES[name]
        if way == "baseline" and case.baseline != "notebook":
            case, way = (CASES | QUARTER)[case.baseline], "ours"
        found = (train_ours if way == "ours" else train_notebook)(case, full)
    return replace(found, peak_mib=peak_mib())


def compared(name: str, full: bool) -> dict[str, float]:
    """A row of the report: medians of some processes for each way, taking turns."""
    found: dict[str, list[Measured]] = {"ours": [], "baseline": []}
    rounds = CASES[name].rounds if name in CASES else 1
    for _ in range(rounds if full else 1):
        for way, measured in found.items():
            measured.append(Measured(**in_process("--one", name, way, full=full)))
    speeds = {way: median(each.tokens / each.seconds for each in all_) for way, all_ in found.items()}
    row: dict[str, float] = {way: round(speed) for way, speed in speeds.items()}
    row["ratio"] = round(speeds["ours"] / speeds["baseline"], 2)
    for way, suffix in (("ours", ""), ("baseline", "_baseline")):
        row[f"peak_mib{suffix}"] = max(each.peak_mib for each in found[way])
        row[f"padding{suffix}"] = round(median(each.places / each.tokens for each in found[way]), 3)
    return row


def in_process(*arguments: str, full: bool) -> Any:
    """What this module prints in a process of its own: threads and memory are set where it starts."""
    line = [sys.executable, "-m", "stages.bench", *arguments, *(["--full"] if full else [])]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["killed"])[-1]
        raise InputError(f"bench {' '.join(arguments)} failed: {why}")
    return json.loads(done.stdout.splitlines()[-1])


def accuracies() -> dict[str, float]:
    """Held-out accuracies over the seeds: mean and standard deviation."""
    row: dict[str, float] = {}
    for way, suffix in (("ours", ""), ("baseline", "_baseline")):
        found = [in_process("--accuracy", way, str(seed), full=True) for seed in SEEDS]
        row |= {f"accuracy{suffix}": round(mean(found), 4), f"deviation{suffix}": round(stdev(found), 4)}
    return row


def waits(line: list[str]) -> dict[str, float]:
    """How long a command takes: the median of three runs, in seconds."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(line, cwd=ROOT, capture_output=True, check=False)
        taken.append(time.perf_counter() - began)
    return {"seconds": round(median(taken), 2)}


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    if options.one:
        name, way = options.one
        print(json.dumps(asdict(one(name, way, options.full))))
        return
    if options.accuracy:
        print(held_out_accuracy(options.accuracy[0], int(options.accuracy[1]), options.full))
        return
    report: dict[str, Any] = {}
    for name in [*CASES, *TOKENIZING]:
        report[name] = compared(name, options.full)
        print(f"{name}: {report[name]['ratio']} times the baseline", flush=True)
    if options.full:  # made-up labels can't be learnt
        report["batches"] = accuracies()
    for verb in VERBS:  # until a name that is not there has been refused
        report[f"start of {verb}"] = waits([sys.executable, "-m", f"stages.{verb}", "?"])
    status = subprocess.run(["dvc", "status"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "up to date" in status.stdout:
        for verb in ("repro", "status"):
            report[f"dvc {verb}, nothing to do"] = waits(["dvc", verb])
    print(f"\n{machine()}\n\n{speeds(report)}\n{the_rest(report)}")
    if options.full:
        files.write_json(REPORT, report | {"machine": {"name": machine()}})


def machine() -> str:
    return f"{os.cpu_count()} cores, {processor()}"


def speeds(report: dict[str, Any]) -> str:
    """The rows with speeds, as README.md shows them."""
    header = ["", "baseline, tokens/s", "here, tokens/s", "ratio", "padding", "memory, MiB"]
    rows = [
        [
            name,
            f"{row['baseline']:,}",
            f"{row['ours']:,}",
            f"**{row['ratio']:.1f}**",
            f"{row['padding_baseline']:.2f}, {row['padding']:.2f}",
            f"{row['peak_mib_baseline']:,}, {row['peak_mib']:,}",
        ]
        for name, row in report.items()
        if "ratio" in row
    ]
    return markdown(header, rows)


def the_rest(report: dict[str, Any]) -> str:
    """Accuracies and waiting times, as README.md shows them."""
    found = report.get("batches")
    rows = [
        [f"held-out accuracy, {of}", f"{found[f'accuracy{s}']:.1%} ± {found[f'deviation{s}']:.1%}"]
        for of, s in (("the notebooks' batches", "_baseline"), ("ours", ""))
        if found
    ]
    rows += [[name, f"{row['seconds']:.1f} s"] for name, row in report.items() if "seconds" in row]
    return markdown(["", "measured"], rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.bench", description="Speed beside the notebooks.")
    parser.add_argument("--full", action="store_true", help="on IMDB, and write reports/bench.json")
    hidden: dict[str, Any] = {"nargs": 2, "help": argparse.SUPPRESS}
    parser.add_argument("--one", **hidden)
    parser.add_argument("--accuracy", **hidden)
    return parser


if __name__ == "__main__":
    command.guard(lambda: main(sys.argv[1:]))
