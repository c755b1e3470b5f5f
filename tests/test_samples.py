"""Sample sentences: a table per source, a row per recipe, a probability per sentence."""

import numpy as np

from stages import samples

SENTENCES = {"cool": "It was cool.", "dull": "It was | dull."}
EVERYTHING = {
    "corpora": {
        "words": {"source": "films"},
        "subwords": {"source": "films"},
        "other": {"source": "tickets"},
    },
    "recipes": {"a": {"corpus": "words"}, "b": {"corpus": "other"}, "c": {"corpus": "subwords"}},
}


def test_recipes_are_grouped_by_their_source_in_their_order() -> None:
    found = samples.by_source(EVERYTHING, {"a": 1, "b": 2, "c": 3})
    assert found == {"films": {"a": 1, "c": 3}, "tickets": {"b": 2}}


def test_of_two_labels_the_second_ones_probability_is_shown_of_more_the_most_probable() -> None:
    two = (["negative", "positive"], np.array([[[0.25, 0.75], [0.9, 0.1]]]))
    three = (["x", "y", "z"], np.array([[[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]]))
    page = samples.page(SENTENCES, {"films": {"a": two}, "tickets": {"b": three}})
    assert "- **cool**: It was cool.\n- **dull**: It was | dull.\n" in page
    assert "Probability of *positive*, source films:\n\n| recipe | cool | dull |" in page
    assert "\n| a | 0.750 | 0.100 |\n" in page and "\n| b | y 0.500 | x 0.600 |\n" in page


def test_of_several_seeds_the_mean_is_shown_with_the_lowest_and_the_highest() -> None:
    two = (["negative", "positive"], np.array([[[0.6, 0.4], [0.9, 0.1]], [[0.1, 0.9], [0.7, 0.3]]]))
    three = (["x", "y", "z"], np.array([[[0.1, 0.6, 0.3]], [[0.5, 0.2, 0.3]]]))
    page = samples.page(SENTENCES, {"films": {"a": two}})
    assert "\n| a | 0.650 (0.40 to 0.90) | 0.200 (0.10 to 0.30) |\n" in page
    assert "\n| b | y 0.400 (0.20 to 0.60) |\n" in samples.page({"cool": "."}, {"tickets": {"b": three}})
