"""The demo source: order decides the label, counts of words do not."""

from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from stages.artifacts.split import Split
from stages.sources import demo


def made(seed: int = 42, cue_distance: int = 16, train: int = 3000, test: int = 1000) -> dict[str, Split]:
    splits = {"train": train, "test": test}
    return demo.load(demo.Source(kind="demo", splits=splits, cue_distance=cue_distance, seed=seed))  # type: ignore[arg-type]


def words(text: str) -> list[str]:
    return text.lower().replace(",", " ").replace(".", " ").split()


def accuracy(splits: dict[str, Split], ngrams: tuple[int, int]) -> float:
    """The test accuracy of a logistic regression on counts of n-grams of words."""
    count = CountVectorizer(ngram_range=ngrams)
    model = LogisticRegression(max_iter=2000).fit(
        count.fit_transform(splits["train"].texts), splits["train"].labels
    )
    return float(model.score(count.transform(splits["test"].texts), splits["test"].labels))


def test_a_logistic_regression_on_word_counts_stays_under_65_percent() -> None:
    assert accuracy(made(train=6000, test=2000), (1, 1)) < 0.65


def test_pairs_of_words_tell_much_more_so_it_is_the_order_that_carries_the_label() -> None:
    assert accuracy(made(), (1, 2)) > 0.75


def test_a_seed_gives_the_same_texts_again_and_another_seed_gives_others() -> None:
    one, same, other = made(1), made(1), made(2)
    assert one["train"].texts == same["train"].texts and one["train"].texts != other["train"].texts
    assert np.array_equal(one["test"].labels, same["test"].labels)


@pytest.mark.parametrize(("train", "test"), [(1000, 300), (7, 5), (2, 2)])
def test_splits_have_their_sizes_and_labels_are_balanced(train: int, test: int) -> None:
    splits = made(train=train, test=test)
    for split, count in ((splits["train"], train), (splits["test"], test)):
        assert len(split.texts) == len(split.labels) == count
        assert abs(int((split.labels == 1).sum()) * 2 - count) <= 1
        assert split.names == ["negative", "positive"]


def test_no_text_occurs_twice_so_none_of_test_is_in_train() -> None:
    splits = made()
    texts = [*splits["train"].texts, *splits["test"].texts]
    assert len(set(texts)) == len(texts)


def test_the_same_words_in_another_order_have_the_other_label() -> None:
    for seed in range(50):
        negative, positive = (demo.review(np.random.default_rng(seed), label, 16) for label in (0, 1))
        assert negative != positive and Counter(words(negative)) == Counter(words(positive))


@pytest.mark.parametrize("distance", [1, 2, 5, 6, 7, 12, 15, 16, 17, 80, 400])
@pytest.mark.parametrize("label", [0, 1])
def test_the_first_audience_is_cue_distance_words_before_the_word_that_it_settles(
    distance: int, label: int
) -> None:
    random = np.random.default_rng(distance)
    for _ in range(20):
        text = words(" ".join(demo.long_range(random, label, distance)))
        cue = next(i for i, word in enumerate(text) if word in demo.AUDIENCES)
        settled = next(i for i, word in enumerate(text) if word in demo.SLANG)
        assert settled - cue == distance and text[cue] == demo.AUDIENCES[label]


def test_at_the_default_distance_no_five_words_tell_which_audience_came_first() -> None:
    random = np.random.default_rng(0)
    windows: list[set[tuple[str, ...]]] = [set(), set()]
    for label in (0, 1):
        for _ in range(4000):
            text = words(" ".join(["it is here", *demo.long_range(random, label, 16)]))
            for i in range(len(text) - 4):
                windows[label].add(
                    tuple(
                        word if word in demo.AUDIENCES or word in demo.SLANG else ""
                        for word in text[i : i + 5]
                    )
                )
    assert windows[0] == windows[1]
