"""A source's texts are known by a hash of them, their labels and their order."""

import hashlib

from stages.texts.content import content_hash
from tests.sources.splits import split


def test_the_hash_is_of_label_tab_text_lines_of_train_then_test() -> None:
    digest = hashlib.sha256("0\tä\n1\tb\n-1\tc\n".encode()).hexdigest()
    assert content_hash([split(("ä", 0), ("b", 1)), split(("c", -1))]) == digest
