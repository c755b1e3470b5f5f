"""The stage `pad`: which splits become arrays, and what lies beside them."""

import json
from pathlib import Path
from typing import Any

import pytest

from stages import pad
from stages.artifacts.padded import load_padded
from stages.artifacts.tokens import save_tokens
from stages.runtime.config import InputError
from tests.artifacts import made

FIXED = {"kind": "fixed", "length": 4, "side": "pre", "truncate": "post"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus `words` with tokens of three splits."""
    monkeypatch.setattr(pad, "ROOT", tmp_path)
    folder = tmp_path / "data" / "tokens" / "words"
    folder.mkdir(parents=True)
    for split in ("train", "test", "unsupervised"):
        save_tokens(folder / f"{split}.npz", made.tokens([1, 2, 3], [4], [5, 6]))
    return tmp_path


def run(root: Path, how: dict[str, Any]) -> Path:
    pad.main("words", {"corpora": {"words": {"pad": how}}})
    return root / "data" / "padded" / "words"


def test_texts_without_labels_become_arrays_only_if_they_are_asked_for(root: Path) -> None:
    assert sorted(path.name for path in run(root, FIXED).iterdir()) == ["test", "train"]
    folder = run(root, FIXED | {"unlabelled": True})
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train", "unsupervised"]
    arrays = load_padded(folder / "unsupervised")
    assert arrays.ids[0].tolist() == [[0, 1, 2, 3], [0, 0, 0, 4], [0, 0, 5, 6]]
    assert arrays.pad == FIXED  # as a text that is classified is padded, too


def test_texts_without_labels_that_the_source_has_not_are_refused(root: Path) -> None:
    (root / "data" / "tokens" / "words" / "unsupervised.npz").unlink()
    with pytest.raises(InputError, match="words: found no texts without labels in its source"):
        run(root, FIXED | {"unlabelled": True})
    assert not (root / "data" / "padded" / "words").exists()
    run(root, FIXED)


def test_the_parts_of_a_vocabulary_go_with_each_split(root: Path) -> None:
    (root / "data" / "tokens" / "words" / "parts.json").write_text("[5]", encoding="utf-8")
    for split in ("train", "test"):
        parts = (run(root, FIXED) / split / "parts.json").read_text(encoding="utf-8")
        assert json.loads(parts) == [5]
