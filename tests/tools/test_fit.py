"""`fit`: what it takes of a file unasked is what a person would take, and what it writes is a study."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.runtime.config import ROOT, InputError, parse, read
from stages.sources import files
from stages.study.composition import compose
from stages.study.schema import Experiment, check
from stages.tools.fit import __main__ as fit
from stages.tools.fit import experiment, from_table, look, pipeline
from stages.tools.report import folder as reports
from stages.tools.report import ranking
from tests.sources.tables import delimited, save

TICKETS = [
    (f"the {i}th ticket, which says a little more", ["sales", "support", "other"][i % 3]) for i in range(60)
]


def table(header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    lines = [delimiter.join(map(str, row)) for row in ([header] if header else []) + [*rows]]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [
        (i, f"größere Schäden an Türen und Böden, schön war das für mich nicht {i}", "jä"[i % 2 : i % 2 + 1])
        for i in range(40)
    ]
    quoted = [(i, f'"{text}"', label) for i, text, label in rows]
    path = save(tmp_path / "a.csv", table(["id", "body", "team"], quoted, delimiter).encode(encoding))
    found = look.look(path)
    assert [row["body"] for row in found.rows] == [text for _, text, _ in rows]
    assert found.how.delimiter == (None if delimiter == "," else delimiter)
    names = look.columns(found)
    assert (names.texts, names.label) == (("body",), "team")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_field_may_be_quoted(tmp_path: Path, delimiter: str) -> None:
    quoted = [[f'"{value}"' for value in row] for row in [("body", "team"), *TICKETS]]
    found = look.look(save(tmp_path / "a.csv", table([], quoted, delimiter)))
    assert look.usable(found.rows, look.columns(found)) == tuple(map(list, zip(*TICKETS, strict=True)))


def test_a_header_is_told_from_a_first_row(tmp_path: Path) -> None:
    without = save(tmp_path / "a.csv", "".join(f'{label},"{text}"\n' for text, label in TICKETS))
    found = look.look(without)
    assert len(found.rows) == 60 and found.how.columns == ("column 1", "column 2")
    names = look.columns(found)
    assert (names.texts, names.label) == (("column 2",), "column 1")
    assert look.look(save(tmp_path / "b.csv", delimited(TICKETS))).how.columns is None


def test_several_columns_make_a_text_as_the_source_makes_it(tmp_path: Path) -> None:
    rows = [("" if i % 3 else f"no. {i}", f'"{text}"', label) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "a.csv", table(["subject", "body", "team"], [*rows, (" ", "", "other")]))
    given = from_table.given(path, ["subject", "body"], None, None)
    source = read(files.Source, given.entry("a"), "sources.a")
    splits = files.load(source)
    assert sorted(given.texts) == sorted(text for split in splits.values() for text in split.texts)
    assert "columns 'subject' and 'body'" in given.notes[0] and len(given.texts) == len(TICKETS)
    for texts in (["body", "body"], ["body", "team"]):
        with pytest.raises(InputError, match="allowed: each column once"):
            from_table.given(path, texts, "team", None)


def test_false_is_a_label(tmp_path: Path) -> None:
    objects = [{"text": text, "spam": bool(i % 2)} for i, (text, _) in enumerate(TICKETS)]
    path = save(tmp_path / "a.jsonl", "".join(json.dumps(each) + "\n" for each in objects))
    given = from_table.given(path, None, None, None)
    splits = files.load(read(files.Source, given.entry("a"), "sources.a"))
    assert len(given.texts) == len(TICKETS) and set(given.labels) == set(splits["train"].names)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv.gz"])
def test_other_formats_are_read_too(tmp_path: Path, suffix: str) -> None:
    objects = [{"text": text, "label": label} for text, label in TICKETS]
    content: dict[str, Any] = {
        ".jsonl": "".join(json.dumps(each) + "\n" for each in objects),
        ".json": json.dumps(objects),
        ".csv.gz": gzip.compress(delimited(TICKETS).encode()),
    }
    found = look.look(save(tmp_path / f"a{suffix}", content[suffix]))
    names = look.columns(found)
    assert look.usable(found.rows, names) == tuple(map(list, zip(*TICKETS, strict=True)))


def workbook() -> bytes:
    """As much of an .xlsx file as tells it from a table."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_workbook_with_another_name_is_refused_in_a_line_that_says_what_to_save_it_as(
    tmp_path: Path, name: str
) -> None:
    path = save(tmp_path / name, workbook())
    with pytest.raises(InputError, match=r"; name it \.xlsx, or save it as CSV$"):
        from_table.given(path, None, None, None)


def test_a_test_split_that_is_no_table_is_refused(tmp_path: Path) -> None:
    table = save(tmp_path / "a.csv", delimited(TICKETS))
    for test in (tmp_path / "missing.csv", save(tmp_path / "b.xls", workbook()), tmp_path):
        with pytest.raises(InputError, match=r"--test: found .*, allowed: a table as a\.csv; save it as CSV"):
            from_table.given(table, None, None, test)


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    rows = [(text, label, "ab"[i % 2]) for i, (text, label) in enumerate(TICKETS)]
    path = save(tmp_path / "a.csv", table(["words", "one", "two"], [(f'"{t}"', *more) for t, *more in rows]))
    found = look.look(path)
    with pytest.raises(InputError, match="--label: several columns may be it: one, two; name one of"):
        look.columns(found)
    assert look.columns(found, label="two").label == "two"
    with pytest.raises(InputError, match=r"--text: found 'word', allowed: a column of .*: words, one, two"):
        look.columns(found, ["word"])
    numbers = save(tmp_path / "b.csv", table(["words", "score"], [(f"text {i}", i / 7) for i in range(60)]))
    with pytest.raises(InputError, match="no column has 2 to 100 different values"):
        look.columns(look.look(numbers))


def test_the_sheet_tells_what_a_person_should_know() -> None:
    texts = ["one two", "one two", "three", "three", "four"] * 2
    labels = ["Spam", "Spam", "spam", "ham", "ham"] * 2
    told = "\n".join(look.sheet(texts, labels))
    assert "10 rows, 3 labels: Spam 40.0%, ham 40.0%, spam 20.0%" in told
    assert "7 texts repeat another" in told and "1 texts have several labels" in told
    assert "look like one: 'Spam', 'spam'" in told
    clean = list(look.sheet(["a", "b"], ["x", "y"]))
    assert len(clean) == 2


@pytest.mark.parametrize("words", [8, 400])
@pytest.mark.parametrize("minutes", [0.1, 600])
def test_what_is_written_composes_and_is_accepted(tmp_path: Path, words: int, minutes: float) -> None:
    source = {
        "kind": "files",
        "path": "tickets.csv",
        "text": "the body",
        "label": "team: x",
        "split": {"test": 0.2},
    }
    lengths = np.random.default_rng(0).integers(1, 2 * words, 3000)
    text = experiment.written("tickets", "Tickets: a & b", source, experiment.Texts(lengths, 9000), minutes)
    made = yaml.safe_load(text)
    read(files.Source, made["sources"]["tickets"], "sources.tickets")
    conf = tmp_path / "conf"
    for folder in ("models", "trainings"):
        (conf / folder).mkdir(parents=True)
        for path in (ROOT / "conf" / folder).glob("*.yaml"):
            if "members" not in (entry := parse(path, path.name)) and "teacher" not in entry:
                (conf / folder / path.name).write_bytes(path.read_bytes())
    for name in ("config.yaml", "figures.yaml", "names.yaml", "samples.yaml"):
        (conf / name).write_bytes((ROOT / "conf" / name).read_bytes())
    (conf / "experiments").mkdir()
    (conf / "experiments" / "tickets.yaml").write_text(text, encoding="utf-8")
    params = yaml.safe_load(compose([], conf))
    check(params)
    recipes = params["comparisons"]["tickets"]["recipes"]
    assert recipes[:2] == ["tickets-majority", "tickets-logistic"]
    assert ("tickets-bilstm" in recipes) == (minutes > 1)
    assert ("tickets-characters" in recipes) == (minutes > 1 and words < 30)


@pytest.mark.parametrize(
    ("counts", "asked", "stated"),
    [
        ((50, 50), None, None),
        ((90, 10), None, "macro_f1"),
        ((90, 10), "auc", "auc"),
        ((50, 50), "macro-f1", "macro_f1"),
        ((90, 10), "accuracy", None),
    ],
)
def test_what_ranks_is_written_where_an_accuracy_hides_rare_labels_or_something_else_was_asked_for(
    counts: tuple[int, int], asked: str | None, stated: str | None
) -> None:
    labels = ["a"] * counts[0] + ["b"] * counts[1]
    some = experiment.Texts(np.full(100, 9), 500)
    text = experiment.written("x", "X", {"path": "x.csv"}, some, 1, fit.chosen_by(labels, asked))
    entry = yaml.safe_load(text)
    assert entry.get("choose_by") == stated
    assert read(Experiment, entry, "experiments.x").choose_by == stated
    assert ranking.choosing(entry) == (stated or "accuracy").replace("_", "-")
    assert ranking.choosing(entry, "loss") == "loss"


def test_what_an_experiment_may_choose_by_is_what_ranks() -> None:
    for by in ranking.BY:
        entry: dict[str, Any] = {"title": "x", "vary": {"a": {"b": {}}}}
        entry["choose_by"] = by.replace("-", "_")
        assert ranking.choosing(entry) == by == ranking.measure(entry["choose_by"])
        read(Experiment, entry, "experiments.x")
    with pytest.raises(
        InputError, match=r"experiments\.x\.choose_by: found \"macro-f1\", allowed: .*'macro_f1'"
    ):
        read(Experiment, {"title": "x", "vary": {"a": {"b": {}}}, "choose_by": "macro-f1"}, "experiments.x")


def test_few_texts_are_trained_on_with_more_seeds_which_networks_take_longer_for() -> None:
    texts = experiment.Texts(np.full(300, 9), 500)
    few, many = (
        yaml.safe_load(experiment.written("x", "X", {"path": "x.csv"}, texts, 1.5, few=few))
        for few in (True, False)
    )
    assert (few["seeds"], many["seeds"]) == (10, 3)
    recipes = [set(each["vary"]["model"]) for each in (few, many)]
    assert {"majority", "logistic", "characters"} <= recipes[0] < recipes[1]


def test_arrays_are_wide_enough_for_nearly_all_texts() -> None:
    lengths = np.random.default_rng(0).integers(3, 900, 2000)
    widths = experiment.boundaries(lengths, 900)
    assert widths[-1] >= 900 and widths == sorted(set(widths))
    places = np.array(widths)[np.searchsorted(widths, lengths)]
    assert places.sum() / lengths.sum() < 1.2


def test_the_best_on_held_out_texts_is_named_and_the_report_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"mine-logistic": (0.8, 0.4), "mine-svm": (0.9, 0.5), "mine-bilstm": (0.9, 0.3)}
    study: dict[str, Any] = {
        "comparisons": {"mine": {"recipes": [*held]}},
        "recipes": {name: {"corpus": "c", "seeds": [1]} for name in held},
    }
    study["corpora"] = {"c": {"source": "s"}}
    reported: list[str] = []

    def written(name: str, study: dict[str, Any], by: str) -> Path:
        reported.append(f"{name} by {by}")
        return tmp_path / "index.html"

    def held_out(recipe: str, experiment: str, data: Path) -> ranking.HeldOut:
        accuracy, loss = held[recipe]
        measures = {"accuracy": accuracy, "macro-f1": 0.5, "auc": 0.5, "loss": loss}
        return ranking.HeldOut(recipe, measures, 9, 9, 5000)

    monkeypatch.setattr(pipeline, "repro", lambda targets, shares: None)
    monkeypatch.setattr(pipeline, "imbalance", lambda source, by: None)
    monkeypatch.setattr(pipeline, "metrics", lambda recipe: {"test": {"accuracy": 1 - held[recipe][0]}})
    monkeypatch.setattr(ranking, "held_out", held_out)
    monkeypatch.setattr(reports, "written", written)
    pipeline.run("mine", study, "accuracy", 1.0)
    told = capsys.readouterr().out
    assert "mine-bilstm is chosen by its held-out texts. On the test split: 10.0% right." in told
    last = re.findall(r"(mine-\w+) +\d+\.\d", told)[-3:]
    assert last == ["mine-bilstm", "mine-svm", "mine-logistic"]
    assert (
        reported == ["mine by accuracy"]
        and f"python -m webbrowser {(tmp_path / 'index.html').as_uri()}" in told
    )
