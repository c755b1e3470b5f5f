"""A slip in a few labels is told, and labels that are meant to be alike are not."""

from collections import Counter

import pytest

from stages.tools.fit import look, spelling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rechnugn", "Rechnung"),
        ("Rechnun", "Rechnung"),
        ("Rechnungg", "Rechnung"),
        ("echnung", "Rechnung"),
        ("Rechnumg", "rechnung"),
        ("Rechnung.", "Rechnung"),
        ("ham?!", "ham"),
        ("Bug in Druckre", "Bug in Drucker"),
        ("kunden dienst", "kundendienst"),
        ("Team 2, Verkuaf", "Team 2, Verkauf"),
    ],
)
def test_what_may_be_a_slip_is_nearly_alike(one: str, other: str) -> None:
    assert spelling.nearly_alike(one, other) and spelling.nearly_alike(other, one)
    line = f"{one!r} (3 rows) is spelled nearly as {other!r} (168)"
    assert [*spelling.slips({one: 3, other: 168, "Mahnung": 40})] == [
        f"{line}; if that is a slip, mend it in your data"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cat", "car"),
        ("Team 1", "Team 2"),
        ("class1", "class"),
        ("10000", "10001"),
        ("Typ I", "Typ II"),
        ("Gruppe A", "Gruppe B"),
        ("C", "C#"),
        ("1.", "1"),
        ("Rechnung", "rechnung"),
        ("Rechnugn", "Rechnungen"),
        ("Rechunng", "Rechnugn"),
    ],
)
def test_what_is_another_label_is_not(one: str, other: str) -> None:
    assert not spelling.nearly_alike(one, other) and not [*spelling.slips({one: 3, other: 168})]


def test_labels_that_are_there_often_are_meant() -> None:
    assert not [*spelling.slips({"Rechnugn": 17, "Rechnung": 168})]
    assert not [*spelling.slips({"Rechnugn": 51, "Rechnung": 1000})]
    assert len([*spelling.slips({"Rechnugn": 50, "Rechnung": 1000})]) == 1


def test_of_many_slips_the_first_are_told_and_the_rest_counted() -> None:
    counts = {f"Rechnung{letter}": 1 for letter in "abcdefghij"} | {"Rechnung": 1000}
    lines = [*spelling.slips(counts)]
    assert len(lines) == spelling.SHOWN + 1 and lines[-1] == "so are 2 labels more"


def test_the_sheet_tells_of_slips() -> None:
    labels = ["Rechnugn"] * 3 + ["Rechnung"] * 168 + ["Mahnung"] * 40
    lines = [*look.sheet([f"text {i}" for i in range(len(labels))], labels)]
    assert "'Rechnugn' (3 rows) is spelled nearly as 'Rechnung' (168)" in lines[2]


def test_what_may_be_meant_is_named_where_a_label_is_refused() -> None:
    counts = Counter({"Rechnugn": 1, "Rechnung": 9, "Mahnung": 1})
    assert spelling.meant("one row is labelled 'Rechnugn'; more", counts) == "; did you mean 'Rechnung'?"
    assert not spelling.meant("one row is labelled 'Mahnung'; more", counts)
