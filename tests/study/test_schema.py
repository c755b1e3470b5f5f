"""params.yaml is checked as a whole: what is wrong is one line with the key, the file, what is allowed."""

import datetime
import json

import pytest

from stages.study.grids import derive
from stages.study.schema import check
from tests.study.edits import drop, line, put
from tests.study.small import Params

NAN, INF = float("nan"), float("inf")

# key, bad value, a part of what the line says of it; a message that pydantic words is left to it
LOWER_CASE = "a name of lower-case letters"
BAD: dict[str, list[tuple[str, object, str]]] = {
    "types": [
        ("seed", "42", "integer"),
        ("seed", True, "integer"),
        ("seed", 42.0, "integer"),
        ("seed", [42], "integer"),
        ("models.lstm.embedding", None, "integer"),
        ("models.lstm.embedding", 16.5, "integer"),
        ("models.lstm.mask", 1, "boolean"),
        ("models.lstm.mask", "true", "boolean"),
        ("models.lstm.units", 32, "a list"),
        ("models.lstm.units", {"a": 1}, "a list"),
        ("models.lstm.units.0", "32", "integer"),
        ("models.lstm.dropout", 0.5, "object"),
        ("corpora.words.tokenizer", "word", "object"),
        ("corpora.words.tokenizer.vocabulary", "400", "integer"),
        ("corpora.words.pad.boundaries", 32, "a list"),
        ("corpora.bpe.pad.length", 120.5, "integer"),
        ("trainings.short.epochs", 1.5, "integer"),
        ("trainings.short.learning_rate", "0.001", "number"),
        ("trainings.short.early_stopping", 3, "object"),
        ("trainings.short.validation", 0.1, "'test'"),
        ("trainings.short.validation", [0.1], "'test'"),
        ("experiments.cells.title", 3, "string"),
        ("experiments.cells.model", ["lstm"], "string"),
        ("experiments.cells.seeds", "3", "integer"),
        ("experiments.cells.vary", ["a"], "object"),
        ("experiments.cells.vary.network.lstm", "lstm", "object"),
        ("recipes.cells-lstm-none.model.units", 3, "a list"),
        ("figures.grid", "yes", "boolean"),
        ("figures", [1], "object"),
        ("sources.demo.splits", [6000, 2000], "object"),
        ("samples", {}, "a mapping of names to sentences"),
        ("samples", None, "a mapping of names to sentences"),
        ("samples.cool", 3, "a text"),
        ("names", [], "a mapping of names to what figures call them"),
        ("names.lstm", 3, "a text"),
        ("experiments.cells.names", ["LSTM"], "object"),
    ],
    "ranges": [
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**32, "less than 4294967296"),
        ("experiments.cells.seeds", 0, "greater than or equal to 1"),
        ("experiments.cells.seeds", 101, "less than or equal to 100"),
        ("models.lstm.embedding", 0, "greater than or equal to 1"),
        ("models.lstm.dense", 10**12, "less than or equal to 65536"),
        ("models.lstm.units", [], "at least 1 item"),
        ("models.lstm.units.0", 0, "greater than or equal to 1"),
        ("models.conv1d.kernel", 0, "greater than or equal to 1"),
        ("models.conv1d.filters", -5, "greater than or equal to 1"),
        ("corpora.words.tokenizer.vocabulary", 2, "greater than or equal to 3"),
        ("corpora.bpe.tokenizer.vocabulary", 256, "greater than or equal to 257"),
        ("corpora.bpe.pad.length", 0, "greater than or equal to 1"),
        ("corpora.bpe.pad.length", 10**12, "less than or equal to 10000000"),
        ("corpora.words.pad.boundaries", [], "at least 1 item"),
        ("trainings.short.learning_rate", 0, "greater than 0"),
        ("trainings.short.learning_rate", 1e9, "less than or equal to 10"),
        ("trainings.short.learning_rate", NAN, "finite number"),
        ("trainings.short.learning_rate", INF, "finite number"),
        ("trainings.short.weight_decay", 1, "less than 1"),
        ("trainings.short.clip_norm", 0, "greater than 0"),
        ("trainings.short.average", 1, "less than 1"),
        ("models.lstm.segment", 0, "greater than or equal to 1"),
        ("trainings.short.epochs", 0, "greater than or equal to 1"),
        ("trainings.short.batch_size", -128, "greater than or equal to 1"),
        ("trainings.short.early_stopping.patience", 0, "greater than or equal to 1"),
        ("trainings.short.validation.fraction", 0, "greater than 0"),
        ("trainings.short.validation.fraction", 1, "less than 1"),
        ("trainings.short.validation.fraction", NAN, "finite number"),
        ("sources.demo.splits.train", 0, "greater than or equal to 1"),
        ("sources.demo.cue_distance", 401, "less than or equal to 400"),
        ("sources.imdb.per_label.0", 0, "greater than or equal to 1"),
        ("sources.imdb.per_label", [1], "at least 2 items"),
        ("sources.imdb.sha256", "b39004", "match pattern"),
        ("figures.width", INF, "finite number"),
        ("figures.width", 0, "greater than or equal to 3"),
        ("recipes.cells-lstm-none.seeds", [], "at least 1 item"),
    ],
    "choices": [
        ("models.lstm.pooling", "first", "'last', 'mean', 'max' or 'mean_max'"),
        ("models.pooled.pooling", "last", "'mean' or 'max'"),
        ("models.lstm.architecture", "lstmm", "say lstm, chrono_lstm, peephole_lstm"),
        ("models.lstm.architecture", ["lstm"], "one of chrono_lstm, conv1d"),
        ("corpora.words.tokenizer.kind", "words", "one of bpe, ngrams, subwords8k, word"),
        ("corpora.words.pad.kind", "buckets", "one of bucket, fixed"),
        ("corpora.bpe.pad.side", "left", "'pre' or 'post'"),
        ("sources.demo.kind", "demos", "one of demo, files, imdb, sarcasm"),
        ("sources.demo.kind", {"a": 1}, "one of demo, files, imdb, sarcasm"),
        ("sources.demo.duplicates", "drop", "'keep' or 'drop exact'"),
        ("trainings.short.kind", "descent", "gradient_descent"),
        ("trainings.short.schedule", "cosine", "'constant' or 'linear'"),
        ("trainings.short.class_weight", True, "'balanced'"),
        ("trainings.short.optimizer", "Adam", "'adam', 'lazy_adam', 'adamw', 'rmsprop' or 'sgd'"),
        ("trainings.short.validation", "train", "'test'"),
        ("figures.colors", "viridis", "'tab10'"),
    ],
    "names that refer to nothing": [
        ("corpora.words.source", "demos", "one of demo, imdb, sarcasm"),
        ("recipes.cells-lstm-none.experiment", "cell", "one of cells, lengths"),
        ("recipes.cells-lstm-none.corpus", "word", "one of bpe, subwords, words"),
        ("experiments.cells.x", "networks", "one of network, remedy"),
        ("experiments.cells.chapters", "networks", "one of network, remedy"),
        ("experiments.cells.cumulative", "steps", "one of network, remedy"),
    ],
    "relations": [
        ("corpora.words.pad.boundaries", [64, 32], "numbers that rise"),
        ("corpora.words.pad.boundaries", [32, 32], "numbers that rise"),
        ("experiments.cells.vary.remedy", {}, "at least one cell"),
        ("recipes.cells-lstm-none.arrays", "data/padded/words", "data/padded/words/train"),
        ("recipes.lengths-2.arrays", "data/padded/bpe/train", "data/padded/bpe,"),
    ],
    "no mappings": [
        ("models", [1], "a mapping of names to entries"),
        ("recipes", None, "a mapping of names to entries"),
        ("comparisons", "demo", "a mapping of names to entries"),
        ("models.lstm", 3, "a mapping"),
        ("models.lstm", None, "a mapping"),
        ("corpora.words", ["demo"], "a mapping"),
        ("recipes.lengths-2", "x", "a mapping"),
    ],
    "no names": [
        *((f"sources.{name}", {}, LOWER_CASE) for name in ("../x", "A", "a b", "a_b", "")),
        *((f"models.{name}", {}, LOWER_CASE) for name in ("-a", "a-", "a--b", "a/b", "é")),
        *((f"experiments.{name}", {}, LOWER_CASE) for name in ("a\n", "0o7", "\ud800")),
        ("corpora." + "a" * 101, {}, "at most 100 letters"),
        ("recipes." + "a" * 101, {}, "at most 100 letters"),
        ("samples.A b", "x", LOWER_CASE),
        ("names.LSTM", "x", LOWER_CASE),
        ("experiments.cells.vary.network.A", {}, LOWER_CASE),
    ],
}  # fmt: skip

# key that must not be there, a key that the line proposes instead
UNKNOWN = [
    ("model", "models"),
    ("sources.demo.sead", "seed"),
    ("corpora.words.padding", "pad"),
    ("corpora.words.tokenizer.size", "vocabulary"),
    ("corpora.words.pad.side", "boundaries"),
    ("models.lstm.unit", "units"),
    ("models.pooled.units", "pooling"),
    ("trainings.short.learn_rate", "learning_rate"),
    ("trainings.short.early_stopping.patiance", "patience"),
    ("trainings.short.validation.share", "fraction"),
    ("experiments.cells.varies", "vary"),
    ("experiments.cells.vary.network.lstm.training_", "training"),
    ("recipes.cells-lstm-none.model.unit", "units"),
    ("figures.height", "width"),
]

MISSING = """
seed figures recipes pipeline sources.demo.seed sources.demo.kind sources.imdb.splits.train
corpora.words.source corpora.words.pad corpora.words.pad.kind corpora.words.pad.boundaries
corpora.words.tokenizer.kind corpora.words.tokenizer.vocabulary corpora.bpe.pad.truncate models.lstm.units
models.lstm.architecture trainings.short.early_stopping trainings.short.early_stopping.patience
trainings.short.validation.fraction experiments.cells.vary experiments.cells.title recipes.lengths-2.model
recipes.lengths-2.arrays figures.grid
""".split()  # noqa: SIM905

GOOD: list[tuple[str, object]] = [
    ("seed", 0),
    ("models.lstm.units", [64, 32]),
    ("models.lstm.dense", 0),
    ("models.lstm.dropout", {"recurrent": 0.2}),
    ("models.lstm.pooling", "mean"),
    ("trainings.short.learning_rate", 1),
    ("trainings.short.early_stopping", None),
    ("corpora.words.pad.boundaries", [7]),
    ("corpora.bpe.tokenizer", {"kind": "word", "vocabulary": 300}),
    ("corpora.words.pad", {"kind": "fixed", "length": 9, "side": "pre", "truncate": "pre"}),
    ("experiments.cells.corpus", "bpe"),
    ("experiments.cells.title", "Ünïcode | and a pipe"),
    ("experiments.cells.vary.network.mine", {"model": "pooled", "seeds": 3}),
    ("experiments.cells.chapters", None),
    ("experiments.cells.cumulative", None),
    ("recipes.cells-lstm-none.model.units", [3, 3]),
    ("recipes.cells-lstm-none.seeds", [5, 6]),
    ("sources.mine", {"kind": "files", "path": "a.csv", "text": "t", "label": "l", "split": {"test": 0.2}}),
    ("figures.colors", "Dark2"),
]


def test_the_study_that_is_edited_below_is_accepted(params: Params) -> None:
    check(params)


@pytest.mark.parametrize("group", BAD)
def test_a_bad_value_is_refused_with_its_key_and_what_is_allowed(params: Params, group: str) -> None:
    for key, value, allowed in BAD[group]:
        text = line(put(params, key, value), key)
        head, _, rest = text.partition(", allowed: ")
        assert allowed in rest and head.startswith("params.yaml: "), (key, text)
        assert key.encode("utf-8", "replace").decode().strip()[:40] in text or group == "no names", (
            key,
            text,
        )
        if group not in ("no names", "no mappings"):
            assert head.endswith(f"found {json.dumps(value)}"), (key, text)


def test_an_unknown_key_is_refused_and_the_known_ones_proposed(params: Params) -> None:
    for key, proposed in UNKNOWN:
        text = line(put(params, key, "surplus"), key)
        assert f" {key}: " in text or f" {key.rpartition('.')[0]}: " in text
        assert proposed in text.partition("allowed: ")[2], text


def test_a_missing_key_is_refused_by_name(params: Params) -> None:
    for key in MISSING:
        text = line(drop(params, key), key)
        assert f" {key}" in text and ("missing" in text or "found null, allowed: one of" in text), text


def test_a_good_value_is_accepted_once_the_rest_is_derived_again(params: Params) -> None:
    for key, value in GOOD:
        edited = put(params, key, value)
        check(edited if key.startswith("recipes.") else edited | derive(edited))


def test_what_an_experiment_names_wrongly_is_refused_where_it_stands_and_the_nearest_named(
    params: Params,
) -> None:
    wrong = {"model": ("lstmm", "lstm"), "training": ("shrt", "short"), "corpus": ("word", "words")}
    for place in ("", ".vary.network.lstm", ".tweak.lstm-early"):
        for part, (named, meant) in wrong.items():
            edited = put(params, key := f"experiments.cells{place}.{part}", named)
            text = line(edited | derive(edited), "experiments.cells")
            assert f'{key}: found "{named}", allowed: ' in text and meant in text
    edited = drop(params, "experiments.cells.corpus")
    assert "recipes.cells-lstm-none.corpus" in line(edited | derive(edited), "recipes.cells-lstm-none")


def test_a_tweak_of_no_cell_is_refused_and_the_nearest_cells_named(params: Params) -> None:
    text = line(put(params, "experiments.cells.tweak", {"lstm-erly": {}}), "experiments.cells")
    assert 'experiments.cells.tweak: found "lstm-erly"' in text and "lstm-early" in text


def test_a_name_of_no_cells_is_refused_and_the_nearest_cells_named(params: Params) -> None:
    named = {"early": "stopped", "lstm": "an LSTM"}  # a chapter's, too
    edited = put(params, "experiments.cells.names", named | {"erly": "x"})
    text = line(edited | derive(edited), "experiments.cells")
    assert 'experiments.cells.names: found "erly", allowed: one of conv1d, early, lstm, none;' in text
    edited = put(params, "experiments.cells.names", named)
    check(edited | derive(edited))
    with_axes = drop(params, "experiments.cells.chapters")
    edited = put(with_axes, "experiments.cells.names", {"lstm-early": "x", "conv1d": "y", "none": "z"})
    check(edited | derive(edited))


def test_two_recipes_of_one_name_are_refused(params: Params) -> None:
    title = {"title": "t", "corpus": "words", "model": "lstm", "training": "short"}
    twin: Params = title | {"vary": {"a": {"none": {}, "early": {}}}}
    edited = put(params, "experiments.cells-lstm", twin)
    assert '"cells-lstm-none", allowed: cells whose' in line(
        edited | derive(edited), "experiments.cells-lstm.vary"
    )
    within: Params = title | {"vary": {"a": {"x-y": {}, "x": {}}, "b": {"z": {}, "y-z": {}}}}
    edited = put(params, "experiments.twins", within)
    assert '"twins-x-y-z", allowed: cells whose' in line(edited | derive(edited), "experiments.twins.vary")


def test_the_axis_that_accuracies_are_drawn_against_has_numbers(params: Params) -> None:
    text = line(put(params, "experiments.cells.x", "network"), "experiments.cells")
    assert 'experiments.cells.vary.network: found "lstm", allowed: whole numbers' in text


def test_a_value_that_yaml_has_and_json_does_not_is_refused(params: Params) -> None:
    for value in (datetime.date(2020, 1, 1), b"x", {"a"}):
        assert "experiments.cells" in line(put(params, "experiments.cells.title", value), "experiments.cells")
