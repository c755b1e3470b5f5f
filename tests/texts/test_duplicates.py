"""Duplicates: all that there are and nothing else, whatever the texts; counted, reported, dropped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import download
from stages.artifacts.split import Split, load_split
from stages.runtime.config import InputError
from stages.texts import duplicates

TEXTS = st.lists(st.text("ab ", max_size=2), max_size=12)


@settings(max_examples=100)
@given(TEXTS, TEXTS)
def test_they_are_those_of_a_comparison_of_every_text_with_every_other(
    train: list[str], test: list[str]
) -> None:
    for repeats, here, there in zip(duplicates.exact(train, test), (train, test), (test, train), strict=True):
        assert repeats.repeated.tolist() == [text in here[:row] for row, text in enumerate(here)]
        assert repeats.across.tolist() == [text in there for text in here]
        assert repeats.repeated.dtype == repeats.across.dtype == bool


@given(TEXTS, TEXTS)
def test_texts_that_are_known_by_one_number_are_compared(train: list[str], test: list[str]) -> None:
    expected = duplicates.exact(train, test)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duplicates, "hashes", lambda texts: np.zeros(len(texts), np.int64))
        alike = duplicates.exact(train, test)
    for one, other in zip(expected, alike, strict=True):
        assert one.repeated.tolist() == other.repeated.tolist()
        assert one.across.tolist() == other.across.tolist()


def test_texts_that_differ_in_case_space_or_form_are_none() -> None:
    train, test = duplicates.exact(["A b", "a b ", "e\u0301", "\u00e9"], ["a b", "a  b"])
    assert not any(rows.any() for rows in (train.repeated, train.across, test.repeated, test.across))


# --- dropping


def labelled(*texts: str) -> Split:
    """Texts labelled by their first letter."""
    labels = np.array([int(text[0].lower() == "y") for text in texts], dtype=np.int16)
    return Split(list(texts), labels, ["no", "yes"])


def mine() -> dict[str, Split]:
    return {
        "train": labelled(
            "n one two", "y one", "Y one", "n one two", "y only", "n test", "n only", "y test!"
        ),
        "test": labelled("n test", "y test", "y test", "n else"),
        "unsupervised": Split(["n test", "n test"], np.full(2, -1, dtype=np.int16), ["no", "yes"]),
    }


DROPPED = ["n one two", "y one", "Y one", "y only", "n only", "y test!"], ["n test", "y test", "n else"]
EXPECTED: dict[str, Any] = {
    "keep": (mine()["train"].texts, mine()["test"].texts, {"train": 0, "test": 0}),
    "drop exact": (*DROPPED, {"train": 2, "test": 1}),
}


@pytest.mark.parametrize("action", EXPECTED)
def test_what_repeats_an_earlier_text_goes_and_what_test_has_goes_from_train(action: Any) -> None:
    train, test, dropped = EXPECTED[action]
    splits, facts = download.without_duplicates("mine", mine(), action)
    assert (splits["train"].texts, splits["test"].texts) == (train, test)
    assert splits["unsupervised"].texts == ["n test", "n test"]
    for name in ("train", "test"):
        assert splits[name].labels.tolist() == labelled(*splits[name].texts).labels.tolist()
    assert facts == {"exact": {"train": 1, "test": 1, "between": 1}, "dropped": dropped}


@settings(max_examples=50)
@given(TEXTS, TEXTS)
def test_after_dropping_there_are_none_left_and_test_lost_only_its_own(
    train: list[str], test: list[str]
) -> None:
    whole = {
        name: labelled("n", "y", *(f"n{t}" for t in texts))
        for name, texts in (("train", train), ("test", test))
    }
    whole["train"] = labelled("n of train", "y of train", *whole["train"].texts)
    splits, _ = download.without_duplicates("mine", whole, "drop exact")
    counts: Any = download.without_duplicates("mine", splits, "keep")[1]["exact"]
    assert counts == {"train": 0, "test": 0, "between": 0}
    assert set(splits["test"].texts) == set(whole["test"].texts)


def test_dropping_a_labels_last_text_is_refused() -> None:
    splits = {"train": labelled("n one", "y same"), "test": labelled("n two", "y same")}
    with pytest.raises(InputError, match="no text labelled 'yes' in train with `duplicates: drop exact`"):
        download.without_duplicates("mine", splits, "drop exact")


def test_the_stage_reports_how_many_there_were_dropped_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("train", "test"):
        part = mine()[name]
        rows = [
            {"t": text, "l": part.names[label]} for text, label in zip(part.texts, part.labels, strict=True)
        ]
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    entry = {"kind": "files", "path": str(folder), "text": "t", "label": "l"}
    params = {"sources": {"mine": entry | {"duplicates": "drop exact"}}}
    monkeypatch.setattr(download, "ROOT", tmp_path)
    download.main("mine", params)
    report = tmp_path / "reports" / "sources" / "mine.json"
    first = report.read_bytes()
    facts = json.loads(first)
    assert {key: facts[key] for key in ("train", "test", "duplicates")} == {
        "train": {"texts": 6, "labels": {"no": 2, "yes": 4}},
        "test": {"texts": 3, "labels": {"no": 2, "yes": 1}},
        "duplicates": download.without_duplicates("mine", mine(), "drop exact")[1],
    }
    table = tmp_path / "data" / "sources" / "mine" / "train.parquet"
    assert load_split(table).texts == EXPECTED["drop exact"][0]
    before = table.read_bytes()
    download.main("mine", params)
    assert (report.read_bytes(), table.read_bytes()) == (first, before)
