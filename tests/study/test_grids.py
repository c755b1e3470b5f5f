"""Experiments -> recipes: the whole product, in the order stated, whichever axis names what."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stages.study import grids
from stages.study.grids import cells, derive, merged, patched

MODELS: dict[str, dict[str, Any]] = {
    "lstm": {"architecture": "lstm", "units": [32], "mask": False, "dropout": {"embedding": 0.1}},
    "gru": {"architecture": "gru", "units": [8], "mask": True},
}
TRAININGS: dict[str, dict[str, Any]] = {
    "short": {"epochs": 2, "validation": {"fraction": 0.1}},
    "lesson": {"validation": "test"},
}
Params = dict[str, Any]


def study(**experiments: Params) -> Params:
    return {
        "seed": 7,
        "sources": {
            "demo": {"kind": "demo"},
            "mine": {"kind": "files", "path": "a.csv", "duplicates": "drop exact"},
        },
        "corpora": {"words": {"source": "demo"}, "mine": {"source": "mine"}},
        "models": MODELS,
        "trainings": TRAININGS,
        "experiments": experiments,
    }


def experiment(vary: Params, **more: Any) -> Params:
    return {"title": "t", "corpus": "words", "model": "lstm", "training": "short", "vary": vary} | more


def recipes(vary: Params, **more: Any) -> Params:
    """The recipes of one experiment, `x`."""
    made: Params = derive(study(x=experiment(vary, **more)))["recipes"]
    return made


NETWORKS = {"lstm": {"model": "lstm"}, "gru": {"model": "gru"}}
REMEDIES = {
    "none": {},
    "dropout": {"model": {"dropout": {"dense": 0.5}}},
    "early": {"training": {"epochs": 9}},
}


def test_recipes_are_the_product_of_the_axes_named_and_ordered_as_stated() -> None:
    expected = ["x-lstm-none", "x-lstm-dropout", "x-lstm-early", "x-gru-none", "x-gru-dropout", "x-gru-early"]
    assert [*recipes({"network": NETWORKS, "remedy": REMEDIES})] == expected
    backwards = {"remedy": dict(reversed(REMEDIES.items())), "network": NETWORKS}
    assert [*recipes(backwards)][:3] == ["x-early-lstm", "x-early-gru", "x-dropout-lstm"]


def test_an_axis_that_names_a_model_and_one_that_changes_it_may_stand_in_either_order() -> None:
    one = recipes({"network": NETWORKS, "remedy": REMEDIES})
    other = recipes({"remedy": REMEDIES, "network": NETWORKS})
    for network, remedy in itertools.product(NETWORKS, REMEDIES):
        assert one[f"x-{network}-{remedy}"] == other[f"x-{remedy}-{network}"]
    assert one["x-gru-dropout"]["model"] == MODELS["gru"] | {"dropout": {"dense": 0.5}}


def test_a_patch_changes_the_keys_that_it_has_at_any_depth_and_no_entry_that_others_name() -> None:
    made = recipes({"remedy": REMEDIES})
    assert made["x-dropout"]["model"] == MODELS["lstm"] | {"dropout": {"embedding": 0.1, "dense": 0.5}}
    assert made["x-early"]["training"] == TRAININGS["short"] | {"epochs": 9}
    assert made["x-none"]["model"] == MODELS["lstm"]
    assert MODELS["lstm"]["dropout"] == {"embedding": 0.1}


def test_cells_of_a_cumulative_axis_add_to_those_before_until_one_names_an_entry_anew() -> None:
    steps = {
        "first": {},
        "mask": {"model": {"mask": True}},
        "wide": {"model": {"units": [64]}, "corpus": "mine"},
        "gru": {"model": "gru"},
        "long": {"model": {"units": [9]}, "training": {"epochs": 5}},
    }
    made = recipes({"step": steps}, cumulative="step")
    assert made["x-first"]["model"] == MODELS["lstm"] and made["x-first"]["corpus"] == "words"
    assert made["x-wide"]["model"] == MODELS["lstm"] | {"mask": True, "units": [64]}
    assert made["x-gru"]["model"] == MODELS["gru"] and made["x-gru"]["corpus"] == "mine"
    assert made["x-long"]["model"] == MODELS["gru"] | {"units": [9]}
    assert made["x-long"]["training"]["epochs"] == 5
    assert recipes({"step": steps})["x-wide"]["model"] == MODELS["lstm"] | {"units": [64]}


def test_a_cumulative_axis_leaves_the_others_as_they_are() -> None:
    both = {"network": NETWORKS, "remedy": REMEDIES}
    made = recipes(both, cumulative="remedy")
    for network in NETWORKS:
        assert made[f"x-{network}-early"]["model"]["dropout"]["dense"] == 0.5
    assert made["x-lstm-none"] == recipes(both)["x-lstm-none"]


def test_a_tweak_comes_last_and_to_its_cell_alone() -> None:
    tweak = {"gru-dropout": {"model": {"dropout": {"dense": 0.1}}, "seeds": 2}}
    plain, tweaked = (recipes({"network": NETWORKS, "remedy": REMEDIES}, tweak=t) for t in ({}, tweak))
    assert {name for name in plain if plain[name] != tweaked[name]} == {"x-gru-dropout"}
    assert tweaked["x-gru-dropout"]["model"]["dropout"] == {"dense": 0.1}
    assert tweaked["x-gru-dropout"]["seeds"] == [7, 8]


def test_the_seeds_go_on_from_the_studys_as_many_as_the_cell_or_else_the_experiment_says() -> None:
    axis = {"a": {}, "b": {"seeds": 1}}
    made = recipes({"axis": axis}, seeds=3)
    assert (made["x-a"]["seeds"], made["x-b"]["seeds"]) == ([7, 8, 9], [7])
    assert recipes({"axis": axis})["x-a"]["seeds"] == [7]


def test_what_a_training_may_open_follows_from_what_it_validates_on() -> None:
    made = recipes({"axis": {"a": {}, "b": {"training": "lesson"}, "c": {"corpus": "mine"}}})
    assert [made[f"x-{cell}"]["arrays"] for cell in "abc"] == [
        "data/padded/words/train",
        "data/padded/words",
        "data/padded/mine/train",
    ]


def test_lists_of_a_comparison_have_an_element_for_each_recipe_in_their_order() -> None:
    vary = {"length": {"5": {}, "20": {"corpus": "mine"}}, "network": NETWORKS}
    comparison = derive(study(x=experiment(vary, x="length", chapters="network")))["comparisons"]["x"]
    assert comparison == {
        "title": "t",
        "recipes": ["x-5-lstm", "x-5-gru", "x-20-lstm", "x-20-gru"],
        "sources": ["demo", "demo", "mine", "mine"],
        "duplicates": ["kept", "kept", "exact dropped", "exact dropped"],
        "x": "length",
        "places": [5.0, 5.0, 20.0, 20.0],
        "names": ["x", "x", "x", "x"],
        "colors": [-1, -1, -1, -1],
        "chapters": ["lstm", "gru", "lstm", "gru"],
        "headings": ["lstm", "gru", "lstm", "gru"],
        "reads": grids.NOTHING,
    }


def test_a_baseline_is_a_recipe_of_any_experiment_with_its_source_and_metrics() -> None:
    others = experiment({"network": NETWORKS}, baseline="y-gru")
    mine = experiment({"network": NETWORKS}, corpus="mine")
    made = derive(study(x=others, y=mine))["comparisons"]["x"]
    assert made["baseline"] == "y-gru" and made["baseline_source"] == "mine"
    assert made["reads"] == "reports/metrics/y-gru.json"


def test_recipes_have_names_in_words_which_an_experiment_may_change() -> None:
    names = {"lstm": "LSTM", "lstm-none": "an LSTM alone", "dropout": "with dropout"}
    vary = {"network": NETWORKS, "remedy": {name: REMEDIES[name] for name in ("none", "dropout")}}
    plain, own = (
        derive(study(x=experiment(vary, **more)) | {"names": names})["comparisons"]["x"]
        for more in ({}, {"names": {"gru": "GRU"}})
    )
    assert plain["names"] == ["an LSTM alone", "LSTM with dropout", "gru none", "gru with dropout"]
    assert plain["colors"] == [1, -1, -1, -1]
    assert own["names"][2:] == ["GRU none", "GRU with dropout"]


def test_a_name_that_is_no_text_gives_a_gap_for_which_the_schema_has_words() -> None:
    made = derive(study(x=experiment({"network": NETWORKS})) | {"names": {"lstm": {"a": 1}, "gru": "GRU"}})
    assert made["comparisons"]["x"]["colors"] == [-1, 0]


def test_a_baseline_has_the_name_that_its_own_experiment_gives_it() -> None:
    there = experiment({"network": NETWORKS}, names={"gru": "the GRU"})
    made = derive(study(x=experiment({"network": NETWORKS}, baseline="y-gru"), y=there))
    assert made["comparisons"]["x"]["baseline_name"] == "the GRU"


def test_an_experiment_without_x_and_chapters_has_no_such_lists() -> None:
    comparison = derive(study(x=experiment({"network": NETWORKS})))["comparisons"]["x"]
    assert [*comparison] == ["title", "recipes", "sources", "duplicates", "names", "colors", "reads"]


def test_a_download_reads_the_users_file_or_a_module_without_code() -> None:
    sources = derive(study())["pipeline"]["sources"]
    assert sources["mine"]["reads"] == "a.csv"
    assert sources["demo"] == {
        "kind": "demo",
        "reads": "stages/sources/__init__.py",
        "entry": {"kind": "demo"},
    }


def test_the_order_of_what_dvc_takes_for_unordered_is_written_down() -> None:
    asked = experiment({"n": NETWORKS}) | {"samples": True}
    order = derive(study(b=asked, a=asked))["pipeline"]["order"]
    recipes_in_order = ["b-lstm", "b-gru", "a-lstm", "a-gru"]
    assert order["sampled"] == recipes_in_order and order["corpora"] == ["words", "mine"]


def test_the_recipes_that_read_each_test_split_are_counted_whether_or_not_they_are_asked_sentences() -> None:
    silent = experiment({"n": NETWORKS})
    tested = derive(study(b=silent, a=silent | {"samples": True}))["pipeline"]["order"]["tested"]
    assert [*tested.values()] == [4]


def test_the_recipes_of_experiments_that_say_so_are_asked_sample_sentences() -> None:
    silent = experiment({"n": NETWORKS})
    asked = derive(study(b=silent | {"samples": True}, a=silent))["pipeline"]
    assert asked["sampled"] == {"b-lstm": {"corpus": "words"}, "b-gru": {"corpus": "words"}}
    assert asked["samples"] == "reports/samples"
    nobody = derive(study(a=silent))["pipeline"]
    assert nobody["sampled"] == {} and nobody["samples"] == grids.NOTHING


def test_a_cell_added_by_one_line_is_a_recipe_and_changes_no_other() -> None:
    plain = recipes({"network": NETWORKS, "remedy": {"none": {}}})
    more = recipes({"network": NETWORKS, "remedy": {"none": {}, "mask": {"model": {"mask": True}}}})
    assert {name: more[name] for name in plain} == plain
    assert more["x-lstm-mask"]["model"]["mask"] is True and len(more) == 2 * len(plain)


VALUES = st.one_of(st.integers(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2))
MAPPINGS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), VALUES | inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_keeps_what_is_not_patched_and_can_be_done_in_any_grouping(
    a: Params, b: Params, c: Params
) -> None:
    assert merged(a, {}) == merged({}, a) == merged(a, a) == a
    assert patched(["old", "name", b, c], {"name": a}) == merged(merged(a, b), c)
    assert patched([b, "name", c], {"name": a}) == merged(merged(a, b), c)
    for key in a.keys() - b.keys():
        assert merged(a, b)[key] == a[key]
    for key, value in b.items():
        if not isinstance(value, dict):
            assert merged(a, b)[key] == value


NAMES = st.sampled_from(["a", "b", "c1", "d-e", "10", "2"])
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        "model": st.just("gru") | st.dictionaries(st.sampled_from(["mask", "units"]), st.integers(0, 3)),
        "training": st.just("lesson") | st.just({"epochs": 3}),
        "corpus": st.just("mine"),
        "seeds": st.integers(1, 4),
    },
)
AXES = st.lists(st.dictionaries(NAMES, PATCHES, min_size=1, max_size=3), min_size=1, max_size=3)


@settings(max_examples=50)
@given(AXES)
def test_the_product_is_complete_and_each_cell_has_the_place_that_its_name_says(axes: list[Params]) -> None:
    vary = {f"axis{i}": axis for i, axis in enumerate(axes)}
    product = [*cells("x", study(x=experiment(vary)))]
    assert [tuple(cell.place.values()) for cell in product] == [*itertools.product(*axes)]
    assert [cell.name for cell in product] == ["-".join(["x", *place]) for place in itertools.product(*axes)]
    assert all([*cell.place] == [*vary] for cell in product)


@settings(max_examples=50)
@given(st.permutations(["network", "mask", "epochs"]))
def test_a_cell_is_the_same_whichever_axis_comes_first(order: list[str]) -> None:
    axes: Params = {
        "network": NETWORKS | {"small": {"model": "gru", "seeds": 2}},
        "mask": {"masked": {"model": {"mask": True}}, "bare": {"model": {"mask": False}}},
        "epochs": {"more": {"training": {"epochs": 50}}, "lesson": {"training": "lesson"}},
    }

    def by_place(names: list[str]) -> Params:
        params = study(x=experiment({name: axes[name] for name in names}))
        return {str(sorted(cell.place.items())): cell.parts for cell in cells("x", params)}

    assert by_place(order) == by_place([*axes])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["lstm", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "experiments",
                    "vary",
                    "tweak",
                    "model",
                    "seeds",
                    "x",
                    "corpora",
                    "source",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(JUNK)
def test_what_is_derived_from_junk_has_gaps_and_is_no_traceback(junk: Any) -> None:
    derive({"experiments": {"x": junk}, "models": junk, "sources": {"y": {"kind": junk}}})
    assert [*derive({"experiments": junk})] == ["recipes", "comparisons", "pipeline"]
