"""What folds say of few texts: equal texts are on one side, and no model answers what it was trained on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.artifacts.split import Split
from stages.tools.fit import folds


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=90), st.integers(0, 9))
def test_equal_texts_are_in_one_fold_and_every_label_is_in_what_is_trained_on(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    texts, labels = [f"text {number}" for number, _ in pairs], np.array([label for _, label in pairs])
    enough = folds.frequent(texts, labels)
    texts, labels = [text for text, is_one in zip(texts, enough, strict=True) if is_one], labels[enough]
    if not texts:
        return
    fold = folds.drawn(texts, labels, seed)
    assert len(set(zip(texts, fold.tolist(), strict=True))) == len(set(texts))
    for number in range(folds.FOLDS):
        assert (fold == number).any()
        assert set(labels[fold != number].tolist()) == set(labels.tolist())


def test_few_texts_are_cross_validated_without_an_answer_from_what_was_trained_on() -> None:
    """Words of each text tell its label, but no word is in two texts: only who saw a text can know it."""
    texts = [f"only{row}" for row in range(60)]
    labels = np.arange(60) % 2
    measured = folds.scores(texts, labels)
    assert set(measured) == {"majority", "TF-IDF + logistic regression"}
    assert all(each.shape == (folds.DRAWS, 2) for each in measured.values())
    assert measured["TF-IDF + logistic regression"][:, 0].max() <= 0.6
    known = [f"{'good' if label else 'bad'} film {row}" for row, label in enumerate(labels)]
    assert folds.scores(known, labels)["TF-IDF + logistic regression"].min() == 1


def test_the_sheet_leaves_out_rare_labels_and_says_so() -> None:
    labels = np.array([0, 1] * 20 + [2], dtype=np.int16)
    texts = [f"{'good' if label else 'bad'} film {row}" for row, label in enumerate(labels)]
    lines = list(folds.sheet(Split(texts, labels, ["bad", "good", "odd"])))
    assert lines[0] == "Fewer than 5 different texts are labelled 'odd': not measured here."
    assert "40 texts, 5 folds drawn 5 times" in lines[1]
    assert "majority: accuracy 50.0" in lines[2] and "macro-F1 0.333" in lines[2]
    assert "logistic regression: accuracy 100.0 ± 0.0 %" in lines[3]
    assert len(list(folds.sheet(Split(texts[:3], labels[:3], ["bad", "good"])))) == 1
