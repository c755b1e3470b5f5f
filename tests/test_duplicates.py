"""Duplicates: all that there are and nothing else, whatever the texts; counted, reported, dropped."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import download
from stages.lib import duplicates
from stages.lib.arrays import Split, load_split
from stages.lib.config import InputError
from stages.sources import demo

PLAIN = "the camera in the old garden waits for a train that never comes"


def similarity(a: str, b: str) -> float:
    """The Jaccard similarity of two texts' sets of word 3-grams, as defined."""
    return len(sets(a) & sets(b)) / len(sets(a) | sets(b))


@cache
def sets(text: str) -> set[tuple[str, ...]]:
    words = duplicates.WORD.findall(text.lower().replace("<br />", " ")) or [text]
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def reference(train: list[str], test: list[str], least: float | None) -> list[list[bool]]:
    """`exact` (no `least`) or `near` by comparing every text with every other."""

    def same(a: str, b: str) -> bool:
        return a == b if least is None else similarity(a, b) >= least

    return [
        row
        for here, there in ((train, test), (test, train))
        for row in (
            [any(same(text, earlier) for earlier in here[:i]) for i, text in enumerate(here)],
            [any(same(text, other) for other in there) for text in here],
        )
    ]


def found(pair: tuple[duplicates.Found, duplicates.Found]) -> list[list[bool]]:
    return [row.tolist() for split in pair for row in (split.repeated, split.across)]


def edited(seed: int, originals: int, words: int, most: int, copies: int) -> list[str]:
    """Texts of up to `most` words out of `words`, among them copies with up to 3 words moved or changed."""
    rng = np.random.default_rng(seed)
    texts = [list(rng.integers(words, size=rng.integers(most + 1))) for _ in range(originals)]
    for _ in range(copies):
        text = list(texts[rng.integers(len(texts))])
        for _ in range(rng.integers(4)):
            text.insert(rng.integers(len(text) + 1), rng.integers(words))
            text.pop(rng.integers(len(text)))
        texts.append(text)
    texts = [texts[i] for i in rng.permutation(len(texts))]
    joints = [" ", " ", " ", "<br />", ", ", "... "]
    return ["".join(f"{'W' if w % 7 else 'w'}{w}{rng.choice(joints)}" for w in text) for text in texts]


@pytest.mark.parametrize("shape", [(40, 60, 60, 60), (30, 3, 8, 60), (60, 2, 4, 20), (20, 500, 200, 80)])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("chunk", [7, duplicates.CHUNK])
def test_they_are_those_of_a_comparison_of_every_text_with_every_other(
    seed: int, shape: tuple[int, int, int, int], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "CHUNK", chunk)
    texts = edited(seed, *shape)
    train, test = texts[: len(texts) * 2 // 3], texts[len(texts) * 2 // 3 :]
    exact, near = reference(train, test, None), reference(train, test, 0.8)
    assert found(duplicates.exact(train, test)) == exact
    assert found(duplicates.near(train, test)) == near
    assert any(map(any, near)) and not all(map(all, near))


def test_those_of_the_demos_templates_are_those_of_a_comparison_of_all() -> None:
    source = demo.Source(kind="demo", splits={"train": 500, "test": 200}, cue_distance=3, seed=1)
    train, test = (split.texts for split in demo.load(source).values())
    train[400:] = [text.replace("the", "The", 1).rsplit(" ", 1)[0] for text in test[:100]]
    assert found(duplicates.near(train, test)) == reference(train, test, 0.8)


@pytest.mark.parametrize("common", [*range(1, 21)])
@pytest.mark.parametrize("more", range(8))
def test_the_bound_of_similarity_is_met_to_the_gram(common: int, more: int) -> None:
    a = " ".join(f"w{i}" for i in range(common + 2))
    b = " ".join([a, *(f"v{i}" for i in range(more))])  # common / (common + more)
    repeated = duplicates.near([a, b], ["other"])[0].repeated.tolist()
    assert repeated == [False, 5 * common >= 4 * (common + more)]


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        (PLAIN, PLAIN.upper() + "!", True),
        (PLAIN, PLAIN.replace(" waits ", "<br /><br />waits "), True),
        ("good film", "Good, film.", True),
        ("good film", "good films", False),
        ("good film", "film good", False),
        ("good", "good good", False),
        ("!!!", "???", False),  # without words only the text itself is the same
        ("!!!", "!!!", True),
        ("", "", True),
        ("", "...", False),
    ],
)
def test_near_is_of_words_whatever_stands_between_them(a: str, b: str, alike: bool) -> None:
    train, test = duplicates.near(["something else", a], [b])
    assert (train.across.tolist(), test.across.tolist()) == ([False, alike], [alike])


def test_of_many_texts_alike_few_pairs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    body = " ".join(f"word{i}" for i in range(40))
    train = [f"{body} ticket {i} please" for i in range(2000)]
    compared, largest = 0, 0
    similar = duplicates._Sets.similar

    def counted(self: Any, a: np.ndarray, b: np.ndarray) -> Any:
        nonlocal compared, largest
        compared, largest = compared + len(a), max(largest, len(a))
        return similar(self, a, b)

    monkeypatch.setattr(duplicates._Sets, "similar", counted)
    monkeypatch.setattr(duplicates, "CHUNK", 10_000)
    ours, theirs = duplicates.near(train[:1500], train[1500:])
    assert ours.repeated.sum() == 1499 and theirs.repeated.sum() == 499
    assert ours.across.all() and theirs.across.all()
    assert largest <= 10_000 and compared < 2000 * 1999 // 2


# --- dropping


def split(*texts: str) -> Split:
    """Texts labelled by their first letter."""
    labels = np.array([int(text[0].lower() == "y") for text in texts], dtype=np.int8)
    return Split(list(texts), labels, ["no", "yes"])


def mine() -> dict[str, Split]:
    return {
        "train": split("n one two", "y one", "Y one", "n one two", "y only", "n test", "n only", "y test!"),
        "test": split("n test", "y test", "y test", "n else"),
        "unsupervised": Split(["n test", "n test"], np.full(2, -1, dtype=np.int8), ["no", "yes"]),
    }


EXPECTED: dict[str, Any] = {
    "keep": (mine()["train"].texts, mine()["test"].texts, {"train": 0, "test": 0}),
    "drop exact": (
        ["n one two", "y one", "Y one", "y only", "n only", "y test!"],
        ["n test", "y test", "n else"],
        {"train": 2, "test": 1},
    ),
    "drop near": (
        ["n one two", "y one", "y only", "n only"],
        ["n test", "y test", "n else"],
        {"train": 4, "test": 1},
    ),
}


@pytest.mark.parametrize("action", EXPECTED)
def test_what_repeats_an_earlier_text_goes_and_what_test_has_goes_from_train(action: Any) -> None:
    train, test, dropped = EXPECTED[action]
    splits, facts = download.without_duplicates("mine", mine(), action)
    assert (splits["train"].texts, splits["test"].texts) == (train, test)
    assert splits["unsupervised"].texts == ["n test", "n test"]
    for name in ("train", "test"):
        assert splits[name].labels.tolist() == split(*splits[name].texts).labels.tolist()
    assert facts == {
        "found": {
            "exact": {"train": 1, "test": 1, "between": 1},
            "near": {"train": 2, "test": 1, "between": 3},
        },
        "dropped": dropped,
    }


@pytest.mark.parametrize("kind", ["exact", "near"])
def test_after_dropping_there_are_none_left(kind: Any) -> None:
    texts = [f"y{text}" if i % 2 else f"n{text}" for i, text in enumerate(edited(3, 60, 50, 30, 60))]
    whole = {"train": split(*texts[:80]), "test": split(*texts[80:])}
    splits, _ = download.without_duplicates("mine", whole, f"drop {kind}")  # type: ignore[arg-type]
    found: Any = download.without_duplicates("mine", splits, "keep")[1]["found"]
    assert found[kind] == {"train": 0, "test": 0, "between": 0}


@pytest.mark.parametrize("action", ["drop exact", "drop near"])
def test_dropping_a_labels_last_text_is_refused(action: Any) -> None:
    splits = {"train": split("n one", "y same"), "test": split("n two", "y same")}
    with pytest.raises(InputError, match=f"no text labelled 'yes' in train with `duplicates: {action}`"):
        download.without_duplicates("mine", splits, action)


def test_the_stage_reports_what_it_found_dropped_and_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, found in mine().items():
        if name != "unsupervised":
            rows = zip(found.texts, found.labels, strict=True)
            lines = (json.dumps({"t": text, "l": found.names[label]}) + "\n" for text, label in rows)
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    entry = {"kind": "files", "path": str(folder), "text": "t", "label": "l", "test_fraction": 0.2}
    entry["duplicates"] = "drop exact"
    monkeypatch.setattr(download, "ROOT", tmp_path)
    monkeypatch.setattr(download, "params", lambda: {"sources": {"mine": entry}})
    download.main("mine")
    report = tmp_path / "reports" / "sources" / "mine.json"
    first = report.read_bytes()
    assert json.loads(first) == {
        "train": {"texts": 6, "labels": {"no": 2, "yes": 4}},
        "test": {"texts": 3, "labels": {"no": 2, "yes": 1}},
        "duplicates": download.without_duplicates("mine", mine(), "drop exact")[1],
    }
    table = tmp_path / "data" / "sources" / "mine" / "train.parquet"
    assert load_split(table).texts == EXPECTED["drop exact"][0]
    before = table.read_bytes()
    download.main("mine")
    assert (report.read_bytes(), table.read_bytes()) == (first, before)
