"""The benchmark compares like with like, and reports/speed.md shows its committed figures."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from stages.artifacts.padding import pad
from stages.runtime import files
from stages.runtime.config import ROOT, InputError
from stages.tools.bench import __main__ as bench
from stages.tools.bench import cases, results, texts, tokenizing, training, using

REPORT = json.loads(bench.REPORT.read_text(encoding="utf-8")) if bench.REPORT.exists() else {}
USED: list[tuple[str, dict[str, float] | str]] = [
    ("predict, linear", {"texts_per_second": 20_123, "peak_mib": 300}),
    ("package, linear", {"package_mb": 12.4, "start": 1.12, "latency_ms": 0.9}),
    ("package, bag", "onnx: not installed"),
    (
        "serve, linear",
        {"requests_per_second": 189.0, "p99_ms": 152.3, "requests_per_second_plain": 78.8}
        | {"p99_ms_plain": 329.0, "times_plain": 2.4, "lost_when_stopped": 0},
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, case in cases.CASES.items() if case.baseline == "notebook"])
def test_the_baselines_model_has_the_layers_and_parameters_of_ours(name: str) -> None:
    from stages.network.backend import keras

    case = cases.CASES[name]
    ours, theirs = training.our_model(case, 50), training.notebook_model(keras, case, 50)
    theirs.build((None, 120))
    assert ours.count_params() == theirs.count_params()
    assert sum(bool(layer.weights) for layer in ours.layers) == len([x for x in theirs.layers if x.weights])


@pytest.mark.parametrize("case", [*cases.CASES.values(), cases.ACCURACY])
def test_both_ways_get_the_same_texts(case: cases.Case) -> None:
    case = replace(case, texts=1000)
    tokens, padded = texts.tokens_of(case, full=False), texts.padded_of(case, full=False)
    again = pad(tokens, texts.padding(case.corpus))
    assert [ids.tolist() for ids in again.ids] == [ids.tolist() for ids in padded.ids]
    assert len(tokens.labels) == case.texts // 5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed", "ignore:Your input ran out of data")
@pytest.mark.parametrize("name", ["BiLSTM 64, subwords", "conv1d, words"])
def test_both_ways_train_on_the_same_tokens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.CASES[name]
    small = {"embedding": 2, "dense": 2, "filters": 2, "units": [2]}
    sizes = {**case.sizes, **{size: small[size] for size in small if size in case.sizes}}
    monkeypatch.setitem(cases.CASES, name, replace(case, texts=75, sizes=sizes))
    monkeypatch.setattr(training, "warming_up", lambda case: replace(case, texts=50))
    monkeypatch.setattr("stages.network.fitting.STEPS", 1)  # the trace of 16 takes seconds
    ours, theirs = (bench.one(name, way, full=False) for way in ("ours", "baseline"))
    assert ours.tokens == theirs.tokens <= ours.places <= theirs.places
    assert min(ours.seconds, theirs.seconds, ours.peak_mib) > 0


@pytest.mark.slow
def test_a_case_may_be_another_ones_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[cases.Case] = []

    def train(case: cases.Case, full: bool) -> cases.Measured:
        asked.append(case)
        return cases.Measured(1, 1.0, 1)

    monkeypatch.setattr(bench, "train_ours", train)
    bench.one("peephole LSTM 32, words, beside our LSTM", "baseline", full=False)
    bench.one("BiLSTM 64, subwords, four times the texts", "baseline", full=False)
    assert asked == [cases.CASES["LSTM 32, words"], *cases.QUARTER.values()]


@pytest.mark.slow
@pytest.mark.parametrize("name", tokenizing.TOKENIZING)
def test_both_ways_tokenize_the_same_texts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizing, "raw_texts", lambda splits, full: ["some words", "some more words"] * 20)
    ours, theirs = (bench.one(name, way, full=False) for way in ("ours", "baseline"))
    assert ours.tokens == theirs.tokens > 0 and min(ours.seconds, theirs.seconds) > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed", "ignore:Your input ran out of data")
@pytest.mark.parametrize("way", ["ours", "baseline"])
def test_accuracies_are_shares_of_what_was_held_out(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ACCURACY", replace(cases.ACCURACY, texts=500, epochs=1))
    accuracy = training.held_out_accuracy(way, seed=1, full=False)  # of 10 of 100 texts
    assert 0 <= accuracy <= 1 and accuracy * 10 == pytest.approx(round(accuracy * 10))


def test_a_row_is_the_medians_of_processes_of_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"ours": iter([1.0, 9.0, 2.0]), "baseline": iter([4.0, 3.0, 90.0])}

    def measured(_: str, name: str, way: str, full: bool) -> dict[str, float]:
        return {"tokens": 100, "seconds": next(seconds[way]), "places": 150, "peak_mib": 7}

    monkeypatch.setattr(bench, "in_process", measured)
    row = bench.compared("conv1d, words", full=True)
    assert (row["ours"], row["baseline"], row["ratio"]) == (50, 25, 2.0)
    assert row["padding"] == 1.5 and row["peak_mib_baseline"] == 7


def test_accuracies_are_those_of_every_seed_and_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"ours": [0.5, 0.6, 0.7], "baseline": [0.1, 0.1, 0.1]}
    monkeypatch.setattr(bench, "in_process", lambda _, way, seed, full: shares[way][int(seed) - 1])
    expected = {"accuracy": 0.6, "deviation": 0.1, "accuracy_baseline": 0.1, "deviation_baseline": 0.0}
    assert bench.accuracies() == expected


def test_a_process_that_fails_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^bench --one nothing ours failed: .*nothing"):
        bench.in_process("--one", "nothing", "ours", full=False)


@pytest.mark.parametrize("status", ["Data and pipelines are up to date.", "train@x: changed"])
def test_the_small_benchmark_shows_all_rows_and_writes_nothing(
    status: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"ours": 2, "baseline": 1, "ratio": 2.0, "padding": 1.0, "peak_mib": 3}
    row |= {"padding_baseline": 4.0, "peak_mib_baseline": 5}
    monkeypatch.setattr(bench, "compared", lambda name, full: row)
    monkeypatch.setattr(bench, "waits", lambda line: {"seconds": 0.5})
    monkeypatch.setattr(using, "rows", lambda full, in_process, waits: iter(USED))
    monkeypatch.setattr("subprocess.run", lambda *line, **how: SimpleNamespace(stdout=status))
    before = bench.REPORT.read_bytes()
    bench.main([])
    printed = capsys.readouterr().out
    assert all(f"| {name} | 1 | 2 | **2.0** |" in printed for name in [*cases.CASES, *tokenizing.TOKENIZING])
    assert "package, bag: left out, onnx: not installed" in printed and "| package, bag" not in printed
    assert "| predict, linear | 20,123 | 300 |" in printed
    assert "| package, linear | 12.4 | 1.1 | 0.90 |" in printed
    assert "| serve, linear | 79 | 189 | **2.4** | 329, 152 | 0 |" in printed
    assert "| start of summary | 0.5 s |" in printed and bench.machine() in printed
    idle = [f"| {name}, nothing to do | 0.5 s |" in printed for name in ("dvc repro", "dvc status", "plan")]
    assert idle == 3 * ["up to date" in status]
    assert bench.REPORT.read_bytes() == before


def test_what_is_not_trained_or_not_installed_is_left_out_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(using, "ROOT", tmp_path)
    reasons = dict(using.rows(False, None, None))
    assert {*reasons} == {
        f"{way}, {kind}" for way in ("predict", "package", "serve") for kind in using.RECIPES
    }
    assert reasons["serve, bag"] == (
        "best-hashed-bag is not trained; train it with: dvc repro evaluate@best-hashed-bag"
    )
    (tmp_path / "data" / "models" / "best-hashed-bag").mkdir(parents=True)
    assert "download@imdb" in str(dict(using.rows(False, None, None))["predict, bag"])
    files.write_text(tmp_path / "data" / "sources" / "imdb" / "test.parquet", "")
    assert using.missing("bag", ("numpy", "no_such_package")) == "no_such_package: not installed"
    assert using.missing("bag", ("numpy",)) is None


def test_made_up_texts_are_as_long_as_reviews() -> None:
    lengths = texts.made_up(20_000).lengths
    assert np.median(lengths) == pytest.approx(253, rel=0.05)
    assert lengths.mean() == pytest.approx(344, rel=0.05)


def test_a_subset_keeps_each_texts_ids_and_label() -> None:
    tokens = texts.made_up(50)
    keep = np.arange(50) % 3 == 1
    part = texts.subset(tokens, keep)
    for new, old in enumerate(np.flatnonzero(keep)):
        expected = tokens.ids[tokens.offsets[old] : tokens.offsets[old + 1]]
        assert part.ids[part.offsets[new] : part.offsets[new + 1]].tolist() == expected.tolist()
        assert part.labels[new] == tokens.labels[old]


def test_the_page_on_speed_has_the_tables_of_every_part_and_their_machines() -> None:
    text = (ROOT / "reports" / "speed.md").read_text(encoding="utf-8")
    assert set(REPORT) == set(bench.PARTS)
    for part, measured in REPORT.items():
        assert f"On {measured['machine']}:\n\n{results.TABLES[part](measured['rows'])}" in text


def test_a_part_that_is_measured_again_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    others = {"speeds": {"machine": "another", "rows": {}}}
    old = {"waits": {"machine": "another", "rows": {"gone": {"seconds": 1}}}}
    monkeypatch.setattr(bench, "REPORT", tmp_path / "bench.json")
    files.write_json(bench.REPORT, others | old)
    monkeypatch.setattr(bench, "waits", lambda line: {"seconds": 0.5})
    monkeypatch.setattr("subprocess.run", lambda *line, **how: SimpleNamespace(stdout="up to date"))
    bench.main(["--full", "--part", "waits"])
    report = json.loads(bench.REPORT.read_text(encoding="utf-8"))
    assert report["speeds"] == others["speeds"] and report["waits"]["machine"] == bench.machine()
    assert "gone" not in report["waits"]["rows"]
    assert report["waits"]["rows"]["plan, nothing to do"] == {"seconds": 0.5}


def test_every_row_of_speeds_has_the_figures_that_are_promised() -> None:
    measured = REPORT["speeds"]["rows"]
    rows = [row for name, row in measured.items() if name in [*cases.CASES, *tokenizing.TOKENIZING]]
    assert len(rows) == len(cases.CASES) + len(tokenizing.TOKENIZING)
    for row in rows:
        assert {"ours", "baseline", "ratio", "peak_mib"} <= set(row)
        assert row["ratio"] == pytest.approx(row["ours"] / row["baseline"], abs=0.02)
