"""A comparison's tables, and the page of all comparisons, show the recipes that they name."""

import csv
import dataclasses
import re
from pathlib import Path

import pytest

from stages import compare, summary
from stages.lib import files, results
from stages.lib.results import Result
from tests.recipes import SAID, STYLE, TIMES, result, said, scored, three


def study(root: Path, monkeypatch: pytest.MonkeyPatch, shown: list[Result], title: str = "Who wins?") -> None:
    """A project with one comparison, whose recipes have been gathered."""
    folder = root / "data" / "gathered" / "mine"
    for r in shown:
        gathered = {key: value for key, value in dataclasses.asdict(r).items() if key not in SAID}
        files.write_json(folder / f"{r.recipe}.json", gathered)
        files.write_json(folder / f"{r.recipe}.timings.json", TIMES)
    files.write_text(root / "data" / "samples.md", "- **cool**: It was cool.\n")
    files.write_text(root / "data" / "published.md", "")
    described = {"oov_rate": 0.0625, "length": {"mean": 232.4, "p5": 1, "p50": 175, "p95": 592, "max": 2332}}
    facts = {"vocabulary": 10000, "train": described, "test": described | {"oov_rate": 0.125}}
    files.write_json(root / "reports" / "corpora" / "words.json", facts)
    entry = {"title": title, "recipes": [r.recipe for r in shown]}
    params = {
        "comparisons": {"mine": entry},
        "corpora": {"words": {}},
        "figures": dataclasses.asdict(STYLE),
        "pipeline": {"comparisons": {"mine": {r.recipe: said(r) for r in shown}}},
    }
    for module in (compare, summary):
        monkeypatch.setattr(module, "ROOT", root)
        monkeypatch.setattr(module, "params", lambda: params)


def test_the_table_has_a_row_per_recipe_in_the_comparisons_order() -> None:
    header, rows = compare.table([scored("b", 80), scored("a", 90)])
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["recipe"] for row in found] == ["b", "a"]
    low, high = results.wilson(80, 100)
    expected = {"test_accuracy": "0.8000", "low": f"{low:.4f}", "high": f"{high:.4f}", "test_loss": "0.4000"}
    assert expected.items() <= found[0].items()
    assert (found[0]["epochs"], found[0]["parameters"], found[0]["validated_on"]) == (
        "3",
        "171149",
        "held out",
    )
    assert (found[0]["seeds"], found[0]["test_accuracy_sd"], found[0]["gap"]) == ("2", "0.0200", "0.0750")


@pytest.mark.parametrize(
    ("right", "bold"),
    [((80, 90, 70), (False, True, False)), ((90, 90, 1), (True, True, False)), ((5,), (True,))],
)
def test_the_best_accuracy_is_bold_and_nothing_else(right: tuple[int, ...], bold: tuple[bool, ...]) -> None:
    header, rows = compare.for_people([scored(f"r{i}", n) for i, n in enumerate(right)])
    assert all(len(row) == len(header) for row in rows)
    assert tuple("**" in str(row[1]) for row in rows) == bold
    assert [str(row[1]).replace("*", "") for row in rows] == [f"{n:.1f} ± 2.0" for n in right]
    assert "**" not in str([cell for row in rows for i, cell in enumerate(row) if i != 1])


def test_the_table_for_people_is_of_the_same_numbers_as_the_one_for_programs() -> None:
    shown = [scored("a", 80), scored("b", 90)]
    (header, rows), (words, lines) = compare.table(shown), compare.for_people(shown)
    for row, cells in zip(rows, lines, strict=True):
        exact, rounded = dict(zip(header, row, strict=True)), dict(zip(words, cells, strict=True))
        assert float(str(rounded["loss"])) == pytest.approx(float(str(exact["test_loss"])), abs=5e-4)
        assert float(str(rounded["ECE"])) == pytest.approx(float(str(exact["test_ece"])), abs=5e-4)
        percent = 100 * float(str(exact["validation_accuracy"]))
        assert float(str(rounded["validation, %"])) == pytest.approx(percent, abs=0.05)


def test_both_tables_say_what_was_done_with_duplicates() -> None:
    shown = [result("a"), result("b", duplicates="near dropped")]
    for header, rows in (compare.table(shown), compare.for_people(shown)):
        assert [row[header.index("duplicates")] for row in rows] == ["kept", "near dropped"]


def test_pruning_deletes_strays_and_only_them(tmp_path: Path) -> None:
    kept = ["lstm.json", "lstm.timings.json", "lstm-2.json"]
    for name in [*kept, "gru.json", "gru.timings.json", "ls.json", ".gru.json.part"]:
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "old").mkdir()
    compare.prune(tmp_path, ["lstm", "lstm-2"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_comparison_shows_its_recipes_and_forgets_the_ones_it_no_longer_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80), scored("b", 90), scored("old", 99)])
    study(tmp_path, monkeypatch, [scored("b", 90), scored("a", 80)])
    compare.main("mine")
    out = tmp_path / "reports" / "comparisons" / "mine"
    for table in ("table.csv", "timings.csv"):
        with (out / table).open(encoding="utf-8", newline="") as file:
            assert [row["recipe"] for row in csv.DictReader(file)] == ["b", "a"]
    assert not list((tmp_path / "data" / "gathered" / "mine").glob("old*"))
    assert "old" not in (tmp_path / "data" / "tables" / "mine.md").read_text(encoding="utf-8")


def test_the_same_comparison_is_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80), three("b")])
    written = []
    for _ in range(2):
        compare.main("mine")
        out = tmp_path / "reports" / "comparisons" / "mine"
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]


def test_the_page_has_every_title_and_table_and_links_only_to_figures_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, monkeypatch, [scored("a", 80)], title="Who wins, 80 %?")
    compare.main("mine")
    summary.main()
    page = (tmp_path / "reports" / "README.md").read_text(encoding="utf-8")
    assert "\n## Who wins, 80 %?\n" in page
    assert (tmp_path / "data" / "tables" / "mine.md").read_text(encoding="utf-8") in page
    assert "\n## Sample sentences\n\n- **cool**: It was cool.\n" in page and "## Published" not in page
    assert "\n| words | 10,000 | 232.4 | 175 | 592 | 2,332 | 6.25 | 12.50 |\n" in page
    links = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert sorted(Path(link).name for link in links) == sorted(
        path.name for path in (tmp_path / "reports" / "comparisons" / "mine").glob("*.svg")
    )
    assert all((tmp_path / "reports" / link).is_file() for link in links)


def test_the_page_shows_the_comparisons_in_the_order_of_params_yaml(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.md").write_text(f"| table of {name} |\n", encoding="utf-8")
    page = summary.page({"b": "Second letter", "a": "First letter"}, tmp_path)
    order = ["Second letter", "table of b", "First letter", "table of a"]
    assert [page.index(text) for text in order] == sorted(page.index(text) for text in order)
