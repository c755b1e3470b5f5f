"""A comparison's chapter and its table show the recipes, in its order, and of the same numbers."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from stages.reporting import chapter
from stages.reporting.comparison import Result
from stages.reporting.figures import CAPTIONS
from tests.project import LABELS, MARKUP
from tests.recipes import METRICS, once, result, scored, three

Table = tuple[list[str], list[list[object]]]


def rows(table: Table) -> list[dict[str, str]]:
    header, lines = table
    return [dict(zip(header, map(str, line), strict=True)) for line in lines]


def test_the_table_has_a_row_per_recipe_in_the_comparisons_order() -> None:
    first, second = rows(chapter.table([scored("b", 80), scored("a", 90)]))
    assert (first["recipe"], second["recipe"]) == ("b", "a")
    low, high = scored("b", 80).interval
    expected = {
        **{"test_accuracy": "0.800000", "low": f"{low:.6f}", "high": f"{high:.6f}", "test_loss": "0.400000"},
        **{"test_accuracy_sd": "0.020000", "training_accuracy": "0.950000", "gap": "0.075000"},
        **{"epochs": "3", "parameters": "171149", "seeds": "2", "validated_on": "held out"},
    }
    assert expected.items() <= first.items()


@pytest.mark.parametrize(
    ("right", "bold"),
    [((80, 90, 70), (False, True, False)), ((90, 90, 1), (True, True, False)), ((5,), (True,))],
)
def test_the_best_accuracy_is_bold_and_nothing_else(right: tuple[int, ...], bold: tuple[bool, ...]) -> None:
    header, lines = chapter.achieved([scored(f"r{i}", n) for i, n in enumerate(right)])
    assert all(len(line) == len(header) for line in lines)
    assert tuple("**" in str(line[1]) for line in lines) == bold
    assert [str(line[1]).replace("*", "") for line in lines] == [f"{n:.1f} ± 2.0" for n in right]
    assert "**" not in str([cell for line in lines for i, cell in enumerate(line) if i != 1])


def test_the_tables_for_people_are_of_the_same_numbers_as_the_one_for_programs() -> None:
    results = [scored("a", 80), scored("b", 90)]
    tables = chapter.table(results), chapter.achieved(results), chapter.curves(results)
    for exact, achieved, curves in zip(*map(rows, tables), strict=True):
        assert float(achieved["loss"]) == pytest.approx(float(exact["test_loss"]), abs=5e-4)
        assert float(achieved["ECE"]) == pytest.approx(float(exact["test_ece"]), abs=5e-4)
        percent = 100 * float(exact["validation_accuracy"])
        assert float(achieved["validation, %"]) == pytest.approx(percent, abs=0.05)
        interval = [100 * float(exact[bound]) for bound in ("low", "high")]
        parts = [float(part) for part in achieved["95 % interval"].split(" to ")]
        assert parts == pytest.approx(interval, abs=0.06)
        assert float(curves["gap, points"]) == pytest.approx(100 * float(exact["gap"]), abs=0.06)
        assert curves["at epoch"] == exact["lowest_loss_epoch"]


def test_both_tables_say_what_was_done_with_duplicates() -> None:
    results = [result("a"), result("b", duplicates="exact dropped")]
    for table in (chapter.table(results), chapter.achieved(results)):
        assert [row["duplicates"] for row in rows(table)] == ["kept", "exact dropped"]


def test_recipes_of_a_single_seed_have_no_spread_and_are_named() -> None:
    assert rows(chapter.table([once("a")]))[0]["test_accuracy_sd"] == ""
    assert "±" not in str(chapter.achieved([once("a")])[1])
    assert "for other texts only: a.\n" in chapter.notes([once("a"), result("b")])
    assert "for other texts only" not in chapter.notes([result("b")])


def test_notes_say_of_which_label_f1_is_and_what_it_is_of_more_than_two() -> None:
    assert chapter.notes([result()]) == "F1 is that of *yes*.\n"
    assert chapter.notes([three()]) == "F1 and AUC of more than two labels are means over the labels.\n"


def test_only_recipes_tested_on_the_same_texts_are_set_against_each_other() -> None:
    results = [result(name, source=source) for name, source in (("a", "x"), ("b", "y"), ("c", "x"))]
    groups = chapter.tested_together([*results, result("d", source="z")])
    assert [[r.recipe for r in group] for group in groups] == [["a", "c"]]


def test_differences_are_from_the_best_and_say_where_none_is_shown() -> None:
    bits = {"best": "ff" * 12 + "f0", "close": "ff" * 12 + "e0", "far": "ff" * 6 + "00" * 7}
    counts = {"best": 100, "close": 99, "far": 48}
    results = [replace(scored(name, counts[name]), right=[right] * 2) for name, right in bits.items()]
    header, lines = chapter.behind(results, chapter.pairs(results))
    assert header[0] == "behind best" and [line[0] for line in lines] == ["close", "far"]
    assert [line[1] for line in lines] == ["1.0", "52.0"]
    assert [line[-1] for line in lines] == ["no difference shown", "less accurate"]
    assert lines[1][3] == "< 0.001"


def test_each_two_recipes_of_the_same_texts_have_a_line_for_programs() -> None:
    results = [scored(name, right) for name, right in (("a", 80), ("b", 90), ("c", 70))]
    results.append(replace(scored("d", 60), source="other"))
    header, lines = chapter.differing(results, chapter.pairs(results))
    assert [tuple(line[:2]) for line in lines] == [*combinations("abc", 2)]
    assert all(len(line) == len(header) for line in lines)
    (_, _, *_, real), *_ = lines
    assert real == "no"  # all have the same texts right


def links(text: str) -> list[str]:
    return re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)


def test_a_chapter_has_its_title_its_tables_and_a_link_to_every_figure() -> None:
    text = chapter.chapter("mine", "Who wins, 80 %?", [scored("a", 80)], {})
    assert text.startswith("# Who wins, 80 %?\n") and "`dvc repro compare@mine`" in text
    assert links(text) == [f"../comparisons/mine/{figure}.svg" for figure in CAPTIONS]


def test_a_comparison_with_chapters_has_tables_and_figures_for_each_of_them() -> None:
    results: list[Result] = [
        result(f"{part}-{n}", chapter=part, heading=part.upper())
        for n in ("one", "two")
        for part in ("lstm", "gru")
    ]
    text = chapter.chapter("mine", "Both", results, chapter.pairs(results))
    assert re.findall("\n## (.*)\n", text) == ["LSTM", "GRU"]
    expected = [f"../comparisons/mine/{part}-{figure}.svg" for part in ("lstm", "gru") for figure in CAPTIONS]
    assert links(text) == expected
    lstm, gru = text.split("\n## ")[1:]
    assert "| lstm-one |" in lstm and "| gru-one |" not in lstm and "| gru-two |" in gru


def test_titles_and_labels_are_no_markup() -> None:
    text = chapter.chapter("mine", MARKUP, [result(labels=[LABELS[1], LABELS[0]])], {})
    assert (
        "<" not in text
        and " *x*" not in text
        and " |x|" not in text
        and "$HOME" not in text.replace("\\$", "")
    )


def test_no_zero_has_a_sign() -> None:
    metrics = METRICS | {"training": {"accuracy": 0.87499, "loss": 0.2}}
    results = [result("a", metrics=metrics), result("b")]
    text = chapter.chapter("mine", "A title", results, chapter.pairs(results))
    assert "| 0.0 |" in text and "-0.0" not in text
