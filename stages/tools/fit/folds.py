"""Folds that have equal texts on one side, and how good TF-IDF with logistic regression is on them, by
scikit-learn, where there are few texts.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from stages.artifacts.split import Split
from stages.tokenizers import ngrams
from stages.tools.fit import memory
from stages.tools.fit.experiment import usual_min_texts
from stages.tools.report.ranking import half_width

FOLDS = 5
DRAWS = 5  # of the folds
MAJORITY = "majority"  # the model that always says the most frequent label
MOST = (
    1 << 20
)  # n-grams, the most frequent, so that there is room for their weights however many texts there are


def vectorizer(texts: int, labels: int) -> Any:
    """TF-IDF of words, marks and pairs of them, as recipes `logistic` have it. texts, labels: how many there
    are."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        tokenizer=ngrams.split,
        token_pattern=None,
        lowercase=False,  # split does it
        ngram_range=(1, 2),
        min_df=usual_min_texts(texts),
        max_features=max(1, min(MOST, memory.most(labels))),
        dtype=np.float32,
    )


def classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, max_iter=1000)


def first_rows(texts: Sequence[str]) -> np.ndarray:
    """The first row that has the text of each row: int64[texts]."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, row) for row, text in enumerate(texts)], dtype=np.int64)


def frequent(texts: Sequence[str], labels: np.ndarray) -> np.ndarray:
    """Whether there is a text of a row's label for each fold: bool[texts]. A text with several labels counts
    for that of its first row.

    labels: int[texts].
    """
    counts = np.bincount(labels[np.unique(first_rows(texts))], minlength=labels.max() + 1)
    enough: np.ndarray = counts[labels] >= FOLDS
    return enough


def drawn(texts: Sequence[str], labels: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each text, int64[texts]: as many of each label in every fold, equal texts in the same.

    labels: int[texts], frequent ones.
    """
    from sklearn.model_selection import StratifiedKFold

    first = first_rows(texts)
    rows = np.unique(first)
    fold = np.zeros(len(texts), dtype=np.int64)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, labels[rows])
    for number, (_, held) in enumerate(parts):
        fold[rows[held]] = number
    of_each: np.ndarray = fold[first]
    return of_each


def scores(texts: Sequence[str], labels: np.ndarray) -> dict[str, np.ndarray]:
    """By the name of a model accuracy and macro-F1 of all texts, each answered by one that was not trained on
    it, for each draw of the folds: float64[draws, 2].

    labels: int[texts], frequent ones.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits

    models = {
        MAJORITY: DummyClassifier(strategy="prior"),
        "TF-IDF + logistic regression": make_pipeline(
            vectorizer(len(texts), len(np.unique(labels))), classifier()
        ),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for seed in range(DRAWS):
        folds = PredefinedSplit(drawn(texts, labels, seed))
        for name, model in models.items():
            with threadpool_limits(1):
                answers = cross_val_predict(model, np.array(texts, dtype=object), labels, cv=folds)
            f1 = f1_score(labels, answers, average="macro", zero_division=0)
            measured[name].append((accuracy_score(labels, answers), f1))
    return {name: np.array(pairs) for name, pairs in measured.items()}


def sheet(train: Split) -> Generator[str, None, dict[str, float]]:
    """Lines that say how good baselines are, as far as so few texts can tell; the accuracy of each."""
    enough = frequent(train.texts, train.labels)
    rows = train.take(enough)
    yield from left_out(train, enough)
    if len(set(rows.labels.tolist())) < 2:
        return {}
    texts = len(rows.texts)
    yield (
        f"Cross-validated by scikit-learn on the training split alone ({texts:,} texts, {FOLDS} folds drawn "
        f"{DRAWS} times; ± is over the draws):"
    )
    accuracies = {}
    for name, measured in scores(rows.texts, rows.labels).items():
        (accuracy, f1), (spread, f1_spread) = measured.mean(axis=0), measured.std(axis=0, ddof=1)
        yield (
            f"  {name}: accuracy {100 * accuracy:.1f} ± {100 * spread:.1f} %, macro-F1 {f1:.3f} ± "
            f"{f1_spread:.3f}; with other texts the accuracy is uncertain by "
            f"± {100 * half_width(accuracy, texts):.0f} points (95 %)"
        )
        accuracies[name] = float(accuracy)
    return accuracies


def left_out(train: Split, enough: np.ndarray, whole: Split | None = None) -> Iterator[str]:
    """A line that names the labels that are not measured, if there are some. enough: as from `frequent`.
    whole: what `train` was drawn from."""
    every = train.labels if whole is None else whole.labels
    if rare := sorted({*every.tolist()} - {*train.labels[enough].tolist()}):
        names = ", ".join(repr(train.names[label]) for label in rare)[:200]
        drawn = "" if whole is None else f"of the {len(train.texts):,} drawn "
        yield f"Fewer than {FOLDS} different texts {drawn}are labelled {names}: not measured here."
