"""`labels` puts labels that are wrong first, and names the rows so that they are found."""

import csv
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.split import Split, save_split
from stages.runtime import files
from stages.runtime.config import InputError
from stages.tools.fit import memory
from stages.tools.labels import __main__ as command
from stages.tools.labels import flips, judges, listing
from tests.sources.tables import save

NAMES = ["billing", "login", "parcel"]
WORDS = {
    "billing": "invoice charged twice card payment bill price refund receipt money",
    "login": "password account locked reset email code screen error app user",
    "parcel": "late parcel arrived courier lost delivery box damaged address tracking",
}
OTHERS = ["the", "a", "my", "your", "please", "help", "with", "is", "was", "and", "today", "again"]
needs_cleanlab = pytest.mark.skipif(
    importlib.util.find_spec("cleanlab") is None, reason="needs the extra `labels`"
)


def tickets(count: int, seed: int = 0) -> Split:
    """Texts whose words tell the label, most of the time."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count).astype(np.int16)
    texts = []
    for row, label in enumerate(labels):
        own = random.choice(WORDS[NAMES[label]].split(), 4)
        texts.append(" ".join(random.permutation([*own, *random.choice(OTHERS, 8)])) + f" {row}")
    return Split(texts, labels, NAMES)


def changed(split: Split, rows: dict[int, int]) -> Split:
    labels = split.labels.copy()
    labels[[*rows]] = [*rows.values()]
    return Split(split.texts, labels, split.names)


@needs_cleanlab
def test_labels_that_were_flipped_come_first_with_the_right_one_suggested() -> None:
    split = tickets(200)
    wrong = {row: (int(split.labels[row]) + 1) % 3 for row in (3, 50, 117, 160)}
    rows = listing.doubts(flipped := changed(split, wrong), listing.judged(flipped))
    assert {row.row for row in rows[:4]} == set(wrong)
    assert [row.rank for row in rows] == [*range(1, len(rows) + 1)]
    for row in rows[:4]:
        assert row.row is not None
        assert (row.label, row.suggested) == (NAMES[wrong[row.row]], NAMES[split.labels[row.row]])
        assert row.kinds == ("doubtful label",) and row.probable is not None and row.probable < 0.5


@needs_cleanlab
@pytest.mark.slow
@pytest.mark.parametrize("seed", flips.SEEDS)
def test_most_of_a_twentieth_of_flipped_labels_is_in_the_first_tenth(seed: int) -> None:
    split = tickets(1000, seed)
    weighed = judges.features(split.texts)
    first, both = flips.recalled(weighed, split.texts, split.labels, seed)
    assert 0.9 < first <= both
    none = flips.recalled(weighed, split.texts, np.random.default_rng(seed).permutation(split.labels), seed)
    assert none[1] < 0.4  # where texts say nothing of labels


def test_a_twentieth_of_the_labels_is_flipped_to_others() -> None:
    labels = tickets(200).labels
    wrong, rows = flips.with_flips(labels, 1)
    assert len(rows) == 10 and set(np.flatnonzero(wrong != labels)) == set(rows.tolist())
    assert set(wrong.tolist()) <= {0, 1, 2}


@needs_cleanlab
def test_the_same_list_twice() -> None:
    split = tickets(150)
    first, second = (listing.doubts(split, listing.judged(split)) for _ in range(2))
    assert first == second


@needs_cleanlab
def test_texts_that_are_there_again_are_listed_with_the_first_of_them() -> None:
    split = tickets(60)
    texts = [*split.texts, split.texts[5], split.texts[7], split.texts[7]]
    labels = np.append(split.labels, [split.labels[5], split.labels[7], (split.labels[7] + 1) % 3])
    whole = Split(texts, labels.astype(np.int16), NAMES)
    rows = {row.row: row for row in listing.doubts(whole, listing.judged(whole))}
    assert {row for row, doubt in rows.items() if doubt.same is not None} == {5, 7, 60, 61, 62}
    assert rows[60].same == rows[5].same == 5 and rows[61].same == 7
    assert listing.SEVERAL in rows[7].kinds and listing.SEVERAL not in rows[5].kinds
    assert rows[62].rank is not None and rows[62].suggested == rows[7].label


@needs_cleanlab
def test_rows_without_a_label_are_left_out() -> None:
    split = tickets(60)
    texts = [split.texts[0], *split.texts]
    whole = Split(texts, np.append(-1, split.labels).astype(np.int16), NAMES)
    judgement = listing.judged(whole)
    assert judgement.suggested[0] == -1 and (judgement.suggested[1:] >= 0).all()
    assert not [row for row in listing.doubts(whole, judgement) if row.row == 0 or row.same is not None]


@needs_cleanlab
def test_a_label_with_one_text_is_named_and_the_names_of_the_others_stay_theirs() -> None:
    split = tickets(90)
    names = ["attic", *NAMES[:1], "cellar", *NAMES[1:]]  # rare labels between the others
    labels = np.array([1, 3, 4], dtype=np.int16)[split.labels]
    labels[4], labels[9] = 0, 2
    judgement = listing.judged(whole := Split(split.texts, labels, names))
    assert judgement.rare == ["attic", "cellar"]
    assert set(np.flatnonzero(judgement.suggested < 0)) == {4, 9}
    judged = judgement.suggested >= 0
    assert (judgement.suggested[judged] == labels[judged]).mean() > 0.9
    assert {names[label] for label in judgement.suggested[judged]} == set(NAMES)
    assert not {4, 9} & {row.row for row in listing.doubts(whole, judgement)}


@needs_cleanlab
def test_fewer_than_two_labels_that_can_be_judged_are_refused() -> None:
    split = tickets(60)
    alone = Split(split.texts, np.where(np.arange(60) < 4, 1, 0).astype(np.int16), NAMES)
    with pytest.raises(InputError, match="found 1 labels with 5 different texts or more, allowed: two"):
        listing.judged(alone)
    nothing = Split(split.texts, np.full(60, -1, dtype=np.int16), NAMES)
    with pytest.raises(InputError, match="found 0 labels"):
        listing.judged(nothing)


def test_more_texts_and_labels_than_there_is_memory_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "size", lambda: 2 * 60 * 3 * listing.BYTES - 1)
    with pytest.raises(
        InputError, match=r"found 3 labels and 60 texts, whose probabilities would take .* allowed"
    ):
        listing.judged(tickets(60))


def run(monkeypatch: pytest.MonkeyPatch, root: Path, *arguments: str, **entry: Any) -> None:
    monkeypatch.setattr("sys.argv", ["labels", *arguments])
    monkeypatch.setattr(command, "ROOT", root)
    monkeypatch.setattr(command, "params", lambda: {"sources": {"mine": {"kind": "imdb"} | entry}})
    command.main()


def saved(root: Path, split: Split, part: str = "train") -> None:
    folder = root / "data" / "sources" / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    save_split(folder / f"{part}.parquet", split)
    files.write_json(folder / "labels.json", split.names)


@needs_cleanlab
def test_the_table_holds_the_whole_list_and_is_safe_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    split = tickets(80)
    texts = [f"=1+1 {text}\x1b[2J\r\n</script>" for text in split.texts]
    names = ["=bill", "login\nor\x1b[31mnot", "parcel"]
    saved(tmp_path, changed(Split(texts, split.labels, names), {6: (int(split.labels[6]) + 1) % 3}))
    run(monkeypatch, tmp_path, "mine", "--to", str(to := tmp_path / "a.csv"))
    with to.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == command.HEADER and rows[0]["row"] == "7"
    assert rows[0]["text"] == f"'{texts[6]}" and rows[0]["suggested"].lstrip("'") == names[split.labels[6]]
    output = capsys.readouterr().out
    assert "80 texts judged" in output and f"wrote {to}" in output
    assert all(line.isprintable() for line in output.split("\n"))


@pytest.mark.parametrize("text", ["<script>a</script>", "<!-- a", 'a,"b"', "a\rb\r\nc", "-1", "+2.50", "a=b"])
def test_a_text_in_the_table_is_that_of_the_user_s_own(tmp_path: Path, text: str) -> None:
    command.write(tmp_path / "a.csv", [["text"], [text]])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [*csv.reader(file)] == [["text"], [text]]


@needs_cleanlab
def test_labels_of_a_text_that_were_dropped_are_listed_with_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tickets(80)
    rows = [(text, NAMES[label]) for text, label in zip(whole.texts, whole.labels, strict=True)]
    train, test = rows[:60], rows[60:]
    other = NAMES[(whole.labels[7] + 1) % 3]
    shared = (test[4][0], NAMES[(whole.labels[64] + 1) % 3])  # in train, too, with another label
    for name, some in (("train", [*train, rows[7], (rows[7][0], other), shared]), ("test", test)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *some])
    entry = {"kind": "files", "path": str(tmp_path), "text": "text", "label": "label"}
    saved(tmp_path, Split(whole.texts[:60], whole.labels[:60], NAMES))  # as `drop exact` leaves them
    table = tmp_path / "list.csv"
    run(monkeypatch, tmp_path, "mine", "--to", str(table), **entry, duplicates="drop exact")
    with table.open(encoding="utf-8", newline="") as file:
        by_pair = {(row["text"], row["label"]): row for row in csv.DictReader(file)}
    kept, dropped = by_pair[rows[7]], by_pair[rows[7][0], other]
    assert "several labels" in kept["kind"] and (kept["row"], kept["lines"]) == ("8", "9 62")
    assert dropped["kind"] == "several labels; dropped" and dropped["lines"] == "63"
    assert (dropped["row"], dropped["same_text_as"], dropped["suggested"]) == ("", "8", "")
    assert by_pair[shared]["lines"] == "64" and by_pair[shared]["same_text_as"] == ""
    assert "3 rows have a text with several labels" in capsys.readouterr().out
    (tmp_path / "train.csv").rename(tmp_path / "elsewhere.csv")
    run(monkeypatch, tmp_path, "mine", **entry, duplicates="drop exact")
    listed = capsys.readouterr()
    assert "; so neither lines of your own file are named, nor rows that `drop exact` left out" in listed.err
    assert "mine, train: 60 texts" in listed.out


@needs_cleanlab
def test_of_the_test_split_it_says_that_nothing_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path, tickets(40), "test")
    run(monkeypatch, tmp_path, "mine", "--split", "test")
    assert "mine, test: 40 texts judged" in (output := capsys.readouterr().out)
    assert "Nothing is chosen by that" in output


@needs_cleanlab
def test_it_says_so_where_texts_do_not_tell_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.where(np.arange(60) % 4, 1, 0).astype(np.int16)
    saved(tmp_path, Split([f"a b c {row}" for row in range(60)], labels, ["no", "yes"]))
    run(monkeypatch, tmp_path, "mine")
    assert "agrees with 75.0 %: what follows says next to nothing" in capsys.readouterr().out


@pytest.mark.parametrize(("agreed", "said"), [(0.25, False), (0.625, True), (0.85, False)])
def test_where_models_are_often_wrong_most_doubts_are_said_to_be_their_mistakes(
    agreed: float, said: bool
) -> None:
    """Of labels as frequent as each other; where the models are no better than guessing, it says that."""
    labels = (np.arange(80) % 4).astype(np.int16)
    suggested = np.where(np.arange(80) < agreed * 80, labels, (labels + 1) % 4)
    split = Split([f"text {row}" for row in range(80)], labels, ["a", "b", "c", "d"])
    judgement = listing.Judgement(suggested, np.full(80, 0.5), np.full(80, 0.5), 7, [])
    printed = "\n".join(command.summary("mine", split, judgement, listing.doubts(split, judgement), {}))
    caveat = f"Models that agree with only {100 * agreed:.1f} % of labels are often wrong themselves"
    assert (caveat in printed) is said and ("next to nothing" in printed) is (agreed <= 0.25)


def test_what_is_missing_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab", None)  # as if it were not installed
    with pytest.raises(InputError, match="allowed: the extra `labels`; install it: pip install cleanlab"):
        run(monkeypatch, tmp_path, "mine")
    with pytest.raises(InputError, match="there is no source 'your'; there is mine"):
        run(monkeypatch, tmp_path, "your")


@needs_cleanlab
def test_a_source_that_is_not_there_is_refused_and_a_file_that_is_there_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"train.parquet is missing; make it with: dvc repro download@mine"):
        run(monkeypatch, tmp_path, "mine")
    for there in (tmp_path, save(tmp_path / "own.csv", "mine")):
        with pytest.raises(InputError, match="which is there, allowed: a new file"):
            run(monkeypatch, tmp_path, "mine", "--to", str(there))
    assert (tmp_path / "own.csv").read_text(encoding="utf-8") == "mine"
