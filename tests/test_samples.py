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
    two = (["negative", "positive"], np.array([[0.25, 0.75], [0.9, 0.1]]))
    three = (["x", "y", "z"], np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]))
    page = samples.page(SENTENCES, {"films": {"a": two}, "tickets": {"b": three}})
    assert "- **cool**: It was cool.\n- **dull**: It was | dull.\n" in page
    assert "Probability of *positive*, source films:\n\n| recipe | cool | dull |" in page
    assert "\n| a | 0.750 | 0.100 |\n" in page and "\n| b | y 0.500 | x 0.600 |\n" in page
