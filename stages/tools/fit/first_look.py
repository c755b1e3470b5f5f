"""What scikit-learn alone makes of the training split, before the pipeline has started."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np

from stages import download
from stages.artifacts.split import Split
from stages.runtime import kinds
from stages.runtime.config import read
from stages.tools.fit import folds
from stages.tools.report import ranking

MOST = 20_000  # texts; more of them take minutes
MANY = 500  # labels; with more, measured with 100 labels and 8,000 texts, logistic regression takes minutes
SEED = 0  # of their draw, and of the fifth that is held out
HARDLY = 0.1  # of what the majority gets wrong
OWN = "files"  # the kind of sources that are read in no time; others have to be prepared


def training_split(source: str, entry: dict[str, Any]) -> Split | None:
    """The rows that the source will put into its training split, by its own code; None unless it is a file or
    a folder of the user's. entry: that of `sources`.

    Raises InputError for what the stage `download` would refuse.
    """
    if entry["kind"] != OWN:
        return None
    kind = kinds.module("sources", OWN)
    stated = read(kind.Source, entry, f"sources.{source}")
    loaded = kind.load(stated)
    download.verify(source, loaded, entry)
    splits, _ = download.without_duplicates(source, loaded, stated.duplicates)
    return splits["train"]


def sheet(train: Split, doubt: str | None = None) -> Iterator[str]:
    """Lines that say how good baselines are, each as soon as it is known.

    doubt: what to ask a person if they are hardly better than the majority.
    """
    yield ""
    few = len(train.texts) < ranking.FEW
    accuracies = yield from (folds.sheet(train) if few else _held_out(train))
    if doubt and accuracies and hardly_better(accuracies):
        yield f"Hardly better than always saying the most frequent label: {doubt}."
    yield "That was a first look. What follows is trained by the pipeline, and ranked by what it holds out."


def hardly_better(accuracies: Mapping[str, float]) -> bool:
    """Whether the best model gets nearly all wrong that the majority gets wrong. accuracies: by model."""
    majority, best = accuracies[folds.MAJORITY], max(accuracies.values())
    return best - majority < HARDLY * (1 - majority)


def _held_out(train: Split) -> Generator[str, None, dict[str, float]]:
    """The lines of one held-out fifth, of at most so many texts; the accuracy of each model."""
    count, whole = len(train.texts), None
    if count > MOST:
        whole = train
        drawn = np.random.default_rng(SEED).permutation(count)[:MOST]
        train = train.take(np.sort(drawn))
    enough = folds.frequent(train.texts, train.labels)
    yield from folds.left_out(train, enough, whole)
    rows = train.take(enough)
    if (labels := len(set(rows.labels.tolist()))) < 2:
        return {}
    if labels > MANY:
        yield f"With {labels:,} labels nothing is measured here: it would take minutes."
        return {}
    held = folds.drawn(rows.texts, rows.labels, SEED) == 0
    of = f"of {len(rows.texts):,} texts"
    if count > MOST:
        of += f" drawn from {count:,}"
    yield (
        f"A first look, by scikit-learn: trained on four fifths {of} of the training split, measured on the "
        f"fifth ({int(held.sum()):,}); the test split is not touched."
    )
    return (yield from measured(rows.take(~held), rows.take(held)))


def measured(train: Split, held: Split) -> Generator[str, None, dict[str, float]]:
    """A line for each model with its accuracy and macro-F1 on `held`, the quickest first; the accuracies."""
    from sklearn.dummy import DummyClassifier
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.svm import LinearSVC
    from threadpoolctl import threadpool_limits

    weigher = folds.vectorizer(len(train.texts), len(np.unique(train.labels)))
    weighed, answered = weigher.fit_transform(train.texts), weigher.transform(held.texts)
    models = {
        folds.MAJORITY: DummyClassifier(strategy="prior"),
        "TF-IDF + linear SVM": LinearSVC(random_state=SEED),
        "TF-IDF + logistic regression": folds.classifier(),
    }
    width, accuracies = max(map(len, models)), dict[str, float]()
    for name, model in models.items():
        with threadpool_limits(1):
            answers = model.fit(weighed, train.labels).predict(answered)
        accuracy = accuracies[name] = float(accuracy_score(held.labels, answers))
        f1 = f1_score(held.labels, answers, average="macro", zero_division=0)
        uncertain = ranking.half_width(accuracy, len(held.texts))
        yield (
            f"  {name:{width}}  accuracy {100 * accuracy:5.1f} % ± {100 * uncertain:.1f} (95 %), "
            f"macro-F1 {f1:.3f}"
        )
    return accuracies
