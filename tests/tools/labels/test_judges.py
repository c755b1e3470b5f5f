"""The judges of `labels` do not know the labels that they judge, and choose by labels as they are given."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from stages.runtime.config import InputError
from stages.tools.fit import memory
from stages.tools.labels import judges
from tests.tools.labels.test_labels import tickets


def folds(texts: int) -> np.ndarray:
    return np.arange(texts, dtype=np.int64) % 5


def test_every_part_of_a_text_is_of_length_1_and_words_of_one_text_count_where_texts_are_few() -> None:
    weighed = judges.features(["the plot is dull", "the plot is good", "a dull plot, a dull film"])
    assert weighed.words == 2 + 2 + 8 + (9 + 5) + (8 + 5)  # edges, the comma; pairs, triples with edges
    squares = weighed.tfidf.multiply(weighed.tfidf).tocsc()
    for part in (squares[:, : weighed.words], squares[:, weighed.words :]):
        assert np.asarray(part.sum(axis=1)).ravel() == pytest.approx(1)
    assert weighed.counts[2].max() == 2  # "a" and "dull"


def test_long_texts_are_cut_into_words_alone() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(list("abcdefgh"), 40)) for _ in range(8)]
    some = {tuple(text.split()[i : i + n]) for text in texts for n in (1, 2, 3) for i in range(41 - n)}
    weighed = judges.features(texts)
    assert weighed.words == weighed.counts.shape[1] == 2 + len(some)


def test_texts_without_words_are_refused() -> None:
    with pytest.raises(InputError, match="texts without a word in common"):
        judges.features([" ", "\n"])


def test_of_too_many_n_grams_the_most_frequent_are_kept() -> None:
    counts = judges.counted([np.array(ids, np.int32) for ids in ([2, 3, 5], [2, 5, 6], [4, 5, 6])], 7)
    kept, parts = judges.frequent(counts, [5], 3)
    assert kept.toarray().tolist() == [[1, 1, 0], [1, 1, 1], [0, 1, 1]]  # 2, 5, 6
    assert parts == [1]  # the part of 5 and 6


def test_n_grams_are_as_many_as_there_is_memory_for_the_weights_of_all_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = tickets(90).texts
    assert judges.features(texts, 300).counts.shape[1] > 40
    monkeypatch.setattr(memory, "size", lambda: 2 * 40 * 300 * memory.LOGISTIC)
    assert judges.features(texts, 300).counts.shape[1] == 40


@pytest.mark.parametrize("classes", [2, 3])
def test_ratios_are_of_each_label_against_the_rest(classes: int) -> None:
    split = tickets(90)
    weighed, labels = judges.features(split.texts), split.labels.astype(np.int64) % classes
    rows = np.arange(90) % 3 > 0
    shares = judges.by_ratios(weighed.take(rows), labels[rows], weighed.take(~rows), 3.0)
    present = weighed.counts.toarray() > 0
    expected = np.zeros_like(shares)
    for label in range(classes):
        positive = labels[rows] == label
        ours, others = (1 + present[rows][part].sum(axis=0) for part in (positive, ~positive))
        ratios = np.log((ours / ours.sum()) / (others / others.sum()))
        features = weighed.tfidf.toarray() * ratios
        model = LogisticRegression(C=3.0, max_iter=1000).fit(features[rows], positive)
        expected[:, label] = model.predict_proba(features[~rows])[:, 1]
    np.testing.assert_allclose(shares, expected / expected.sum(axis=1, keepdims=True), atol=0.01)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_naive_bayes_reads_words_and_is_as_sure_as_it_is_told_to_be() -> None:
    split = tickets(90)
    weighed, labels = judges.features(split.texts), split.labels.astype(np.int64)
    rows = np.arange(90) % 3 > 0
    counts = weighed.counts.toarray()[:, : weighed.words]
    seen = np.stack([1 + counts[rows][labels[rows] == label].sum(axis=0) for label in range(3)])
    prior = np.log(np.bincount(labels[rows]) / rows.sum())
    expected = counts[~rows] @ np.log(seen / seen.sum(axis=1, keepdims=True)).T + prior
    shares = judges.naively(weighed.take(rows), labels[rows], weighed.take(~rows), 3.0)
    np.testing.assert_allclose(shares, softmax(expected / 3, axis=1), atol=1e-4)  # float32


@pytest.mark.parametrize("judge", [judges.plainly, judges.by_ratios, judges.naively])
def test_a_fold_is_judged_without_its_own_labels_and_without_those_left_out(judge: judges.Judge) -> None:
    split = tickets(100)
    weighed, labels, fold = judges.features(split.texts), split.labels.astype(np.int64), folds(100)
    kept = np.arange(100) % 10 != 7
    other = np.where((fold == 2) | ~kept, (labels + 1) % 3, labels)
    one, two = (judges.out_of_fold(judge, 1.0, weighed, each, fold, kept) for each in (labels, other))
    np.testing.assert_array_equal(one[fold == 2], two[fold == 2])
    assert not np.array_equal(one[fold == 1], two[fold == 1])


def test_what_is_left_out_is_chosen_by_the_labels_as_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    split = tickets(200)
    labels, fold = split.labels.astype(np.int64), folds(200)
    labels[::20] = (labels[::20] + 1) % 3
    weighed = judges.features(split.texts)
    losses = {}
    for shares in ((), (0.05,), (0.5,), (0.05, 0.5)):
        monkeypatch.setattr(judges, "LEFT_OUT", shares)
        losses[shares] = log_loss(labels, judges.probabilities(weighed, labels, fold))
    assert losses[0.05,] < losses[()]  # what is wrong is left out
    assert losses[0.05, 0.5] == min(losses.values())
    assert losses[0.5,] <= losses[()]


@pytest.mark.parametrize(("sure", "asked"), [(0.9, True), (1 - 1e-12, False)])
def test_naive_bayes_is_asked_where_labels_are_predicted_better_with_it(
    monkeypatch: pytest.MonkeyPatch, sure: float, asked: bool
) -> None:
    """It is right of nine labels in ten, and as sure as it is told to be."""
    labels = np.arange(100) % 2
    answers = np.where(np.arange(100) % 10 == 0, 1 - labels, labels)[:, None] == np.arange(2)
    others = np.full((100, 2), 0.5)
    shares_of = {
        judges.plainly: others,
        judges.by_ratios: others,
        judges.naively: np.where(answers, sure, 1 - sure),
    }
    monkeypatch.setattr(judges, "penalty", lambda *given: 1.0)
    monkeypatch.setattr(judges, "out_of_fold", lambda judge, *given: shares_of[judge])
    shares = judges.probabilities(judges.features(tickets(100).texts), labels, folds(100))
    assert np.array_equal(shares.argmax(axis=1), answers.argmax(axis=1)) == asked


def test_a_label_that_would_not_be_trained_on_forbids_to_leave_texts_out() -> None:
    labels, fold = np.repeat([0, 1], 5), np.tile(np.arange(5), 2)
    assert judges.trainable(labels, fold, np.arange(10) != 9)
    assert not judges.trainable(labels, fold, np.arange(10) < 6)  # label 1 is in the first fold alone


def test_with_many_labels_none_is_told_from_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    split = tickets(60)
    monkeypatch.setattr(judges, "MANY", 2)
    monkeypatch.setattr(judges, "by_ratios", None)
    shares = judges.probabilities(judges.features(split.texts), split.labels.astype(np.int64), folds(60))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
