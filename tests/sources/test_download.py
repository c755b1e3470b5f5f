"""Downloaded data is what params.yaml says of it, or is refused in one line."""

import hashlib
from typing import Any

import numpy as np
import pytest

from stages import download
from stages.artifacts.split import Split
from stages.runtime.config import InputError
from tests.sources.splits import split


def splits() -> dict[str, Split]:
    return {"train": split(("a", 0), ("b", 1), ("c", 1)), "test": split(("d", 0), ("e", 1))}


def expected() -> dict[str, Any]:
    lines = "0\ta\n1\tb\n1\tc\n0\td\n1\te\n"
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return {"splits": {"train": 3, "test": 2}, "per_label": [2, 3], "sha256": digest}


def line(splits: dict[str, Split], stated: dict[str, Any]) -> str:
    """The one line with which the data is refused."""
    with pytest.raises(InputError) as refused:
        download.verify("mine", splits, stated)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_data_that_is_as_stated_is_accepted() -> None:
    download.verify("mine", splits(), expected())


def test_data_of_which_nothing_is_stated_is_accepted() -> None:
    download.verify("mine", splits(), {})


def test_another_number_of_texts_is_refused_with_source_and_split() -> None:
    for name, count in (("train", 4), ("train", 2), ("test", 0), ("test", 3)):
        stated = expected()
        stated["splits"][name] = count
        text = line(splits(), stated)
        assert text.startswith("mine: ")
        assert f"found {len(splits()[name].texts)} texts in {name}, allowed: {count}" in text


def test_another_number_of_texts_with_a_label_is_refused_by_its_name() -> None:
    for counts, words in (
        ([3, 3], "2 texts labelled 'no', allowed: 3"),
        ([2, 2], "3 texts labelled 'yes', allowed: 2"),
    ):
        text = line(splits(), {"per_label": counts})
        assert text.startswith(f"mine: found {words}")


@pytest.mark.parametrize(
    "other",
    [
        {"train": split(("a", 0), ("b", 1), ("C", 1))},
        {"train": split(("a", 1), ("b", 0), ("c", 1))},
        {"train": split(("b", 1), ("a", 0), ("c", 1))},
        {"train": split(("a", 0), ("b", 1), ("c ", 1))},
    ],
    ids=["text", "labels", "order", "space"],
)
def test_other_content_with_the_same_counts_is_refused_by_its_hash(other: dict[str, Split]) -> None:
    stated = expected()
    text = line(splits() | other, stated)
    assert text.startswith("mine: found content hash ")
    assert stated["sha256"] in text


def test_an_unlabelled_split_counts_for_its_size_and_not_for_the_labels() -> None:
    more = splits() | {"unsupervised": split(("x", -1), ("y", -1))}
    stated = expected()
    stated["splits"]["unsupervised"] = 2
    download.verify("mine", more, stated)
    stated["splits"]["unsupervised"] = 3
    assert "in unsupervised" in line(more, stated)


def test_a_split_without_one_of_the_labels_is_refused() -> None:
    labels = np.array([0, 1], dtype=np.int16)
    splits = {
        "train": Split(["a", "b"], labels, ["no", "yes"]),
        "test": Split(["c", "d"], labels * 0, ["no", "yes"]),
    }
    with pytest.raises(InputError, match="mine: found no text labelled 'yes' in test"):
        download.verify("mine", splits, {})
