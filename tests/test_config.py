"""params.yaml is checked as a whole: what is wrong is one line with the key, the file, what is allowed."""

import copy
import datetime
import json
from typing import Any

import pytest
import yaml

from stages.lib import command, config, pipeline
from stages.lib.config import PARAMS, InputError
from stages.schema import check

Params = dict[str, Any]

COMMITTED: Params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
FOLDERS = {
    "sources": "source",
    "corpora": "corpus",
    "models": "model",
    "trainings": "training",
    "recipes": "recipe",
    "comparisons": "comparison",
}
NAN, INF = float("nan"), float("inf")

# key, bad value, a part of what the line says is allowed
BAD_VALUES = [
    # wrong types
    ("seed", "42", "integer"),
    ("seed", True, "integer"),
    ("seed", 42.0, "integer"),
    ("seed", [42], "integer"),
    ("models.demo-lstm.embedding", "16", "integer"),
    ("models.demo-lstm.embedding", 16.5, "integer"),
    ("models.demo-lstm.embedding", True, "integer"),
    ("models.demo-lstm.embedding", [16], "integer"),
    ("models.demo-lstm.embedding", None, "integer"),
    ("models.demo-lstm.mask", 1, "boolean"),
    ("models.demo-lstm.mask", "true", "boolean"),
    ("models.demo-lstm.units", 32, "list"),
    ("models.demo-lstm.units", {"a": 1}, "list"),
    ("models.demo-lstm.units.0", "32", "integer"),
    ("models.demo-lstm.dropout", 0.5, "a mapping with embedding, recurrent, dense"),
    ("corpora.demo-words.tokenizer", "word", "mapping"),
    ("corpora.demo-words.tokenizer.vocabulary", "400", "integer"),
    ("corpora.demo-words.pad.boundaries", 32, "list"),
    ("corpora.imdb-words.pad.length", 120.5, "integer"),
    ("trainings.default.epochs", 1.5, "integer"),
    ("trainings.default.learning_rate", "0.001", "number"),
    ("trainings.default.early_stopping", 3, "a mapping with patience"),
    ("trainings.default.validation", 0.1, "a mapping with fraction or 'test'"),
    ("trainings.default.validation", [0.1], "a mapping with fraction or 'test'"),
    ("recipes.demo-lstm.model", ["demo-lstm"], "string"),
    ("comparisons.demo.title", 3, "string"),
    ("comparisons.demo.recipes", "demo-lstm", "list"),
    ("comparisons.demo.recipes.0", 3, "string"),
    ("figures.grid", "yes", "boolean"),
    ("figures", [1], "a mapping with width, font_size, colors, grid"),
    ("sources.demo.splits", [6000, 2000], "mapping"),
    ("recipes.demo-lstm.seeds", "3", "integer"),
    ("recipes.demo-lstm.seeds", None, "integer"),
    ("samples", {}, "a mapping of names to sentences"),
    ("samples", None, "a mapping of names to sentences"),
    ("samples.cool", 3, "a sentence"),
    ("published", [1], "a mapping with sources, claims"),
    ("published.claims.imdb-words-flatten.says", 3, "string"),
    ("published.claims.imdb-words-flatten.seconds", "5", "number"),
    # out of range
    ("recipes.demo-lstm.seeds", 0, "greater than or equal to 1"),
    ("recipes.demo-lstm.seeds", 101, "less than or equal to 100"),
    ("trainings.default.weight_decay", 1, "less than 1"),
    ("trainings.default.weight_decay", -0.1, "greater than or equal to 0"),
    ("published.claims.imdb-words-flatten.test_accuracy", 83, "less than or equal to 1"),
    ("seed", -1, "greater than or equal to 0"),
    ("seed", 2**32, "less than 4294967296"),
    ("models.demo-lstm.embedding", 0, "greater than or equal to 1"),
    ("models.demo-lstm.dense", -1, "greater than or equal to 0"),
    ("models.demo-lstm.dense", 10**12, "less than or equal to 65536"),
    ("models.demo-lstm.units", [], "at least 1 item"),
    ("models.demo-lstm.units.0", 0, "greater than or equal to 1"),
    ("models.demo-conv1d.kernel", 0, "greater than or equal to 1"),
    ("models.conv1d-mean-dense-6.kernel", 121, "120 at most, the narrowest arrays of the corpus imdb-words"),
    ("models.demo-conv1d.filters", -5, "greater than or equal to 1"),
    ("corpora.demo-words.tokenizer.vocabulary", 2, "greater than or equal to 3"),
    ("corpora.imdb-bpe8k.tokenizer.vocabulary", 256, "greater than or equal to 257"),
    ("corpora.imdb-words.pad.length", 0, "greater than or equal to 1"),
    ("corpora.imdb-words.pad.length", 10**12, "less than or equal to 10000000"),
    ("corpora.demo-words.pad.boundaries", [], "at least 1 item"),
    ("trainings.default.learning_rate", 0, "greater than 0"),
    ("trainings.default.learning_rate", NAN, "finite number"),
    ("trainings.default.learning_rate", INF, "finite number"),
    ("trainings.default.learning_rate", 1e9, "less than or equal to 10"),
    ("trainings.default.epochs", 0, "greater than or equal to 1"),
    ("trainings.default.batch_size", -128, "greater than or equal to 1"),
    ("trainings.default.early_stopping.patience", 0, "greater than or equal to 1"),
    ("trainings.default.validation.fraction", 0, "greater than 0"),
    ("trainings.default.validation.fraction", 1, "less than 1"),
    ("trainings.default.validation.fraction", NAN, "finite number"),
    ("sources.demo.splits.train", 0, "greater than or equal to 1"),
    ("sources.demo.cue_distance", 401, "less than or equal to 400"),
    ("sources.demo.seed", -1, "greater than or equal to 0"),
    ("sources.imdb.labels.negative", 0, "greater than or equal to 1"),
    ("sources.imdb.sha256", "b39004", "match pattern"),
    ("figures.width", INF, "finite number"),
    ("figures.width", 0, "greater than or equal to 3"),
    # not one of the choices
    ("models.demo-lstm.pooling", "first", "'last', 'mean' or 'max'"),
    (
        "models.demo-lstm.architecture",
        "lstmm",
        "one of chrono_lstm, conv1d, flatten, gru, lstm, pee",
    ),
    ("models.demo-lstm.architecture", ["lstm"], "one of chrono_lstm, conv1d, flatten"),
    ("models.demo-pooled.pooling", "last", "'mean' or 'max'"),
    ("corpora.demo-words.tokenizer.kind", "words", "one of bpe, subwords8k, word"),
    ("corpora.demo-words.pad.kind", "buckets", "one of bucket, fixed"),
    ("corpora.imdb-words.pad.side", "left", "'pre' or 'post'"),
    ("sources.demo.kind", "demos", "one of demo, files, imdb, sarcasm"),
    ("sources.demo.kind", {"a": 1}, "one of demo, files, imdb, sarcasm"),
    ("trainings.default.optimizer", "Adam", "'adam', 'adamw', 'rmsprop' or 'sgd'"),
    ("trainings.default.validation", "train", "a mapping with fraction or 'test'"),
    ("figures.colors", "viridis", "'tab10'"),
    # names that refer to nothing
    ("published.claims.imdb-words-flatten.lesson", "C", "one of A, B"),
    ("comparisons.demo.against", "source.kind", "positive number"),
    ("comparisons.demo.against", "cue_distance", "positive number"),
    ("comparisons.demo.against", "recipe.seeds", "positive number"),
    ("corpora.demo-words.source", "demos", "one of demo, imdb, memory-20"),
    ("recipes.demo-lstm.corpus", "demo", "one of demo-words"),
    ("recipes.demo-lstm.model", "lstm", "one of bi-peephole-lstm-32-dense-6, bi-simple-rnn-32-dense-6"),
    (
        "recipes.demo-lstm.training",
        "demos",
        "one of calm, calm-all, calm-decay, calm-early, cells, default, demo",
    ),
    # relations between values
    ("corpora.demo-words.pad.boundaries", [64, 32], "numbers that rise"),
    ("corpora.demo-words.pad.boundaries", [32, 32], "numbers that rise"),
    ("comparisons.demo.recipes", [], "at least one recipe"),
    ("comparisons.demo.recipes", ["demo-lstm", "demo-lstm"], "none of them twice"),
    # a value that conf/ leaves open
    ("seed", "???", "must be set"),
    ("sources.demo.seed", "???", "must be set"),
    ("models.demo-lstm.units", "???", "must be set"),
    ("models.demo-lstm.mask", "???", "must be set"),
    ("models.demo-lstm.pooling", "???", "must be set"),
    ("models.demo-lstm.architecture", "???", ""),
    ("trainings.default.validation", "???", "must be set"),
    ("recipes.demo-lstm.corpus", "???", ""),
    ("comparisons.demo.title", "???", ""),
    ("sources.sarcasm.url", "???", ""),
    # entries and sections that are no mappings
    ("models", [1], "a mapping of names to entries"),
    ("recipes", None, "a mapping of names to entries"),
    ("comparisons", "demo", "a mapping of names to entries"),
    ("models.demo-lstm", 3, "a mapping"),
    ("models.demo-lstm", None, "a mapping"),
    ("corpora.demo-words", ["demo"], "a mapping"),
]

# key that must not be there, a key that the line lists instead
UNKNOWN_KEYS = [
    ("model", "sections are sources, corpora, models"),
    ("sources.demo.sead", "seed"),
    ("sources.demo.splits.validation", "'train' or 'test'"),
    ("corpora.demo-words.padding", "pad"),
    ("corpora.demo-words.tokenizer.size", "vocabulary"),
    ("corpora.demo-words.pad.side", "boundaries"),
    ("corpora.imdb-subwords8k.tokenizer.vocabulary", "kind"),
    ("models.demo-lstm.unit", "units"),
    ("models.demo-lstm.dropout", None),
    ("models.demo-pooled.units", "pooling"),
    ("trainings.default.lr", "learning_rate"),
    ("trainings.default.early_stopping.patiance", "patience"),
    ("trainings.default.validation.share", "fraction"),
    ("recipes.demo-lstm.source", "corpus, model, training"),
    ("comparisons.demo.recipe", "recipes"),
    ("figures.height", "width"),
]

MISSING_KEYS = [
    "seed",
    "figures",
    "recipes",
    "pipeline",
    "sources.demo.seed",
    "sources.demo.kind",
    "corpora.demo-words.source",
    "corpora.demo-words.pad",
    "corpora.demo-words.pad.kind",
    "corpora.demo-words.pad.boundaries",
    "corpora.demo-words.tokenizer.kind",
    "corpora.demo-words.tokenizer.vocabulary",
    "corpora.imdb-words.pad.truncate",
    "models.demo-lstm.units",
    "models.demo-lstm.architecture",
    "trainings.default.early_stopping",
    "trainings.default.early_stopping.patience",
    "trainings.default.validation.fraction",
    "recipes.demo-lstm.training",
    "comparisons.demo.recipes",
    "figures.grid",
]

BAD_NAMES = [
    "../x",
    "A",
    "a b",
    "a_b",
    "a.b",
    "",
    "-a",
    "a-",
    "a--b",
    "a/b",
    "é",
    "a\n",
    "0o7",
    3,
    None,
    True,
]

GOOD_VALUES = [
    ("seed", 0),
    ("models.demo-lstm.units", [64, 32]),
    ("models.demo-lstm.dense", 0),
    ("models.demo-lstm.dropout", {"recurrent": 0.2}),
    ("models.demo-lstm.pooling", "mean"),
    ("trainings.demo.learning_rate", 1),
    ("trainings.demo.validation", "test"),
    ("trainings.default.early_stopping", None),
    ("corpora.demo-words.pad.boundaries", [7]),
    ("corpora.imdb-words.tokenizer", {"kind": "bpe", "vocabulary": 300}),
    ("corpora.demo-words.pad", {"kind": "fixed", "length": 9, "side": "pre", "truncate": "pre"}),
    ("recipes.imdb-words-gru.corpus", "sarcasm-words"),
    ("comparisons.demo.recipes", ["demo-lstm", "sarcasm-conv1d"]),
    ("comparisons.demo.title", "Ünïcode | and a pipe"),
    ("comparisons", {}),
    ("figures.colors", "Dark2"),
    ("recipes.a-2", {"corpus": "imdb-words", "model": "flatten-dense-6", "training": "demo"}),
]


def steps(key: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in key.split(".")]


def put(params: Params, path: list[Any], value: object) -> Params:
    """A copy of the parameters with one value set, in a mapping or a list."""
    edited = copy.deepcopy(params)
    inside: Any = edited
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = copy.deepcopy(value)
    return edited


def drop(params: Params, path: list[Any]) -> Params:
    edited = copy.deepcopy(params)
    inside: Any = edited
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return edited


def line(params: Params) -> str:
    """The one line with which the parameters are refused."""
    with pytest.raises(InputError) as refused:
        check(params)
    text = str(refused.value)
    assert "\n" not in text
    return text


def home(key: str) -> str:
    """The file of conf/ that a key comes from, independently of the code under test."""
    section, *rest = key.split(".")
    if section == "figures":
        return "conf/figures/default.yaml"
    return f"conf/{FOLDERS[section]}/{rest[0]}.yaml" if section in FOLDERS and rest else "conf/config.yaml"


def assert_tells(text: str, key: str) -> None:
    """The line names the key, the file to mend, and the command to run then."""
    assert f" {key}: " in text
    assert f"mend {home(key)}, then run: python -m stages.compose" in text


def test_the_committed_params_are_accepted() -> None:
    check(COMMITTED)
    assert config.params() == COMMITTED


@pytest.mark.parametrize(("key", "value", "allowed"), BAD_VALUES)
def test_a_bad_value_is_refused_with_key_file_found_and_allowed(
    key: str, value: object, allowed: str
) -> None:
    text = line(put(COMMITTED, steps(key), value))
    assert_tells(text, key)
    assert f"found {json.dumps(value)}, allowed: " in text
    assert allowed in text.partition("allowed: ")[2]


@pytest.mark.parametrize(("key", "listed"), UNKNOWN_KEYS)
def test_an_unknown_key_is_refused_and_the_known_ones_listed(key: str, listed: str | None) -> None:
    text = line(put(COMMITTED, steps(key), "surplus"))
    assert_tells(text, key)
    assert (listed or "a mapping with") in text.partition("allowed: ")[2]


@pytest.mark.parametrize("key", MISSING_KEYS)
def test_a_missing_key_is_refused_by_name(key: str) -> None:
    text = line(drop(COMMITTED, steps(key)))
    assert_tells(text, key)
    assert "missing" in text or "found null, allowed: one of" in text


@pytest.mark.parametrize("section", FOLDERS)
@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_path_component_is_refused(section: str, name: object) -> None:
    entry = next(iter(COMMITTED[section].values()))
    text = line(put(COMMITTED, [section, name], entry))
    assert f"found {json.dumps(name, ensure_ascii=False)}, allowed: a name of lower-case letters" in text
    assert section in text


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("source", ["demo", "imdb", "sarcasm"])
def test_a_source_without_one_of_the_two_splits_is_refused(source: str, split: str) -> None:
    text = line(drop(COMMITTED, ["sources", source, "splits", split]))
    assert f"sources.{source}.splits" in text


def test_a_comparison_of_an_unknown_recipe_is_refused_and_the_recipes_listed() -> None:
    text = line(put(COMMITTED, ["comparisons", "demo", "recipes", 1], "demo-lstmm"))
    assert_tells(text, "comparisons.demo.recipes")
    assert 'found "demo-lstmm", allowed: one of calm-bilstm, calm-bilstm-all' in text


def test_early_stopping_may_not_look_at_the_test_split() -> None:
    text = line(put(COMMITTED, ["trainings", "default", "validation"], "test"))
    assert_tells(text, "trainings.default.early_stopping")
    assert "validation: test" in text


def test_flatten_on_a_corpus_of_varying_width_is_refused() -> None:
    text = line(put(COMMITTED, ["recipes", "imdb-words-flatten", "corpus"], "imdb-bpe8k"))
    assert_tells(text, "recipes.imdb-words-flatten.corpus")
    assert 'found "imdb-bpe8k"' in text
    assert "fixed length" in text


def test_a_kernel_wider_than_a_bucket_needs_a_mask() -> None:
    unmasked = put(COMMITTED, ["models", "demo-conv1d", "mask"], False)
    text = line(put(unmasked, ["models", "demo-conv1d", "kernel"], 33))
    assert_tells(text, "models.demo-conv1d.kernel")
    assert "without a mask, 32 at most" in text
    check(put(unmasked, ["models", "demo-conv1d", "kernel"], 32))
    check(put(COMMITTED, ["models", "demo-conv1d", "kernel"], 33))


@pytest.mark.parametrize("value", [datetime.date(2020, 1, 1), b"x", {"a"}, (1,)])
def test_a_value_that_json_would_turn_into_a_string_is_refused(value: object) -> None:
    text = line(put(COMMITTED, ["comparisons", "demo", "title"], value))
    assert_tells(text, "comparisons.demo.title")


@pytest.mark.parametrize(
    "name", ["../../x", "a b", ";rm -rf x", "", "demo\n", "$(x)", "\udcff", "-h", "Demo", "/", "demo/"]
)
def test_a_stage_refuses_a_name_that_is_no_entry_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match=r"is not in sources of params\.yaml, which has: demo, ") as refused:
        command.one_of(name, COMMITTED["sources"], "sources")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["pipeline", "recipes", "demo-lstm", "arrays"], "data/padded/demo-words"),
        (["pipeline", "sources", "demo", "kind"], "imdb"),
        (["pipeline", "shown"], {}),
        (["pipeline", "comparisons", "demo", "demo-lstm", "watched"], "test"),
        (["pipeline"], None),
        (["recipes", "demo-lstm", "model"], "demo-bilstm"),  # good in itself, but not composed
    ],
)
def test_a_pipeline_section_that_the_others_do_not_give_is_refused(path: list[Any], value: object) -> None:
    text = line(put(COMMITTED, path, value))
    assert "pipeline" in text
    assert "python -m stages.compose" in text


@pytest.mark.parametrize(("key", "value"), GOOD_VALUES)
def test_a_good_value_is_accepted_once_the_pipeline_is_derived_again(key: str, value: object) -> None:
    edited = put(COMMITTED, steps(key), value)
    edited["pipeline"] = pipeline.derive(edited)
    check(edited)


def test_only_a_recipe_that_validates_on_test_may_open_the_test_arrays() -> None:
    edited = put(COMMITTED, ["trainings", "demo", "validation"], "test")
    found = pipeline.derive(edited)
    opened = {recipe["arrays"] for recipe in found["recipes"].values() if recipe["training"] == "demo"}
    assert opened == {"data/padded/demo-words"}
    for recipe in found["recipes"].values():
        watched = edited["trainings"][recipe["training"]]["validation"]
        assert recipe["arrays"].endswith("/train.npz") == (watched != "test")
    assert {said["watched"] for said in found["comparisons"]["demo"].values()} == {"test"}


@pytest.mark.parametrize(
    ("action", "shown"), [("drop exact", "exact dropped"), ("drop near", "near dropped"), ("keep", "kept")]
)
def test_what_is_done_with_a_sources_duplicates_reaches_what_shows_it(action: str, shown: str) -> None:
    edited = put(COMMITTED, ["sources", "imdb", "duplicates"], action)
    found = pipeline.derive(edited)["comparisons"]
    assert {said["duplicates"] for said in found["imdb-words"].values()} == {shown}
    assert {said["duplicates"] for said in [*found["demo"].values(), *found["sarcasm"].values()]} == {"kept"}


def test_duplicates_other_than_kept_or_dropped_are_refused() -> None:
    assert "sources.demo.duplicates" in line(put(COMMITTED, ["sources", "demo", "duplicates"], "drop"))


def test_a_source_file_of_the_user_is_what_its_download_depends_on() -> None:
    entry = {"kind": "files", "path": "mine/a.csv", "text": "t", "label": "l", "test_fraction": 0.2}
    edited = put(COMMITTED, ["sources", "mine"], entry)
    edited["pipeline"] = pipeline.derive(edited)
    check(edited)
    assert edited["pipeline"]["sources"]["mine"] == {"kind": "files", "reads": "mine/a.csv"}


@pytest.mark.parametrize("value", ["x", 3, True, [["x"]], {"fraction": [1]}, [1, 2]])
@pytest.mark.parametrize("key", ["early_stopping", "validation"])
def test_junk_for_a_value_of_several_types_is_one_line(key: str, value: object) -> None:
    text = line(put(COMMITTED, ["trainings", "demo", key], value))
    assert f"trainings.demo.{key}" in text
