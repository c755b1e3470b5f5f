"""An experiment on one's own texts, as a file of conf/: sizes follow from the data, recipes from the time."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stages.runtime.config import ROOT
from stages.runtime.wording import counted
from stages.study import composition
from stages.tokenizers import ngrams
from stages.tools.fit import memory

SHORT = 30  # words that half of the texts have no more of: then parts of words tell more than rare words
RARE = 5000  # texts: with fewer, n-grams that are in one of them count, too
SEEDS = 3
SEEDS_OF_FEW = 10  # their held-out tenths have two thirds of the texts, three seeds' a quarter
WHY_THREE, WHY_TEN = "means and standard deviations are shown", "each holds out another tenth of few texts"
WHY = {"duplicates": "the tenth held out is drawn by row: equal texts would be on both sides"}
Patch = dict[str, dict[str, Any]]
Offer = tuple[str, str, str, str]  # cell, corpus, model, training
TWEAK: dict[str, Patch] = {"bilstm": {"model": {"segment": None}}}
WHY_WHOLE = "texts are read whole, in arrays of several widths"
# of few texts, of which a network sees a few batches only; measured: test accuracy on 2,000 texts, trained on
# 450 of the headlines and of IMDB's reviews, ten seeds: NB-SVM's network 71.9 -> 72.7 and 78.5 -> 80.7 %, the
# bag 69.7 -> 74.4 and 58.4 -> 77.4 %, the BiLSTM 54.3 -> 71.9 and 51.2 -> 70.0 %
TWEAK_OF_FEW: dict[str, Patch] = {
    "nb-svm-network": {"training": {"batch_size": 16, "epochs": 5}},
    "hashed-bag": {"training": {"batch_size": 16, "epochs": 10}},
    "bilstm": {"training": {"batch_size": 16, "epochs": 6}},
}
WHY_SMALL = "of few texts, many small steps"
FEWEST, SMALLEST = 60, 4  # texts, of which less than 16 may be left to train on; texts of a batch then
# seconds that every stage costs beside its own, as OVERHEAD in stages/tools/spread/estimates.py; with those
# below, of 120 texts and ten seeds, 245 s of CPU time are guessed and 258 were measured, on two cores
STAGE = 3
LINEAR = 2 * (STAGE + 2)  # train and evaluate, which start in 2 s
NETWORK = 2 * (STAGE + 5)  # which load TensorFlow
CORPUS = 2 * (STAGE + 1)  # tokenize and pad
AROUND = 3 * (STAGE + 2)  # compose, download, compare
# of a recipe: seconds that its stages take to start, and for each seed those to build its network, which are
# measured, and those for a million words, roughly
SECONDS = {
    "majority": (LINEAR, 0, 0),
    "logistic": (LINEAR, 0, 1),
    "svm": (LINEAR, 0, 1),
    "nb-svm": (LINEAR, 0, 2),
    "characters": (LINEAR, 0, 6),
    "nb-svm-network": (NETWORK, 2, 4),
    "hashed-bag": (NETWORK, 5, 8),
    "bilstm": (NETWORK, 3, 25),
}
# and those for each label that is told from the rest, measured with 100 labels and 8,000 texts of 14 words
PER_LABEL = {"logistic": 1.0, "svm": 0.15, "nb-svm": 0.3, "characters": 1.2}
OWN_CELL = (NETWORK, 3, 8)  # of a recipe that a person has added
GROWTH = 1.25  # of each width of arrays over the one before: about a tenth of the places is padding


@dataclass(frozen=True)
class Texts:
    """lengths: of each text, in words; vocabulary, labels: how many different words and labels there are;
    least: by corpus of n-grams in how many texts one has to be, if not in as many as usual."""

    lengths: np.ndarray
    vocabulary: int
    labels: int = 2
    least: Mapping[str, int] = field(default_factory=dict)

    @property
    def usual(self) -> int:
        """In how many texts an n-gram has to be."""
        return usual_min_texts(len(self.lengths))


def usual_min_texts(texts: int) -> int:
    """In how many of so many texts an n-gram has to be, if there is memory for all of them."""
    return 1 if texts < RARE else 2


def place(experiment: str) -> Path:
    """The file of an experiment, whether it is there or not."""
    return composition.CONF / "experiments" / f"{experiment}.yaml"


def from_root(path: Path) -> str:
    """A path as a source's entry has it: from the root of the repository, if it is inside."""
    absolute = path.resolve()
    return str(absolute.relative_to(ROOT)) if absolute.is_relative_to(ROOT) else str(absolute)


def source_of(experiment: str, entries: dict[str, Any]) -> str:
    """The source of an experiment's first recipe. entries: params.yaml."""
    first = entries["comparisons"][experiment]["recipes"][0]
    source: str = entries["corpora"][entries["recipes"][first]["corpus"]]["source"]
    return source


@dataclass(frozen=True)
class Choice:
    """by: what ranks the recipes, as `--by` has it. why: in words."""

    by: str
    why: str


def written(
    name: str,
    title: str,
    source: dict[str, Any],
    texts: Texts,
    minutes: float,
    choice: Choice | None = None,
    few: bool = False,
) -> str:
    """The YAML of conf/experiments/<name>.yaml.

    source: its entry of `sources`. choice: None for accuracy. few: whether there are so few texts to train
    on that a tenth of them says little.
    """
    seeds = SEEDS_OF_FEW if few else SEEDS
    chosen = recipes(texts, minutes, seeds)
    corpora = {corpus for _, corpus, *_ in chosen}
    tweak = tweaks([cell for cell, *_ in chosen], few, len(texts.lengths) < FEWEST)
    lines = [
        f"# Made of {source['path']}, and yours now: edit it, then `python -m stages.tools.fit {name}`.",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        f"seeds: {seeds}   # trainings of each recipe: {WHY_TEN if few else WHY_THREE}",
        *([f"choose_by: {choice.by.replace('-', '_')}   # {choice.why}"] if choice else []),
        "vary:",
        "  model:",
        *(
            f"    {cell}: {{corpus: {name}-{corpus}, model: {model}, training: {training}}}"
            for cell, corpus, model, training in chosen
        ),
        *([f"    # {left_out}"] if (left_out := too_long(name, texts, minutes, few)) else []),
        *(["tweak:"] if tweak else []),
        *(f"  {cell}: {flow(patch)}   # {why}" for cell, (patch, why) in tweak.items()),
        f"baseline: {name}-logistic   # a dashed line in the figures",
        "",
        "# From here on: what only this experiment needs. Sizes follow from the texts.",
        "sources:",
        f"  {flow(name)}:",
        *(stated(key, value) for key, value in source.items()),
        "corpora:",
        *(f"  {name}-{corpus}: {flow(corpus_of(name, corpus, texts))}" for corpus in sorted(corpora)),
    ]
    return "\n".join(lines) + "\n"


def tweaks(cells: Sequence[str], few: bool, fewest: bool = False) -> dict[str, tuple[Patch, str]]:
    """By cell what is other than the models and trainings of conf/ have it, and why. few: as in `written`;
    fewest: whether what is trained on may be less than a batch of those."""
    tables = [(TWEAK, WHY_WHOLE), *([(TWEAK_OF_FEW, WHY_SMALL)] if few else [])]
    if fewest:
        smaller = {
            cell: {"training": patch["training"] | {"batch_size": SMALLEST}}
            for cell, patch in TWEAK_OF_FEW.items()
        }
        tables = [(TWEAK, WHY_WHOLE), (smaller, WHY_SMALL)]
    by_cell: dict[str, tuple[Patch, str]] = {}
    for cell in cells:
        patches = [(table[cell], why) for table, why in tables if cell in table]
        if patches:
            merged = {key: value for patch, _ in patches for key, value in patch.items()}
            by_cell[cell] = merged, "; ".join(why for _, why in patches)
    return by_cell


def stated(key: str, value: object) -> str:
    """A line of a source's entry."""
    return f"    {key}: {json.dumps(value, ensure_ascii=False)}" + (f"   # {WHY[key]}" if key in WHY else "")


def too_long(name: str, texts: Texts, minutes: float, few: bool) -> str | None:
    """A line on the recipes that there is no time for, how long they take, and how to have them."""
    seeds = SEEDS_OF_FEW if few else SEEDS
    kept = recipes(texts, minutes, seeds)
    left = [offer for offer in offered(texts) if offer not in kept]
    if not left:
        return None
    whole = taking([*kept, *left], texts, seeds) / 60
    needed = counted(max(1, round(whole - taking(kept, texts, seeds) / 60)), "minute")
    cells = ", ".join(cell for cell, *_ in left)
    return (
        f"left out to stay within --minutes {minutes:g} (about {needed} more): {cells}; to add "
        f"{'it' if len(left) == 1 else 'them'}, delete {from_root(place(name))}, then fit with --minutes "
        f"{math.ceil(whole)}"
    )


def millions(texts: Texts) -> float:
    """Of words."""
    return float(texts.lengths.sum()) / 1e6


def offered(texts: Texts) -> list[Offer]:
    """The quickest first."""
    short = float(np.median(texts.lengths)) <= SHORT
    return [
        ("majority", "words-2", "majority", "linear"),
        ("logistic", "words-2", "logistic", "linear"),
        ("svm", "words-2", "tfidf-svm", "linear"),
        ("nb-svm", "words-3", "nb-svm", "linear"),
        *([("characters", "characters", "tfidf-svm", "linear")] if short else []),
        ("nb-svm-network", "words-3", "nb-svm-network", "nb-svm"),
        ("hashed-bag", "words", "hashed-bag", "bag"),
        ("bilstm", "words", "bilstm-64-max", "segments"),
    ]


def recipes(texts: Texts, minutes: float, seeds: int = SEEDS) -> list[Offer]:
    """Those offered that there is time for, the quickest first."""
    kept: list[Offer] = []
    for offer in offered(texts):
        needed = taking([*kept, offer], texts, seeds) / 60
        if offer[0] in ("majority", "logistic") or needed <= minutes:
            kept.append(offer)
    return kept


def taking(offers: Sequence[Offer], texts: Texts, seeds: int) -> float:
    """Seconds of recipes, and of all that has to be made for them."""
    own = sum(seconds(cell, millions(texts), texts.labels, seeds) for cell, *_ in offers)
    return own + around([corpus for _, corpus, *_ in offers])


def around(corpora: Iterable[str]) -> float:
    """Seconds of the stages that are not a recipe's own. corpora: of all recipes, each once or often."""
    return AROUND + CORPUS * len({*corpora})


def seconds(cell: str, words: float, labels: int, seeds: int) -> float:
    """What a recipe takes, roughly. words: millions."""
    start, build, rate = SECONDS.get(cell, OWN_CELL)
    more = labels * PER_LABEL.get(cell, 0.0) if labels > 2 else 0.0
    return start + seeds * (build + words * (rate + more))


def corpus_of(name: str, corpus: str, texts: Texts) -> dict[str, Any]:
    """A corpus's entry: its tokenizer and the widths of its arrays."""
    longest = int(np.percentile(texts.lengths, 99.5)) + 1
    if corpus == "words":
        size = max(100, min(30_000, texts.vocabulary))
        tokenizer: dict[str, Any] = {"kind": "word", "vocabulary": size}
        widths = boundaries(texts.lengths, longest)
    else:
        tokenizer = ngrams_of(corpus, texts.least.get(corpus, texts.usual))
        many = tokenizer["words"] + (memory.LETTERS if "characters" in tokenizer else 0)  # n-grams of a word
        widths = boundaries(texts.lengths * many, longest * many)
    return {"source": name, "tokenizer": tokenizer, "pad": {"kind": "bucket", "boundaries": widths}}


def ngrams_of(corpus: str, min_texts: int) -> dict[str, Any]:
    """The entry of a tokenizer."""
    characters = corpus == "characters"
    order = 2 if characters else int(corpus[-1])
    tokenizer: dict[str, Any] = {
        "kind": "ngrams",
        "words": order,
        "min_texts": min_texts,
        "binary": order == 3,
    }
    return tokenizer | ({"characters": 6} if characters else {})


def with_room(sizes: Texts, texts: Sequence[str]) -> Texts:
    """The sizes, with as many texts for an n-gram as there is memory for the weights of all labels."""
    cells: dict[str, list[str]] = {}
    for cell, corpus, *_ in offered(sizes):
        if corpus != "words":
            cells.setdefault(corpus, []).append(cell)
    least = {}
    for corpus, of_it in cells.items():
        config = ngrams.Config(**ngrams_of(corpus, sizes.usual))
        least[corpus] = memory.min_texts(config, of_it, texts, int(sizes.lengths.sum()), sizes.labels)
    return replace(sizes, least=least)


def too_rare(name: str, texts: Texts, minutes: float, few: bool) -> str | None:
    """A line on the n-grams that there is no memory for; None if there is."""
    used = [corpus for _, corpus, *_ in recipes(texts, minutes, SEEDS_OF_FEW if few else SEEDS)]
    raised = {corpus: least for corpus in used if (least := texts.least.get(corpus, 0)) > texts.usual}
    if not raised:
        return None
    rare = ", ".join(f"{least} texts ({corpus})" for corpus, least in raised.items())
    return (
        f"n-grams in fewer than {rare} are left out, as the weights of {counted(texts.labels, 'label')} for "
        f"all would not fit into the memory, {memory.in_gb(memory.size())}: `min_texts` in "
        f"{from_root(place(name))}"
    )


def boundaries(lengths: np.ndarray, longest: int) -> list[int]:
    """Widths from that of the shortest tenth of the texts to the longest."""
    width = max(8, int(np.percentile(lengths, 10)))
    widths = [width]
    while widths[-1] < longest:
        widths.append(int(widths[-1] * GROWTH) + 1)
    return widths


def flow(entry: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(entry, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in entry.items()) + "}"
    if isinstance(entry, list):
        return "[" + ", ".join(map(flow, entry)) + "]"
    if isinstance(entry, str) and entry.replace("-", "").replace("_", "").isalnum():
        quoted_if_a_number: str = yaml.safe_dump(entry)
        return quoted_if_a_number.removesuffix("\n...\n").strip()
    return json.dumps(entry, ensure_ascii=False)
