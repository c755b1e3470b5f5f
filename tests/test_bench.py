"""The benchmark compares like with like, and README.md shows its committed figures."""

import json

import numpy as np
import pytest

from stages import bench
from stages.lib.config import ROOT
from stages.lib.padding import pad

REPORT = json.loads(bench.REPORT.read_text(encoding="utf-8")) if bench.REPORT.exists() else {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, case in bench.CASES.items() if case.baseline == "notebook"])
def test_the_baselines_model_has_the_layers_and_parameters_of_ours(name: str) -> None:
    from stages.lib.backend import keras

    case = bench.CASES[name]
    ours, theirs = bench.our_model(case, 50), bench.notebook_model(keras, case, 50)
    theirs.build((None, 120))
    assert ours.count_params() == theirs.count_params()
    assert sum(bool(layer.weights) for layer in ours.layers) == len([x for x in theirs.layers if x.weights])


@pytest.mark.parametrize("case", [*bench.CASES.values(), bench.ACCURACY])
def test_both_ways_get_the_same_texts(case: bench.Case) -> None:
    tokens, padded = bench.tokens_of(case, full=False), bench.padded_of(case, full=False)
    again = pad(tokens, bench.padding(case.corpus))
    assert [ids.tolist() for ids in again.ids] == [ids.tolist() for ids in padded.ids]
    assert len(tokens.labels) == case.texts // 5


def test_made_up_texts_are_as_long_as_reviews() -> None:
    lengths = bench.made_up(20_000).lengths
    assert np.median(lengths) == pytest.approx(253, rel=0.05)
    assert lengths.mean() == pytest.approx(344, rel=0.05)


def test_a_subset_keeps_each_texts_ids_and_label() -> None:
    tokens = bench.made_up(50)
    keep = np.arange(50) % 3 == 1
    part = bench.subset(tokens, keep)
    for new, old in enumerate(np.flatnonzero(keep)):
        expected = tokens.ids[tokens.offsets[old] : tokens.offsets[old + 1]]
        assert part.ids[part.offsets[new] : part.offsets[new + 1]].tolist() == expected.tolist()
        assert part.labels[new] == tokens.labels[old]


def test_the_readme_has_the_tables_and_the_machine_of_the_report() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert bench.speeds(REPORT) in text and bench.the_rest(REPORT) in text
    assert REPORT["machine"]["name"] in text


def test_every_row_of_speeds_has_the_figures_that_are_promised() -> None:
    rows = [row for name, row in REPORT.items() if name in [*bench.CASES, *bench.TOKENIZING]]
    assert len(rows) == len(bench.CASES) + len(bench.TOKENIZING)
    for row in rows:
        assert {"ours", "baseline", "ratio", "peak_mib"} <= set(row)
        assert row["ratio"] == pytest.approx(row["ours"] / row["baseline"], abs=0.02)
