"""What linear models on n-grams say together of texts that they were not trained on.

Up to three judges. Two are logistic regression on TF-IDF; where texts are short also of their edges and of
n-grams of characters, which tell more than rare words do. The second one's features are weighed by how well
they tell each label from the rest, as those of NB-SVM are (Wang & Manning 2012); of many labels it is not
asked. The third one is naive Bayes, which is asked where labels are predicted better with it. All that is
chosen, penalties and how many doubtful labels are not trained on, is chosen by how well labels are predicted
as they are given, wrong ones among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import softmax

from stages.runtime.config import InputError
from stages.tokenizers import ngrams
from stages.tools.fit import memory
from stages.tools.fit.experiment import SHORT, usual_min_texts
from stages.tools.fit.folds import MOST
from stages.trainers.linear import UNKNOWN, inverse_frequencies, log_ratios, scaled

CHARACTERS = 6  # the most in an n-gram of characters
PENALTIES = (1.0, 3.0, 10.0)  # inverses of their weights
SMOOTHING = 1.0  # of the ratios and of naive Bayes, in texts
LEFT_OUT = (0.02, 0.04)  # of the texts, from the second training
MANY = 20  # labels: with more the second judge, who tells each from the rest, would take too long


@dataclass(frozen=True)
class Weighed:
    """The texts' n-grams: how often each is in a text, and TF-IDF, each sparse [texts, n-grams]; the first
    `words` of them are of words, the others of characters."""

    counts: sparse.csr_matrix
    tfidf: sparse.csr_matrix
    words: int

    def take(self, rows: np.ndarray) -> "Weighed":
        """rows: bool[texts]."""
        return Weighed(self.counts[rows], self.tfidf[rows], self.words)


Judge = Callable[[Weighed, np.ndarray, Weighed, float], np.ndarray]


def features(texts: Sequence[str], labels: int = 2) -> Weighed:
    """No text's label goes into them, so they may be computed before the folds are drawn. labels: how many
    there are, for whose weights there has to be room."""
    short = float(np.median([len(text.split()) for text in texts])) <= SHORT
    config = ngrams.Config(
        kind="ngrams",
        words=3,
        characters=CHARACTERS if short else 0,
        min_texts=usual_min_texts(len(texts)),
        binary=False,
        edges=short,
    )
    tokenizer = ngrams.fit(config, texts)
    counts, parts = frequent(
        counted([*tokenizer.encode(texts)], tokenizer.vocabulary),
        tokenizer.parts,
        min(MOST, memory.most(labels)),
    )
    if not counts.nnz:
        raise InputError("found texts without a word in common, allowed: texts of words")
    scale = inverse_frequencies(counts).astype(np.float32)
    return Weighed(counts, scaled(counts, scale, parts).astype(np.float64), [*parts, counts.shape[1]][0])


def counted(ids: Sequence[np.ndarray], vocabulary: int) -> sparse.csr_matrix:
    """How often each id is in each text: float32[texts, vocabulary]; unknown words count for nothing."""
    rows = np.repeat(np.arange(len(ids)), [len(each) for each in ids])
    flat = np.concatenate(ids)
    known = flat > UNKNOWN
    ones = np.ones(int(known.sum()), np.float32)
    return sparse.csr_matrix((ones, (rows[known], flat[known])), (len(ids), vocabulary))


def frequent(
    counts: sparse.csr_matrix, parts: Sequence[int], most: int
) -> tuple[sparse.csr_matrix, list[int]]:
    """So many ids at most, those that most texts have, and where the parts of the vocabulary begin among
    them."""
    texts = counts.getnnz(axis=0)
    if len(texts) <= most:
        return counts, [*parts]
    kept = np.sort(np.argsort(-texts, kind="stable")[:most])
    return counts[:, kept], np.searchsorted(kept, parts).tolist()


def probabilities(weighed: Weighed, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """What judges that were trained on the other folds say of each text: float64[texts, labels].

    They judge twice, the second time after training without the labels that seemed least probable the first
    time, as confident learning does (Northcutt et al. 2021); what predicts the labels as they are given
    better, all of them, is returned. Naive Bayes is asked where that predicts them better: of long texts it
    is far too sure.
    labels: int64[texts], all of 0, 1, ... in several folds. fold: int64[texts], from 0.
    """
    from sklearn.metrics import log_loss
    from threadpoolctl import threadpool_limits

    judges: list[Judge] = [plainly, by_ratios] if labels.max() < MANY else [plainly]
    everything = np.ones(len(labels), dtype=bool)
    with threadpool_limits(1):
        penalties = {judge: penalty(judge, weighed, labels, fold) for judge in [*judges, naively]}

        def logits(judge: Judge, kept: np.ndarray) -> np.ndarray:
            shares = out_of_fold(judge, penalties[judge], weighed, labels, fold, kept)
            return np.asarray(np.log(shares))

        def loss(shares: np.ndarray) -> float:
            return float(log_loss(labels, shares))

        apart = {judge: logits(judge, everything) for judge in penalties}
        used = min(judges, [*judges, naively], key=lambda jury: loss(together([apart[one] for one in jury])))
        tried = [together([apart[judge] for judge in used])]
        doubtful = np.argsort(tried[0][np.arange(len(labels)), labels], kind="stable")
        for share in LEFT_OUT:
            kept = everything.copy()
            kept[doubtful[: round(share * len(labels))]] = False
            if trainable(labels, fold, kept):
                tried.append(together([logits(judge, kept) for judge in used]))
    return min(tried, key=loss)


def together(logits: Sequence[np.ndarray]) -> np.ndarray:
    """The shares that several judges' mean logits stand for: float64[texts, labels], as the logits."""
    shares: np.ndarray = softmax(np.mean(logits, axis=0), axis=1)
    return shares


def trainable(labels: np.ndarray, fold: np.ndarray, kept: np.ndarray) -> bool:
    """Whether every label is left in what is trained on, whatever fold is held out. kept: bool[texts]."""
    numbers = range(labels.max() + 1)
    return all(set(numbers) <= set(labels[kept & (fold != number)].tolist()) for number in np.unique(fold))


def penalty(judge: Judge, weighed: Weighed, labels: np.ndarray, fold: np.ndarray) -> float:
    """Of PENALTIES the one that predicts the labels of the first fold best, as they are given."""
    from sklearn.metrics import log_loss

    rows = fold > 0
    train, held, known = weighed.take(rows), weighed.take(~rows), range(labels.max() + 1)
    losses = [
        log_loss(labels[~rows], judge(train, labels[rows], held, each), labels=known) for each in PENALTIES
    ]
    return PENALTIES[int(np.argmin(losses))]


def out_of_fold(
    judge: Judge,
    penalty: float,
    weighed: Weighed,
    labels: np.ndarray,
    fold: np.ndarray,
    kept: np.ndarray,
) -> np.ndarray:
    """What a judge says of each fold's texts after training on what is kept of the others, bool[texts]:
    float64[texts, labels], none 0."""
    shares = np.zeros((len(labels), labels.max() + 1))
    for number in np.unique(fold):
        rows, held = kept & (fold != number), fold == number
        shares[held] = judge(weighed.take(rows), labels[rows], weighed.take(held), penalty)
    return np.clip(shares, 1e-12, None)


def plainly(train: Weighed, labels: np.ndarray, others: Weighed, penalty: float) -> np.ndarray:
    """Logistic regression on TF-IDF: its probabilities of the others, float64[others, labels]."""
    shares: np.ndarray = _solved(train.tfidf, labels, penalty).predict_proba(others.tfidf)
    return shares


def by_ratios(train: Weighed, labels: np.ndarray, others: Weighed, penalty: float) -> np.ndarray:
    """The same on TF-IDF times how much more often an n-gram is in a label's texts than in the rest."""
    number = int(labels.max()) + 1
    shares = np.zeros((others.tfidf.shape[0], number))
    for label in [1] if number == 2 else range(number):
        positive = labels == label
        ratios = log_ratios(train.counts, positive, SMOOTHING)
        model = _solved(train.tfidf.multiply(ratios).tocsr(), positive, penalty)
        shares[:, label] = model.predict_proba(others.tfidf.multiply(ratios).tocsr())[:, 1]
    if number == 2:
        shares[:, 0] = 1 - shares[:, 1]
    normed: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
    return normed


def naively(train: Weighed, labels: np.ndarray, others: Weighed, penalty: float) -> np.ndarray:
    """Multinomial naive Bayes on how often n-grams of words are in a text. It is too sure, as they say
    the same several times, so its logits are divided by the penalty."""
    from sklearn.naive_bayes import MultinomialNB

    model = MultinomialNB(alpha=SMOOTHING).fit(train.counts[:, : train.words], labels)
    logits = model.predict_joint_log_proba(others.counts[:, : others.words])
    shares: np.ndarray = softmax(logits / penalty, axis=1)
    return shares


def _solved(features: sparse.csr_matrix, labels: np.ndarray, penalty: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=penalty, max_iter=1000).fit(features, labels)
