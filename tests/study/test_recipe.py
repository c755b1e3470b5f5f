"""The parts of a recipe go together, or it is refused in one line."""

import pytest

from stages.runtime.config import InputError, read
from stages.study import recipe
from stages.study.grids import derive
from stages.study.schema import check
from tests.study.edits import line, put
from tests.study.small import Params


def test_early_stopping_may_not_look_at_the_test_split(params: Params) -> None:
    text = line(put(params, "trainings.short.validation", "test"), "trainings.short")
    assert " trainings.short.early_stopping: " in text and "validation: test" in text
    text = line(put(params, "recipes.cells-lstm-none.training.validation", "test"), "recipes.cells-lstm-none")
    assert "recipes.cells-lstm-none.training.early_stopping" in text


def test_flatten_needs_a_corpus_of_one_width(params: Params) -> None:
    edited = put(params, "experiments.lengths.vary.dense.2.corpus", "words")
    text = line(edited | derive(edited), "recipes.lengths-2")
    assert ' recipes.lengths-2.corpus: found "words"' in text and "fixed length" in text


def test_a_kernel_wider_than_a_bucket_needs_a_mask(params: Params) -> None:
    def conv1d(mask: bool, kernel: int) -> Params:
        edited = put(params, "models.conv1d", params["models"]["conv1d"] | {"mask": mask, "kernel": kernel})
        return edited | derive(edited)

    text = line(conv1d(False, 33), "recipes.cells-conv1d-none")
    assert " recipes.cells-conv1d-none.model.kernel: found 33" in text and "32 at most" in text
    check(conv1d(False, 32))
    check(conv1d(True, 33))


def test_dropout_of_a_layer_that_an_architecture_has_not_is_refused(params: Params) -> None:
    def dropped(model: str) -> Params:
        edited = put(params, f"models.{model}.dropout", {"recurrent": 0.3})
        return edited | derive(edited)

    check(dropped("lstm"))
    text = line(dropped("conv1d"), "recipes.cells-conv1d-none")
    assert "model.dropout.recurrent: found 0.3, allowed: 0.0, as conv1d has no recurrent layer" in text


def with_ngrams(params: Params, model: Params, training: Params) -> Params:
    """The study, with its recipe cells-lstm-none of another model and training on n-grams without order."""
    ngrams = {"kind": "ngrams", "words": 2, "min_texts": 2, "binary": True}
    edited = put(params, "corpora.words.tokenizer", ngrams)
    edited = put(put(edited, "models.lstm", model), "trainings.short", training)
    return edited | derive(edited)


SETS: Params = {
    "source": "demo",
    "tokenizer": {"kind": "ngrams", "words": 2, "min_texts": 2, "binary": True},
    "pad": {"kind": "bucket", "boundaries": [8], "unlabelled": True},
}
LINEAR: Params = {"kind": "linear", "validation": {"fraction": 0.1}}
MAJORITY: Params = {"architecture": "majority"}


def test_an_architecture_needs_a_trainer_that_trains_it(params: Params) -> None:
    edited = put(params, "models.lstm", MAJORITY)
    text = line(edited | derive(edited), "recipes.cells-lstm-none")
    assert 'training.kind: found "gradient_descent", allowed: linear, for the architecture majority' in text
    edited = put(params, "trainings.short", LINEAR)
    text = line(edited | derive(edited), "recipes.cells-lstm-none")
    assert (
        'training.kind: found "linear", allowed: adversarial, data_parallel, gradient_descent, transfer, for'
        in text
    )


def test_what_reads_an_order_needs_a_corpus_that_has_one(params: Params) -> None:
    def read(model: Params, training: Params) -> None:
        edited = with_ngrams(params, model, training)
        recipe.check(edited, "cells-lstm-none", edited["recipes"]["cells-lstm-none"])

    read(MAJORITY, LINEAR)
    with pytest.raises(InputError, match=r'architecture: found "lstm", allowed: .*pooled, .* no order'):
        read(params["models"]["lstm"], params["trainings"]["short"])


@pytest.mark.parametrize(
    ("segment", "pooling", "corpus", "refused"),
    [
        (30, "max", "bpe", ""),
        (31, "max", "bpe", "segment"),
        (30, "last", "bpe", "pooling"),
        (32, "max", "words", "segment"),
    ],
)
def test_segments_divide_a_fixed_length_and_are_pooled(
    params: Params, segment: int, pooling: str, corpus: str, refused: str
) -> None:
    edited = put(params, "models.lstm", params["models"]["lstm"] | {"segment": segment, "pooling": pooling})
    edited = put(edited, "experiments.cells.corpus", corpus)
    edited |= derive(edited)
    if refused:
        assert f"recipes.cells-lstm-none.model.{refused}: found" in line(edited, "recipes.cells-lstm-none")
    else:
        check(edited)


VECTORS: Params = {
    "kind": "word_vectors",
    "corpus": "bpe",
    "embedding": 16,
    "algorithm": "cbow",
    "window": 5,
    "negatives": 5,
    "epochs": 1,
}


def taught(params: Params, teacher: str = "lengths-2", **how: object) -> Params:
    """The study with its recipe cells-lstm-none a student of one that reads the same corpus."""
    short = params["trainings"]["short"] | {"kind": "transfer", "teacher": teacher, **how}
    edited = put(put(params, "trainings.short", short), "corpora.bpe.pad.unlabelled", True)
    edited = put(put(edited, "experiments.cells.corpus", "bpe"), "experiments.lengths.seeds", 2)
    teaching = params["trainings"]["lesson"] | {"validation": {"fraction": 0.1}}
    edited = put(put(edited, "trainings.lesson", teaching), "pretrainings.vectors", VECTORS)
    return edited | derive(edited)


def test_what_starts_with_an_embedding_or_moves_it_needs_one(params: Params) -> None:
    oh_cnn = params["models"]["pooled"] | {"architecture": "oh_cnn", "region": 3, "pooling": "max"}
    edited = put(taught(params), "models.lstm", oh_cnn)
    text = line(edited | derive(edited), "recipes.cells-lstm-none")
    assert 'training.kind: found "transfer", allowed: gradient_descent, as oh_cnn has no embedding' in text


def test_a_student_has_a_teacher_that_could_have_taught_it(params: Params) -> None:
    def refused(edited: Params) -> str:
        edited |= derive(edited)
        return line(edited, "recipes.cells-lstm-none")

    check(taught(params))
    check(taught(params, start="vectors"))
    assert 'teacher: found "lengths-3"' in refused(taught(params, "lengths-3"))
    assert 'start: found "vectrs"' in refused(taught(params, start="vectrs"))
    itself = "a recipe that is not taught by this one"
    assert itself in refused(taught(params, "cells-lstm-none"))
    assert itself in refused(taught(params, "cells-lstm-early"))  # which is a student of it
    other = put(taught(params), "corpora.other", taught(params)["corpora"]["bpe"] | {"source": "sarcasm"})
    assert "as this one" in refused(put(other, "experiments.lengths.vary.dense.2.corpus", "other"))
    assert "holds out what" in refused(put(taught(params), "trainings.lesson.validation.fraction", 0.2))
    assert "all seeds" in refused(put(taught(params), "experiments.lengths.seeds", 1))
    without = put(taught(params), "corpora.bpe.pad.unlabelled", False)
    assert "unlabelled: true" in line(without | derive(without), "pretrainings.vectors")


def test_weights_to_start_with_are_for_the_ids_that_they_were_learned_on(params: Params) -> None:
    """Of another vocabulary of the same size they would have the right shape."""
    edited = taught(params, start="vectors")
    words = edited["corpora"]["bpe"]["tokenizer"] | {
        "vocabulary": edited["corpora"]["bpe"]["tokenizer"]["vocabulary"] + 1
    }
    edited = put(edited, "corpora.other", edited["corpora"]["bpe"] | {"tokenizer": words})
    edited = put(edited, "pretrainings.vectors.corpus", "other")
    assert 'start: found "vectors", allowed: weights learned on' in line(edited, "recipes.cells-lstm-none")


def test_what_learns_from_neighbours_needs_an_order(params: Params) -> None:
    edited = put(taught(params, start="vectors"), "corpora.sets", SETS)
    edited = put(edited, "pretrainings.vectors.corpus", "sets")
    assert 'found "sets", allowed: for word_vectors, a corpus with' in line(edited, "pretrainings.vectors")


def test_the_network_of_nb_svm_needs_sets(params: Params) -> None:
    model = {"architecture": "nb_svm", "ratio": 1.0, "idf": True, "adapt": True, "dropout": {}}
    edited = with_ngrams(params, model, params["trainings"]["short"])
    recipe._sets(edited, read(recipe.Recipe, edited["recipes"]["cells-lstm-none"], "x", ""), "x")
    edited = put(edited, "corpora.words.tokenizer.binary", False)
    with pytest.raises(InputError, match=r"corpus: found .*, allowed: for nb_svm, a corpus of `ngrams`"):
        recipe._sets(edited, read(recipe.Recipe, edited["recipes"]["cells-lstm-none"], "x", ""), "x")


def blended(params: Params) -> Params:
    """The study with an ensemble of the recipes of `lengths`, which hold out what it is weighed on."""
    edited = put(taught(params), "models.both", {"architecture": "ensemble", "members": "lengths"})
    edited = put(edited, "trainings.blend", {"kind": "blend", "validation": {"fraction": 0.1}})
    one: Params = {"title": "t", "corpus": "bpe", "model": "both", "training": "blend", "seeds": 2}
    edited = put(edited, "experiments.both", one | {"vary": {"members": {"all": {}}}})
    return edited | derive(edited)


def test_members_of_an_ensemble_hold_out_what_it_is_weighed_on(params: Params) -> None:
    def refused(key: str, value: object) -> str:
        edited = put(blended(params), key, value)
        return line(edited | derive(edited), "recipes.both-all")

    check(blended(params))
    assert blended(params)["recipes"]["both-all"]["arrays"] == "data/logits/train/lengths"
    assert 'members: found "lenths", allowed' in refused("models.both.members", "lenths")
    assert "without ensembles" in refused("models.both.members", "both")
    assert "holds out what" in refused("trainings.blend.validation.fraction", 0.2)
    assert "all seeds" in refused("experiments.both.seeds", 3)
    assert "as this one" in refused("experiments.both.corpus", "words")
