"""The report of an experiment: held-out texts choose, and nothing that a user supplies does harm."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from stages.evaluation.calibration import COOLEST, HOTTEST
from stages.evaluation.metrics import calibration_error
from stages.runtime import files
from stages.runtime.config import InputError
from stages.tools.answering.answers import Weigh
from stages.tools.fit import pipeline
from stages.tools.report import as_html, as_markdown, detail, folder, sections, side_by_side
from stages.tools.report.elements import Prose, Quotes, Table
from stages.tools.report.gathered import gather
from stages.tools.report.parts import Evaluated
from stages.tools.report.quoted import Quoted
from stages.tools.report.ranking import BY, NAMES
from tests.project import LABELS as NASTY
from tests.project import MARKUP, Project
from tests.tools.report.left import NAME, Made, experiment

ALLOWED = {"html", "head", "meta", "title", "style", "body", "main", "nav", "h1", "h2", "h3", "p", "a", "b"}
ALLOWED |= {"ul", "ol", "li", "dl", "dt", "dd", "pre", "code", "mark", "div", "figure", "figcaption"}
ALLOWED |= {"table", "thead", "tbody", "tr", "th", "td", "svg", "defs", "path", "use"}
LOADING = ("src", "srcset", "data", "poster", "action", "background", "href", "xlink:href")


class Reader(HTMLParser):
    """tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def weighing(recipe: Evaluated) -> Weigh:
    """Every second word speaks for the label, the others against it."""
    return lambda text, label: [(word, 1.0 - 2 * (i % 2)) for i, word in enumerate(text.split())]


def pages(root: Path, params: dict[str, Any]) -> dict[str, str]:
    """The files of a report, by name."""
    index = folder.written(NAME, params, root=root, weighing=weighing)
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(index.parent.iterdir())}


THREE = [Made("a", 5, 6, "majority"), Made("b", 7, 9, "linear"), Made("c", 8, 8, epochs=3)]


def test_held_out_texts_choose_and_the_test_split_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tested in ((7, 8), (8, 7), (1, 10)):
        recipes = [Made("b", tested[0], 9), Made("c", tested[1], 8)]
        params = experiment(tmp_path, recipes, monkeypatch)
        chosen = gather(tmp_path, params, NAME).parts[0].chosen
        assert chosen is not None and chosen.name == "b"
        assert "b is chosen from 2 recipes" in pages(tmp_path, params)["README.md"]


def test_what_fit_prints_of_differences_is_what_the_report_says_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [Made("a", 2, 6, "majority"), Made("b", 9, 9, "linear"), Made("c", 9, 8)]
    params = experiment(tmp_path, recipes, monkeypatch)
    lines = [*pipeline.differences(gather(tmp_path, params, NAME))]
    assert lines[0].startswith("Of the 2 other recipes, none is shown to be more accurate than it") and (
        lines[1:] == ["Not shown to differ: c."]
    )
    assert lines[0] in pages(tmp_path, params)["README.md"]
    params = experiment(tmp_path, recipes[1:], monkeypatch)
    lines = [*pipeline.differences(gather(tmp_path, params, NAME))]
    assert lines == ["On the test texts, the other recipe is not shown to differ from it in accuracy."]


def test_rungs_are_tested_beside_the_best_one_below_that_held_out_texts_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [Made("a", 5, 6), Made("b", 9, 5), Made("c", 8, 9), Made("d", 8, 8)]
    params = experiment(tmp_path, recipes, monkeypatch)
    assert gather(tmp_path, params, NAME).parts[0].steps == []
    params["experiments"][NAME]["cumulative"] = "idea"
    steps = gather(tmp_path, params, NAME).parts[0].steps
    assert [(rung, best) for rung, best, _ in steps] == [("b", "a"), ("c", "a"), ("d", "c")]
    assert [round(behind.mean, 6) for *_, behind in steps] == [-0.4, -0.3, 0]
    assert "| b | a | +40.0 |" in pages(tmp_path, params)["README.md"]


ALIKE, LESS, MORE = "no difference shown", "less accurate", "more accurate"


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([ALIKE], "On the test texts, the other recipe is not shown to differ from it in accuracy."),
        (
            [ALIKE] * 6,
            "On the test texts, none of the 6 other recipes is shown to differ from it in accuracy.",
        ),
        (
            [MORE, LESS, LESS],
            "Of the 3 other recipes, 1 is shown to be more accurate than it on the test texts, "
            "2 are shown to be less accurate.",
        ),
        (
            [LESS, ALIKE, ALIKE],
            "Of the 3 other recipes, none is shown to be more accurate than it on the test texts, "
            "1 is shown to be less accurate; 2 are not shown to differ.",
        ),
    ],
)
def test_how_many_differ_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, verdicts: list[str], sentence: str
) -> None:
    monkeypatch.setattr(side_by_side, "verdict", str)
    part: Any = SimpleNamespace(behind=dict(enumerate(verdicts)))
    assert sections.others(part) == sentence


def test_what_was_asked_for_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of wrong answers is high, that of texts that are left to chance is not."""
    params = experiment(tmp_path, [Made("a", 7, 6), Made("b", 6, 9)], monkeypatch)
    for by in BY:
        folder.written(NAME, params, by, quotes=0, root=tmp_path)
        page = (tmp_path / "reports" / "experiments" / NAME / "README.md").read_text(encoding="utf-8")
        assert f"b is chosen from 2 recipes by its {NAMES[by]} on texts" in page
    params["experiments"][NAME]["choose_by"] = "macro_f1"
    assert gather(tmp_path, params, NAME).parts[0].by == "macro-f1"
    assert gather(tmp_path, params, NAME, "auc").parts[0].by == "auc"


def test_a_recipe_that_held_nothing_out_is_never_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = experiment(tmp_path, [Made("a", 10, None), Made("b", 5, 4)], monkeypatch)
    assert "b is chosen" in pages(tmp_path, params)["README.md"]
    params = experiment(tmp_path, [Made("a", 10, None), Made("b", 5, None)], monkeypatch)
    made = pages(tmp_path, params)
    assert "so none is chosen" in made["README.md"] and set(made) == {"README.md", "index.html"}


@pytest.mark.parametrize("labels", [NASTY, [*NASTY, "---\nlicense: mit"]])
def test_markup_in_labels_texts_and_titles_is_seen_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: list[str]
) -> None:
    params = experiment(
        tmp_path, [Made("a", 7, 8, "linear", labels=labels), Made("b", 6, 7, labels=labels)], monkeypatch
    )
    written = pages(tmp_path, params)
    markup = " ".join(MARKUP.split())
    page = Reader(written["index.html"])
    assert set(page.tags) <= ALLOWED
    assert page.text.count(markup) > 20 and "\x1b" not in written["index.html"]
    for name in ("README.md", "card.md"):
        text = written[name].partition("\n---\n")[2] if name == "card.md" else written[name]
        rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        seen = Reader(rendered)
        assert set(seen.tags) <= {*ALLOWED, "img", "strong"} and "em" not in seen.tags
        assert seen.text.count(markup) > 5 and "\x1b" not in written[name]
        links = {value for tag, name, value in seen.attributes if name == "href"}
        assert links <= {"card.md", "README.md"}
        for row in re.findall("<tr>.*?</tr>", rendered, re.DOTALL):  # a bar in a label begins no cell
            assert row.count("<t") - 1 in range(1, 13)


def test_the_page_is_one_file_that_loads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = pages(tmp_path, experiment(tmp_path, THREE, monkeypatch))["index.html"]
    reader = Reader(page)
    targets = {value for tag, name, value in reader.attributes if name in LOADING}
    anchors = {value for tag, name, value in reader.attributes if (tag, name) == ("a", "href")}
    assert targets - anchors and all(target.startswith("#") for target in targets - anchors)
    assert not [anchor for anchor in anchors if "//" in anchor]
    names = [value for _, name, value in reader.attributes if name == "id"]
    assert len(names) == len(set(names))
    assert {target[1:] for target in targets if target.startswith("#")} <= set(names)
    style = page[page.index("<style>") : page.index("</style>")]
    assert (
        "url(" not in style and "@import" not in style and "<script" not in page and "<metadata" not in page
    )


def test_the_same_results_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pages(tmp_path, experiment(tmp_path, THREE, monkeypatch))
    assert pages(tmp_path, experiment(tmp_path, THREE, monkeypatch)) == first
    assert set(first) == {"README.md", "index.html", "card.md"}
    assert str(tmp_path) not in "".join(first.values())


def cells(markdown: str, recipe: str) -> Iterator[str]:
    """Of all rows about a recipe."""
    for row in re.findall(rf"^\| \**{recipe}\** \|(.*)\|$", markdown, re.MULTILINE):
        yield from (unescape(cell.strip().replace("\\", "")) for cell in row.split(" | "))


def test_every_number_about_a_recipe_is_in_both_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pages(tmp_path, experiment(tmp_path, THREE, monkeypatch))
    text = Reader(made["index.html"]).text
    numbers = [cell for recipe in "abc" for cell in cells(made["README.md"], recipe)]
    assert len(numbers) >= 3 * 11 + 2 * 4 and all(number in text for number in numbers)
    roles = [[*cells(made["README.md"], recipe)][10] for recipe in "abc"]
    assert roles == ["most frequent label", "chosen, strongest linear", "network"]


def test_figures_are_linked_that_are_there_and_curves_only_of_several_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "reports" / "experiments" / NAME
    for recipes, curves in ((THREE, True), (THREE[:2], False)):
        page = pages(tmp_path, experiment(tmp_path, recipes, monkeypatch))["README.md"]
        figures = re.findall(r"!\[.*\]\((.*)\)", page)
        assert len(figures) == 4 + curves and all((home / figure).is_file() for figure in figures)
        assert any(figure.endswith("/curves.svg") for figure in figures) == curves


def test_each_source_has_a_choice_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = [Made("a", 7, 5), Made("b", 7, 9, source="other"), Made("c", 6, 6)]
    made = pages(tmp_path, experiment(tmp_path, recipes, monkeypatch))
    assert set(made) == {"README.md", "index.html", "card-own.md", "card-other.md"}
    page = made["README.md"]
    assert "c is chosen from 2 recipes" in page and "b is chosen from 1 recipe by" in page


def test_without_texts_none_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = experiment(tmp_path, THREE, monkeypatch)
    index = folder.written(NAME, params, quotes=0, root=tmp_path, weighing=weighing)
    assert all("test 7" not in path.read_text(encoding="utf-8") for path in index.parent.iterdir())
    assert "test 7" in pages(tmp_path, params)["README.md"]


def spoiled(path: Path) -> None:
    if path.suffix == ".csv":
        files.write_text(path, path.read_text(encoding="utf-8").replace("0.", "1.", 1))
    elif path.name.startswith("c"):
        files.write_text(path, path.read_text(encoding="utf-8").replace("b0000", "c0000"))
    else:
        path.unlink()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (
            f"reports/compared/{NAME}/b.json",
            "found no results of b, allowed: an experiment that was compared; run:",
        ),
        (
            f"reports/tables/{NAME}.csv",
            f"is of another run than reports/compared/{NAME}; bring both up to date:",
        ),
        (f"reports/comparisons/{NAME}/accuracy.svg", "is missing; make it with:"),
        (f"data/logits/test/{NAME}/b.npz", "is missing; make it with:"),
        ("data/sources/own/test.parquet", "is missing; make it with:"),
        ("data/models/b/certificate.json", "calibrations/b.json is of another run than data/models/b; bring"),
        ("reports/sources/own.json", "is missing; make it with:"),
    ],
)
def test_what_is_missing_or_of_another_run_is_one_line_and_leaves_the_report_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, line: str
) -> None:
    params = experiment(tmp_path, THREE, monkeypatch)
    before = pages(tmp_path, params)
    spoiled(tmp_path / path)
    with pytest.raises(InputError) as refused:
        folder.written(NAME, params, root=tmp_path, weighing=weighing)
    assert line in str(refused.value) and f"dvc repro compare@{NAME}" in str(refused.value)
    home = tmp_path / "reports" / "experiments" / NAME
    assert {path.name: path.read_text(encoding="utf-8") for path in home.iterdir()} == before


def test_other_logits_than_those_of_the_results_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = experiment(tmp_path, [Made("b", 9, 9)], monkeypatch)
    logits = tmp_path / "data" / "logits" / "test" / NAME / "b.npz"
    others = logits.read_bytes()
    params = experiment(tmp_path, [Made("b", 7, 9)], monkeypatch)
    logits.write_bytes(others)
    with pytest.raises(InputError, match=r"compared/mine/b.json is of another run than .*b.npz; bring both"):
        gather(tmp_path, params, NAME)


def test_two_figures_in_one_page_share_no_name() -> None:
    drawing = '<svg width="9pt" height="9pt"><path id="p" clip-path="url(#q)"/><use href="#p"/></svg>'
    part = '<svg><path id="f1-p" clip-path="url(#f1-q)"/><use href="#f1-p"/></svg>'
    assert as_html.svg(f'<?xml version="1.0"?>{drawing}', "f1-") == part


def test_a_text_is_cut_into_no_link_and_no_second_line() -> None:
    line = as_markdown.inert("see http://x.org, www.x.org\nor a@x.org | \u202e")
    assert line == "see http&#58;//x.org, www&#46;x.org or a&#64;x.org \\|"


def test_cells_are_as_dark_as_they_should_be() -> None:
    table = as_html.page([Table(["x", "<b>"], [["&", "1"]], shares=[[0.5]]), Prose("<i>")])
    assert '<td class="heat" style="--share: 0.500">1</td>' in table and "&lt;b&gt;" in table
    assert "<p>&lt;i&gt;</p>" in table


def test_words_are_coloured_by_their_share_of_the_strongest() -> None:
    words = [("good<", 2.0), ("film", 0.1), ("dull", -1.0)]
    page = as_html.page([Quotes([Quoted(3, "good< film dull", "no", "yes", 0.99999, 0.00001, words)])])
    assert '<mark class="for" style="--share: 1.00" title="+2.000">good&lt;</mark> film ' in page
    assert '<mark class="against" style="--share: 0.50" title="-1.000">dull</mark>' in page
    assert "with &gt; 0.999; its label <b>no</b> has &lt; 0.001" in page


def test_probabilities_that_say_nothing_are_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [recipe] = gather(tmp_path, experiment(tmp_path, [Made("a", 8, 8)], monkeypatch), NAME).parts[0].recipes
    metrics = recipe.result.metrics
    for loss, doubts in ((0.9, 0), (1.005, 0), (1.1, 1)):
        changed = metrics | {"calibrated": {"loss": loss * metrics["test"]["loss"], "ece": 0.1}}
        recipe = replace(recipe, result=replace(recipe.result, metrics=changed))
        assert len([*detail.uncalibrated(recipe)]) == doubts
    recipe = replace(recipe, result=replace(recipe.result, metrics=metrics | {"calibrated": metrics["test"]}))
    for degree, words in (
        (COOLEST, "with seed 43 the model classifies every held-out text right"),
        (HOTTEST, "with seed 43 the highest"),
    ):
        sure = ["43"] if degree == COOLEST else []
        extreme = replace(recipe, temperatures={"42": 1.0, "43": degree}, too_sure=sure)
        [doubt] = detail.uncalibrated(extreme)
        assert words in doubt.lower() and "not calibrated, and a threshold means little" in doubt


def test_no_calibration_is_praised_where_every_held_out_text_is_right_and_all_seeds_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the temperatures is at the limit, the other is 1, as none could be fitted."""
    params = experiment(tmp_path, [Made("a", 8, 10)], monkeypatch)
    path = tmp_path / "data" / "calibrations" / "a.json"
    temperatures = {"42": COOLEST, "43": 1.0}
    key = json.loads(path.read_text(encoding="utf-8"))["key"]
    files.write_json(path, {"key": key, "temperatures": temperatures})
    [recipe] = gather(tmp_path, params, NAME).parts[0].recipes
    assert recipe.too_sure == ["42", "43"]
    page = pages(tmp_path, params)["README.md"]
    short = page[page.index("## In short") : page.index("## The texts")]
    assert "| calibration error | not known | its probabilities are not calibrated |" in short
    assert "With seeds 42, 43 the model classifies every held-out text right" in short
    experiment(tmp_path, [Made("a", 8, 8)], monkeypatch)
    page = pages(tmp_path, params)["README.md"]
    assert "ECE, calibrated, the mean of 2 seeds |" in page and "not calibrated" not in page


@pytest.mark.parametrize("doubtful", ["42", "43"])
def test_a_doubt_about_some_seeds_says_whether_predict_uses_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, doubtful: str
) -> None:
    params = experiment(tmp_path, [Made("a", 8, 8)], monkeypatch)
    path = tmp_path / "data" / "calibrations" / "a.json"
    key = json.loads(path.read_text(encoding="utf-8"))["key"]
    files.write_json(path, {"key": key, "temperatures": {"42": 1.5, "43": 1.5} | {doubtful: HOTTEST}})
    [recipe] = gather(tmp_path, params, NAME).parts[0].recipes
    page = pages(tmp_path, params)["README.md"]
    [fact] = [line for line in page.splitlines() if line.startswith("| calibration error |")]
    if doubtful == "42":  # the first seed
        assert "| not known | its probabilities are not calibrated |" in fact
        assert "Predict, serve and export use one of these, the model of seed 42." in page
    else:
        error = calibration_error(recipe.calibrated, recipe.labels)
        assert (
            fact == f"| calibration error | {error:.3f} | ECE, calibrated, of seed 42, which predict uses |"
        )
        assert "Predict, serve and export use another, the model of seed 42." in page


@pytest.mark.parametrize("own", [True, False])
def test_a_quoted_text_has_the_line_of_the_user_s_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    params = experiment(tmp_path, THREE, monkeypatch)
    test = gather(tmp_path, params, NAME).parts[0].test
    path = tmp_path / "mine.jsonl"
    rows = [
        {"body": text, "team": test.names[label]} for text, label in zip(test.texts, test.labels, strict=True)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    if own:
        entry = {"kind": "files", "path": str(path), "text": "body", "label": "team", "split": {"test": 0.5}}
        params["sources"]["own"] = entry
    made = pages(tmp_path, params)
    where = r"line (\d+)" if own else r"row (\d+) of test.parquet"
    places = re.findall(rf"^\| {where} \| test (\d+) ", made["README.md"], re.MULTILINE)
    assert len(places) == 20 and all(int(place) == int(number) + 1 for place, number in places)
    assert len(re.findall(rf'class="labels">{where}: ', made["index.html"])) == 20
    note = "rows end in mine.jsonl." if own else "Rows are those of data/sources/own/test.parquet, from 1."
    assert note in Reader(made["index.html"]).text


@pytest.mark.parametrize("dropped", [0, 75])
def test_what_became_of_texts_with_several_labels_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: int
) -> None:
    params = experiment(tmp_path, THREE, monkeypatch)
    path = tmp_path / "reports" / "sources" / "own.json"
    sheet = json.loads(path.read_text(encoding="utf-8"))
    duplicates = {"exact": {"train": 75, "test": 0, "between": 0}, "dropped": {"train": dropped, "test": 0}}
    files.write_json(path, sheet | {"contradictory": 24, "duplicates": duplicates})
    page = pages(tmp_path, params)["README.md"]
    done = "once each is left, with the label of its first row in test, else in train"
    assert (
        f"| texts with several labels | 24 | {done if dropped else 'kept with each of their labels'} |"
        in page
    )


def test_of_many_labels_the_pairs_are_listed_that_are_mixed_up_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [f"label {i:02}" for i in range(detail.SQUARE + 1)]
    made = pages(tmp_path, experiment(tmp_path, [Made("a", 7, 8, labels=labels)], monkeypatch))
    rows = re.findall(r"^\| label (\d\d) \| label (\d\d) \| (\d+) \|", made["README.md"], re.MULTILINE)
    assert rows[0][:2] == ("00", "01")  # half of the texts are of the first label
    assert [int(count) for *_, count in rows] == sorted((int(count) for *_, count in rows), reverse=True)
    assert len(rows) > 5 and all(one != other for one, other, _ in rows)


@pytest.mark.slow
def test_the_command_reports_a_study_that_has_run(project: Project) -> None:
    line = project.run("python", "-m", "stages.tools.report", "small").splitlines()[-1]
    home = project.root / "reports" / "experiments" / "small"
    assert line.endswith((home / "index.html").as_uri()) and line.startswith("python -m webbrowser file://")
    page = Reader((home / "index.html").read_text(encoding="utf-8"))
    assert "mark" in page.tags and "script" not in page.tags
    refused = project.run("python", "-m", "stages.tools.report", "smal", fails=True)
    assert refused == "error: there is no comparison 'smal'; there is small\n"
