"""Pages say what the reports say: a number that changes is another number on the page, or an error."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.reporting.comparison import Result
from stages.runtime import files
from stages.runtime.config import ROOT, InputError, parse
from stages.tools.pages import __main__ as pages
from stages.tools.pages import facts
from tests.recipes import result


@pytest.fixture
def afresh() -> Iterator[Callable[[], None]]:
    """Forgets what was read of the reports; so does the end of the test."""

    def forget() -> None:
        for each in vars(facts).values():
            if hasattr(each, "cache_clear") and each is not facts.study:
                each.cache_clear()

    forget()
    yield forget
    forget()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the committed pages read."""
    folder = tmp_path / "reports"
    shutil.copytree(facts.REPORTS, folder, ignore=shutil.ignore_patterns("*.svg", "*.html", "chapters"))
    monkeypatch.setattr(facts, "REPORTS", folder)
    return folder


def changed(path: Path, accuracy: float) -> None:
    """Metrics with another test accuracy."""
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics["test"]["accuracy"] = accuracy
    path.write_text(json.dumps(metrics), encoding="utf-8")


def test_another_metric_is_another_sentence_on_a_page(reports: Path, afresh: Callable[[], None]) -> None:
    path = reports / "metrics" / "baselines-imdb-nb-svm.json"
    page = "reports/comparisons/baselines-imdb.md"
    before = pages.rendered(page)
    assert before == (ROOT / page).read_text(encoding="utf-8") and "reaches 91.1 %" not in before
    changed(path, 0.911)
    afresh()
    assert "reaches 91.1 %" in pages.rendered(page)


def test_a_metric_that_contradicts_a_page_lets_it_fail(reports: Path, afresh: Callable[[], None]) -> None:
    page = "reports/comparisons/demo.md"
    assert "Models that count words guess" in pages.rendered(page)
    changed(reports / "metrics" / "demo-pooled.json", 0.8)
    afresh()
    with pytest.raises(InputError, match=r"comparisons/demo\.md: .* Models that count words guess"):
        pages.rendered(page)


@pytest.mark.usefixtures("afresh")
def test_costs_are_columns_as_far_as_they_are_known(reports: Path) -> None:
    header = (
        "recipe,seconds_per_epoch,total_seconds,tokens_per_second,peak_memory_mib,processor,backend,commit"
    )
    names = {"demo-lstm": "reads", "demo-pooled": "counts"}
    (reports / "timings.csv").write_text(f"{header}\n", encoding="utf-8")
    assert facts.accuracies(names, costs=True) == facts.accuracies(names) and not facts.timed(names)
    facts.timings.cache_clear()
    row = 'demo-lstm,200.1,1234.5,100,2048,"Some(R) Processor @ 2 GHz",tensorflow,'
    (reports / "timings.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    header_line, _, lstm, pooled = facts.accuracies(names, costs=True).splitlines()
    assert header_line.endswith("| seeds | seconds | memory, MiB |")
    assert lstm.endswith("| 1,234 | 2,048 |") and pooled.endswith("|  |  |")
    assert "on Some(R) Processor @ 2 GHz. An empty cell was not timed." in facts.timed(names)
    assert "empty" not in facts.timed(["demo-lstm"])


@pytest.mark.usefixtures("afresh")
def test_the_table_of_the_ladder_names_the_processor_that_timed_it(reports: Path) -> None:
    row = 'ladder-early,20,60,100,1024,"Some(R) Processor",tensorflow,\n'
    with (reports / "timings.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    page = pages.rendered("reports/comparisons/ladder.md")
    assert "| 60 | 1,024 |" in page and "Some(R) Processor" in page


@pytest.mark.usefixtures("afresh")
def test_facts_are_read_from_histories_samples_and_processors(reports: Path) -> None:
    lines = "seed,epoch,val_accuracy\n42,1,0.5\n42,2,0.75\n43,1,0.25\n"
    (reports / "history" / "demo-lstm.csv").write_text(lines, encoding="utf-8")
    assert facts.finals("demo-lstm") == [0.75, 0.25]
    answers = {"cool": {"probability": 0.9}, "dull": {"probability": 0.125}}
    files.write_json(reports / "samples" / "demo-lstm.json", answers)
    assert facts.sample("demo-lstm", "cool") == 0.9 and facts.sample("demo-lstm", "dull") == 0.125
    with pytest.raises(InputError, match=r"samples\.yaml: found no 'grey', allowed: one of cool, dull"):
        facts.sample("demo-lstm", "grey")
    rows = 'recipe,processor\na,"AMD EPYC (family 25, model 17)"\nb,Xeon\nc,AMD EPYC\n'
    (reports / "processors.csv").write_text(rows, encoding="utf-8")
    assert facts.trained_on("EPYC") == 2 and facts.trained_on("Xeon") == 1


def test_the_recipes_that_read_a_test_split_are_counted_by_its_source() -> None:
    params, corpora = facts.study(), facts.study()["corpora"]
    of_demo = [
        name for name, each in params["recipes"].items() if corpora[each["corpus"]]["source"] == "demo"
    ]
    assert facts.read_by("demo") == len(of_demo)
    with pytest.raises(InputError, match="nowhere"):
        facts.read_by("nowhere")


def test_a_number_that_a_lesson_does_not_give_is_an_error() -> None:
    assert facts.reported("tutorial-bilstm") == 0.8499
    with pytest.raises(InputError, match="layers-pooled: found no test_loss"):
        facts.reported("layers-pooled", "test_loss")


def test_recipes_are_found_by_source_and_architecture() -> None:
    assert facts.recipes("demo", ["lstm", "simple_rnn"]) == ["demo-simple-rnn", "demo-lstm", "demo-bilstm"]


def test_a_sentence_that_no_longer_holds_is_an_error() -> None:
    assert facts.holds(2 > 1, "Two is more.") == "Two is more."
    with pytest.raises(InputError, match="Two is less"):
        facts.holds(2 < 1, "Two is less.")


def test_sentences_of_several_lines_hold_or_not_as_one_does() -> None:
    assert facts.holds(True, caller=lambda: "One.\nTwo.") == "One.\nTwo."
    with pytest.raises(InputError, match=r"mend the sentence, .*: One\. Two\."):
        facts.holds(False, caller=lambda: "One.\nTwo.")


def test_a_sentence_that_no_longer_holds_names_its_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some.md").write_text('{{ holds(true, "Yes.") }}\n', encoding="utf-8")
    (tmp_path / "wrong.md").write_text('Well. {{ holds(false, "No\nlonger.") }}\n', encoding="utf-8")
    monkeypatch.setattr(pages, "ROOT", tmp_path.parent)
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path)
    pages.templates.cache_clear()
    try:
        assert pages.pages() == ["some.md", "wrong.md"]
        assert pages.rendered("some.md") == "Yes.\n"
        with pytest.raises(InputError, match=rf"^{tmp_path.name}/wrong\.md: .* mend .*: No longer\.$"):
            pages.rendered("wrong.md")
    finally:
        pages.templates.cache_clear()


def test_a_slope_leads_from_the_first_slice_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slices").mkdir()
    lines = "length,1,5,9,0.75\nlength,6,7,9,0.5\nlength,8,9,9,0.25\n"
    lines += "oov_rate,0,0.1,9,0.5\noov_rate,0.1,0.2,9,0.75\n"
    (tmp_path / "slices" / "demo-lstm.csv").write_text("by,low,high,texts,accuracy\n" + lines)
    monkeypatch.setattr(facts, "REPORTS", tmp_path)
    assert facts.slope("demo-lstm", "length") == -0.5
    assert facts.slope("demo-lstm", "oov_rate") == 0.25


@pytest.mark.parametrize(
    ("share", "signed"), [(0.9217, "+92.2"), (-0.0451, "\N{MINUS SIGN}4.5"), (0.0, "+0.0"), (-0.0001, "+0.0")]
)
def test_differences_of_shares_have_a_sign(share: float, signed: str) -> None:
    assert facts.signed(share) == signed


def test_a_table_follows_the_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "tables").mkdir()
    table = "recipe,test_accuracy,low,high,test_accuracy_sd,seeds\n"
    for recipe, accuracy in (("demo-lstm", 0.75), ("demo-pooled", 0.5)):
        (tmp_path / "metrics" / f"{recipe}.json").write_text(f'{{"test": {{"accuracy": {accuracy}}}}}')
        table += f"{recipe},{accuracy},0.4,0.8,0.01,3\n"
    (tmp_path / "tables" / "demo.csv").write_text(table)
    monkeypatch.setattr(facts, "REPORTS", tmp_path)
    facts.metrics.cache_clear()
    facts.line.cache_clear()
    try:
        lines = facts.accuracies({"demo-lstm": "reads", "demo-pooled": "counts"}).splitlines()
    finally:
        facts.metrics.cache_clear()
        facts.line.cache_clear()
    assert lines[2:] == [
        "| `demo-lstm` | reads | **75.0** ± 1.0 | 40.0 to 80.0 | 3 |",
        "| `demo-pooled` | counts | 50.0 ± 1.0 | 40.0 to 80.0 | 3 |",
    ]


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reports of three recipes that were tested on the same texts; only the last is shown to differ."""
    for folder in ("tables", "differences"):
        (tmp_path / folder).mkdir()
    names = ["demo-pooled", "demo-lstm", "demo-bilstm"]
    shares = zip(names, ("0.70", "0.71", "0.90"), strict=True)
    table = "recipe,test_accuracy\n" + "".join(f"{name},{share}\n" for name, share in shares)
    (tmp_path / "tables" / "demo.csv").write_text(table)
    lines = [
        "first,second,difference,real",
        "demo-pooled,demo-lstm,-0.0100,no",
        "demo-pooled,demo-bilstm,-0.2000,yes",
        "demo-lstm,demo-bilstm,-0.1900,yes",
    ]
    (tmp_path / "differences" / "demo.csv").write_text("\n".join(lines))
    monkeypatch.setattr(facts, "REPORTS", tmp_path)
    caches = (facts.line, facts.behind, facts._differences)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


@pytest.mark.usefixtures("pairs")
def test_of_equally_accurate_recipes_the_first_is_the_best() -> None:
    table = "recipe,test_accuracy\n" + "".join(f"demo-{name},1\n" for name in ("pooled", "lstm", "bilstm"))
    (facts.REPORTS / "tables" / "demo.csv").write_text(table)
    assert facts.behind("demo-pooled") is None
    assert facts.behind("demo-lstm") == ("demo-pooled", -1.0, False)
    assert facts.behind("demo-bilstm") == ("demo-pooled", -20.0, True)


@pytest.mark.usefixtures("pairs")
def test_what_is_shown_to_differ_follows_from_the_tested_pairs() -> None:
    assert facts.difference("demo-pooled", "demo-lstm") == (-1.0, False)
    assert facts.difference("demo-bilstm", "demo-pooled") == (20.0, True)
    assert facts.behind("demo-pooled") == ("demo-bilstm", 20.0, True)
    assert facts.behind("demo-bilstm") is None
    assert facts.ahead("demo-bilstm", "demo-pooled") and not facts.ahead("demo-pooled", "demo-bilstm")
    assert not facts.ahead("demo-lstm", "demo-pooled")
    assert facts.alike("demo-lstm", "demo-pooled") and not facts.alike("demo-bilstm", "demo-pooled")
    assert facts.same("demo-bilstm") and not facts.same("demo-lstm")


@pytest.mark.usefixtures("pairs")
def test_each_step_is_beside_the_one_before() -> None:
    names = {"demo-pooled": "counts", "demo-lstm": "reads", "demo-bilstm": "reads twice"}
    assert facts.steps(names).splitlines()[2:] == [
        "| reads | +1.0 | no difference shown |",
        "| reads twice | +19.0 | more accurate |",
    ]


def test_a_recipe_without_reports_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(facts, "REPORTS", tmp_path)
    facts.metrics.cache_clear()
    with pytest.raises(InputError, match=r"demo-lstm\.json"):
        facts.test("demo-lstm")
    with pytest.raises(InputError, match="demo-lstx"):
        facts.test("demo-lstx")


def test_each_claim_of_a_lesson_has_a_sentence_and_no_other_has() -> None:
    sentences = dict.fromkeys(parse(ROOT / facts.PUBLISHED, facts.PUBLISHED)["claims"], "As published.")
    assert facts.claimed(sentences).count("As published.") == len(sentences)
    one, *_ = sentences
    for gaps in (
        {name: text for name, text in sentences.items() if name != one},
        sentences | {"no-claim": ""},
    ):
        with pytest.raises(InputError, match=f"{one}|no-claim"):
            facts.claimed(gaps)


@pytest.fixture
def ensemble(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ensemble that is as accurate as one of its members and far better than the other."""
    recipes = {
        "both-all": {"experiment": "both", "model": {"members": "one"}},
        "both-best": {"experiment": "both", "model": {"members": "one"}},
    }
    texts, names = 400, ("one", "both")
    shares = {"one": {"one-good": 0.9, "one-bad": 0.6}, "both": {"both-all": 0.9, "both-best": 1.0}}

    def results(folder: Path, entry: Any) -> list[Result]:
        random = np.random.default_rng(len(folder.name))
        rights = {recipe: random.random((2, texts)) < share for recipe, share in shares[folder.name].items()}
        return [
            result(recipe, right=[np.packbits(row).tobytes().hex() for row in right], confusion=[[texts]])
            for recipe, right in rights.items()
        ]

    monkeypatch.setattr("stages.reporting.comparison.load", results)
    monkeypatch.setattr(facts, "_path", lambda kind, name: Path(kind, name))
    monkeypatch.setattr(facts, "study", lambda: {"recipes": recipes, "comparisons": dict.fromkeys(names)})
    facts._members.cache_clear()
    yield
    facts._members.cache_clear()


@pytest.mark.usefixtures("ensemble")
def test_an_ensemble_is_tested_beside_each_of_its_members() -> None:
    rows = [line.strip("| ").split(" | ") for line in facts.beside_members("both-all").splitlines()[2:]]
    assert [(row[0], row[-1]) for row in rows] == [
        ("one-good", "no difference shown"),
        ("one-bad", "less accurate"),
    ]
    assert 20 < float(rows[1][1]) < 40 and facts.best_member("both-all") == "one-good"
    assert not facts.beats_members("both-all") and facts.beats_members("both-best")
