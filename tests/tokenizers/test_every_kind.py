"""What holds for every kind: ids of the vocabulary, always the same, whatever the text."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.runtime import kinds
from stages.runtime.config import ROOT
from tests.tokenizers.texts import ODD, SETTINGS, fit, fitted, ids, sentences

KINDS = list(SETTINGS)
LOSSLESS = ["bpe", "subwords8k"]

LETTERS = [*"aB _\\&;9\n\t\x00é日🎬\u0301\u2028", "undsc"]
PLAIN = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(LETTERS), max_size=20).map("".join),
    st.sampled_from([*ODD, *sentences(0, 5), *sentences(10, 5)]),
)
HALVES = st.text(st.characters(categories=["Cs"], include_characters="a "), max_size=5)
ANY = st.one_of(PLAIN, st.text(max_size=30), HALVES)

# fits every kind to texts, and tells which modules that took
SCRIPT = """
import sys
from pathlib import Path
from tests.tokenizers.texts import SETTINGS, fit, sentences
for kind in SETTINGS:
    folder = Path(sys.argv[1]) / kind
    folder.mkdir(parents=True)
    fit(kind, sentences(15)).save(folder)
print({"tensorflow", "tensorflow_datasets"} & set(sys.modules))
"""


def test_there_are_the_tests_for_every_kind() -> None:
    assert sorted(KINDS) == kinds.names("tokenizers")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_text_has_ids_of_the_vocabulary_the_same_once_saved_and_decodes_to_itself(
    kind: str, tmp_path: Path, data: st.DataObject
) -> None:
    texts = st.lists(ANY if kind == "subwords8k" else PLAIN, max_size=8)
    tokenizer = fit(kind, data.draw(texts))
    tokenizer.save(tmp_path)
    loaded = kinds.module("tokenizers", kind).load(tmp_path)
    assert loaded.vocabulary == tokenizer.vocabulary
    others = data.draw(texts)
    rows = list(tokenizer.encode(others))
    assert [row.tolist() for row in rows] == ids(loaded, others)
    for text, row in zip(others, rows, strict=True):
        assert row.dtype == np.int32
        assert ((row >= 1) & (row < tokenizer.vocabulary)).all()
        if kind in LOSSLESS:
            assert not tokenizer.unknown(row).any()
            assert loaded.decode(row.tolist()) == text


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_an_array_for_every_text_and_it_does_not_depend_on_the_others(kind: str) -> None:
    texts = [*ODD, *sentences(12)] * 20  # more than are encoded at once
    together = ids(fitted(kind), texts)
    assert len(together) == len(texts)
    assert together[:50] == [ids(fitted(kind), [text])[0] for text in texts[:50]]
    assert together[0] == []  # of the empty text


def test_fitting_depends_on_no_hash_seed_and_takes_no_tensorflow(tmp_path: Path) -> None:
    for seed in ("0", "1"):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / seed)]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.stdout == "set()\n"
    saved = [sorted(folder.rglob("*.json")) for folder in (tmp_path / "0", tmp_path / "1")]
    assert len(saved[0]) == len(KINDS)
    for one, other in zip(*saved, strict=True):
        assert one.read_bytes() == other.read_bytes()
