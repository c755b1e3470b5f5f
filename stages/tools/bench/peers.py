"""What people would install: models of other projects, from raw texts to a model, on IMDB's reviews."""

import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.artifacts.split import Split, load_split
from stages.runtime.config import ROOT

Predict = Callable[[Split], np.ndarray]  # int[texts]
LABEL = "__label__"  # fastText's


def logistic(train: Split) -> Predict:
    """scikit-learn's TF-IDF of words and pairs, and its logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2)
    model = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=1000))
    model.fit(train.texts, train.labels)
    return lambda test: np.asarray(model.predict(test.texts))


def fasttext(train: Split) -> Predict:
    """fastText's supervised model (Joulin et al. 2017) with pairs of words, 10 numbers, 5 epochs."""
    import fasttext as library

    lines = [f"{LABEL}{label} {text}" for label, text in zip(train.labels, flat(train), strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        model = library.train_supervised(str(path), wordNgrams=2, dim=10, epoch=5, lr=0.5, thread=2)

    def predict(test: Split) -> np.ndarray:
        labels, _ = model.predict(flat(test))
        return np.array([int(label[0].removeprefix(LABEL)) for label in labels])

    return predict


def flat(split: Split) -> list[str]:
    """The texts, each in one line, lower-cased and with marks apart, as fastText's examples have them."""
    marks = str.maketrans({mark: f" {mark} " for mark in ".,!?()\"'"})
    return [" ".join(text.lower().replace("<br />", " ").translate(marks).split()) for text in split.texts]


PEERS: dict[str, tuple[str, Callable[[Split], Predict]]] = {
    "TF-IDF + logistic regression, scikit-learn": ("sklearn", logistic),
    "fastText": ("fasttext", fasttext),
}


def measured(name: str) -> dict[str, float | str] | None:
    """A peer's seconds from raw texts to a model, without those to import the library, as for recipes, and
    its accuracy; None if it is not installed."""
    library, fit = PEERS[name]
    if importlib.util.find_spec(library) is None:
        return None
    importlib.import_module(library)
    folder = ROOT / "data" / "sources" / "imdb"
    train, test = (load_split(folder / f"{split}.parquet") for split in ("train", "test"))
    began = time.perf_counter()
    predict = fit(train)
    seconds = time.perf_counter() - began
    accuracy = round(float((predict(test) == test.labels).mean()), 4)
    return {"seconds": round(seconds, 1), "accuracy": accuracy, "source": "imdb"}
