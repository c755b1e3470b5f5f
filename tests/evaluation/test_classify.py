"""Whatever text is given to a trained recipe, it gets an answer of its own, by the models that were meant."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.artifacts import provenance
from stages.artifacts.padding import Bucket, Fixed
from stages.artifacts.storage import save_arrays
from stages.evaluation import classify, inference
from stages.network import backend
from stages.runtime import files
from stages.runtime.config import InputError
from stages.tokenization.interface import identity
from stages.tokenizers import word
from tests.evaluation.fakes import Fake

HOWS = [
    Fixed(kind="fixed", length=4, side="pre", truncate="post"),
    Bucket(kind="bucket", boundaries=[2, 5]),
]
TOKENIZER = word.fit(word.Config(kind="word", vocabulary=5), ["a plot", "a dull plot"])
BUCKET = {"kind": "bucket", "boundaries": [2, 5]}
RECIPES = {"mine": {"corpus": "words"}}
ANSWERS = {"7.keras": 3.0, "3.keras": -1.0}


@pytest.mark.parametrize("how", HOWS, ids=["fixed", "bucket"])
@settings(max_examples=30)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=6))
def test_every_text_has_its_own_row_of_ids_even_an_empty_one(how: Fixed | Bucket, texts: list[str]) -> None:
    arrays = classify.padded(texts, TOKENIZER, how)
    rows = [int(row) for bucket in arrays.rows for row in bucket]
    assert sorted(rows) == list(range(len(texts)))
    for ids, members in zip(arrays.ids, arrays.rows, strict=True):
        for line, row in zip(ids, members, strict=True):
            expected = next(iter(TOKENIZER.encode([texts[row]])))
            kept = expected[: how.length] if isinstance(how, Fixed) else expected
            assert line[line > 0].tolist() == kept.tolist()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe that was trained for the seeds 7 and 3, whose models' answers are made up."""
    tokens, folder = tmp_path / "data" / "tokens" / "words", tmp_path / "data" / "models" / "mine"
    tokens.mkdir(parents=True)
    TOKENIZER.save(tokens)
    (folder / "seeds").mkdir(parents=True)
    for name in ANSWERS:
        (folder / "seeds" / name).write_bytes(name.encode())
    files.write_json(folder / "training.json", FACTS)
    certify(folder, tokens)
    monkeypatch.setattr(classify, "ROOT", tmp_path)
    monkeypatch.setattr(inference, "load", model)
    return tmp_path


FACTS = {
    "labels": ["dull", "good"],
    "architecture": "gru",
    "trainer": "gradient_descent",
    "seeds": {"7": {}, "3": {}},
}


def certify(folder: Path, tokens: Path, **versions: str) -> None:
    origin = {
        "parameters": {"model": {"architecture": "gru"}},
        "tokenizer": identity("word", tokens),
        "pad": BUCKET,
        "seeds": [7, 3],
        "versions": {"python": "3", **provenance.versions(), **versions},
        "backend": backend.described(),
    }
    (folder / provenance.FILE).unlink(missing_ok=True)
    provenance.write(folder, origin)
    key = json.loads((folder / provenance.FILE).read_text(encoding="utf-8"))["key"]
    calibrated = {"key": key, "temperatures": {"7": 2.0, "3": 0.5}}
    files.write_json(folder.parents[1] / "calibrations" / "mine.json", calibrated)


def model(path: Path, architecture: str) -> Fake:
    """Its logit is a number of the seed's, plus how many words of the text it knows."""
    assert architecture == "gru"
    return Fake(np.array(ANSWERS[path.name]), lambda own, ids: own + (ids > 1).sum(axis=1))


TEXTS = ["", "a dull plot", "who knows"]


def good(answer: float, temperature: float) -> list[float]:
    """Probabilities of "good" for the texts, which have 0, 3 and 0 known words."""
    return [1 / (1 + np.exp(-(answer + known) / temperature)) for known in (0, 3, 0)]


def test_it_is_the_first_seed_that_answers(root: Path) -> None:
    probable = classify.Classifier("mine", RECIPES).probabilities(TEXTS)
    assert probable.shape == (1, 3, 2)
    np.testing.assert_allclose(probable[0, :, 1], good(3.0, 2.0))


def test_or_every_seed_in_the_recipe_s_order(root: Path) -> None:
    classifier = classify.Classifier("mine", RECIPES, "all")
    probable = classifier.probabilities(TEXTS)
    np.testing.assert_allclose(probable[:, :, 1], [good(3.0, 2.0), good(-1.0, 0.5)])
    assert classifier.labels == ["dull", "good"]
    np.testing.assert_allclose(probable.sum(axis=2), 1)


@pytest.mark.parametrize("missing", [True, False])
def test_a_temperature_of_other_models_or_none_is_noted_and_not_used(
    root: Path, capsys: pytest.CaptureFixture[str], missing: bool
) -> None:
    path = root / "data" / "calibrations" / "mine.json"
    files.remove(path)
    if not missing:
        files.write_json(path, {"key": "another", "temperatures": {"7": 2.0}})
    probable = classify.Classifier("mine", RECIPES).probabilities(TEXTS)
    np.testing.assert_allclose(probable[0, :, 1], good(3.0, 1.0))
    assert capsys.readouterr().err.startswith("note: mine is not evaluated, so its probabilities are not cal")


def test_a_damaged_calibration_is_refused(root: Path) -> None:
    (root / "data" / "calibrations" / "mine.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine.json is damaged"):
        classify.Classifier("mine", RECIPES)


def test_no_text_has_no_answer(root: Path) -> None:
    assert classify.Classifier("mine", RECIPES).probabilities([]).shape == (1, 0, 2)


def test_nothing_is_noted_where_the_environment_is_the_same(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classify.Classifier("mine", RECIPES)
    assert capsys.readouterr().err == ""


def test_another_version_is_noted_in_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certify(root / "data" / "models" / "mine", root / "data" / "tokens" / "words", keras="2.9.0")
    classify.Classifier("mine", RECIPES)
    note = capsys.readouterr().err
    assert note.startswith("note: mine was trained with keras 2.9.0, here 3.") and note.count("\n") == 1


@pytest.mark.parametrize("then", ["scikit-learn 0.9.1", "a library 1.0", "linear"])
def test_a_linear_model_s_library_is_compared_without_importing_it(
    capsys: pytest.CaptureFixture[str], then: str
) -> None:
    here = f"scikit-learn {version('scikit-learn')}"
    for library, differs in ((then, True), (here, False)):
        classify._note("mine", {"versions": provenance.versions(), "backend": library}, "linear")
        assert (f"note: mine was trained with backend {library}, here" in capsys.readouterr().err) == differs


@pytest.mark.parametrize("missing", ["models", "tokens"])
def test_what_is_not_trained_is_refused(root: Path, missing: str) -> None:
    files.remove(root / "data" / missing)
    with pytest.raises(InputError, match="mine is not trained; train it with: dvc repro train@mine"):
        classify.Classifier("mine", RECIPES)


def test_another_tokenizer_than_in_training_is_refused(root: Path) -> None:
    path = root / "data" / "tokens" / "words" / "tokenizer.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries["model"]["vocab"] |= {"dull": 4, "plot": 3}
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(InputError, match="words holds another tokenizer than mine was trained with"):
        classify.Classifier("mine", RECIPES)


@pytest.mark.parametrize("name", ["seeds/7.keras", "seeds/3.keras", "training.json"])
def test_another_model_than_was_trained_is_refused(root: Path, name: str) -> None:
    (root / "data" / "models" / "mine" / name).write_bytes(b"another")
    with pytest.raises(InputError, match=f"{name} is missing or not the file that was trained"):
        classify.Classifier("mine", RECIPES)


def test_an_ensemble_says_what_its_members_say_weighed(root: Path) -> None:
    """Its members are `mine` and a copy of it."""
    models = root / "data" / "models"
    shutil.copytree(models / "mine", models / "copy")
    (models / "copy" / provenance.FILE).unlink()
    (models / "both" / "seeds").mkdir(parents=True)
    for seed, weights in (("7", [0.5, 0.0]), ("3", [1.0, 2.0])):
        arrays = {"members": np.array(["mine", "copy"]), "weights": np.array(weights)}
        save_arrays(models / "both" / "seeds" / f"{seed}.npz", arrays)
    files.write_json(models / "both" / "training.json", FACTS | {"trainer": "blend"})
    provenance.write(models / "both", {"parameters": {"model": {"members": "x"}}, "tokenizer": "", "pad": {}})
    certify(models / "copy", root / "data" / "tokens" / "words")
    shares = classify.Classifier("both", dict.fromkeys(["mine", "copy", "both"], RECIPES["mine"]), "all")
    positive = shares.probabilities(TEXTS)[:, :, 1]
    np.testing.assert_allclose(positive, [good(3.0, 2.0), good(-1.0, 1 / 3)], atol=1e-6)
