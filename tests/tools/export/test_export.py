"""The command `export`: what it writes where, what it refuses, what an export says of itself."""

import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from stages.runtime.config import InputError
from stages.tools.answering import trained
from stages.tools.export import __main__ as export
from stages.tools.export import linear_form, package, readme
from stages.tools.export.__main__ import write
from stages.trainers.linear import Linear
from tests.tools.export.packages import PADS, facts


@pytest.mark.parametrize(
    ("recipe", "module"),
    [
        ("20news-svm", "model_20news_svm"),
        ("class", "model_class"),
        ("email", "model_email"),
        ("numpy", "model_numpy"),
        ("a-2", "a_2"),
    ],
)
def test_a_package_is_imported_by_a_name_that_python_takes(recipe: str, module: str) -> None:
    assert package.module_of(recipe) == module
    compile(f"import {module}", "a program", "exec")
    assert f"from {module} import" in readme.written(facts("ab") | {"recipe": recipe}, "package")


def test_committed_metrics_of_other_models_are_not_those_of_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROOT", tmp_path)
    for folder in ("reports/metrics", "data/calibrations"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "reports" / "metrics" / "mine.json").write_text('{"seeds": 3}', encoding="utf-8")
    assert export.measured("mine", "this") is None
    for key, expected in (("another", None), ("this", {"seeds": 3})):
        calibration = tmp_path / "data" / "calibrations" / "mine.json"
        calibration.write_text(f'{{"key": "{key}", "temperatures": {{}}}}', encoding="utf-8")
        assert export.measured("mine", "this") == expected


def test_the_command_to_install_a_package_can_be_pasted_whatever_its_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "params", lambda: {"recipes": {"mine-too": {}}})
    monkeypatch.setattr(export, "exported", lambda *_: None)
    for name in ("model", "my model's"):
        monkeypatch.setattr("sys.argv", ["export", "mine-too", "--to", name])
        export.main()
        _, command, then = capsys.readouterr().out.split("; ")[1].partition("pip install ")
        assert shlex.split(then.partition(", then")[0]) == [str(tmp_path / name)] and command


def test_a_linear_model_is_no_network_s_file(tmp_path: Path) -> None:
    nothing = np.zeros(0, np.float32)
    model = Linear(nothing, nothing, nothing, np.zeros(0, np.int64))
    with pytest.raises(InputError, match="--as: found onnx for mine-too, which is no network"):
        write(tmp_path, facts("ab"), model, "ngrams", tmp_path, "onnx")


@pytest.mark.parametrize("there", [False, True])
def test_an_export_that_is_refused_leaves_no_empty_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    nothing = np.zeros(0, np.float32)
    model = Linear(nothing, nothing, nothing, np.zeros(0, np.int64))
    training = {"seeds": {"1": {}}, "labels": ["a", "b"]}
    origin = {"pad": PADS["bucket"], "tokenizer": "ngrams 0"}
    monkeypatch.setattr(export, "Classifier", lambda name, recipes: SimpleNamespace(_tokenizer=None))
    monkeypatch.setattr(export, "first_learned", lambda tokenizer: 2)
    monkeypatch.setattr(export, "params", lambda: {"corpora": {"words": {"source": "mine"}}})
    monkeypatch.setattr(export, "temperatures", lambda name, key: {})
    monkeypatch.setattr(trained, "opened", lambda name: (training, origin, iter([model])))
    recipes = {"mine-too": {"corpus": "words", "model": {"architecture": "linear_classifier"}}}
    if there:
        (tmp_path / "exported").mkdir()
    with pytest.raises(InputError, match="--as: found onnx for mine-too, which is no network"):
        export.exported("mine-too", recipes, "onnx", tmp_path / "exported" / "all" / "mine-too")
    assert [*tmp_path.iterdir()] == ([tmp_path / "exported"] if there else [])
    assert not [*tmp_path.glob("exported/*")]


def test_a_recipe_is_exported_as_each_kind_into_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(name: str, recipes: object, kind: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / kind).touch()

    monkeypatch.setattr(export, "ROOT", tmp_path)
    monkeypatch.setattr(export, "exported", made)
    monkeypatch.setattr(export, "params", lambda: {"recipes": {"mine-too": {}}})
    for kind in export.FORMATS:
        monkeypatch.setattr(sys, "argv", ["export", "mine-too", "--as", kind])
        export.main()
    folders = {path.name: path.parent.name for path in tmp_path.rglob("exported/*/*")}
    assert folders["package"] == "mine-too" and folders["onnx"] == "mine-too-onnx"
    assert {*folders} == {*export.FORMATS} and len({*folders.values()}) == len(folders)
    with pytest.raises(InputError, match="which is not empty"):
        export.main()


def test_other_models_have_no_such_form() -> None:
    class Network:
        name = "lstm"
        output_shape = (None, 1)

    assert linear_form.arrays(Network(), "ngrams") is None


@pytest.mark.parametrize("kind", ["package", "onnx"])
def test_it_says_of_itself_what_was_measured(kind: str) -> None:
    metrics = {"test": {"accuracy": 0.8769, "f1": 0.85}, "calibrated": {"ece": 0.0123}, "seeds": 3}
    page = readme.written(facts(["ham", "spam"]) | {"measured": metrics}, kind)
    assert "mean of 3 models" in page
    assert "| accuracy | F1 of spam | expected calibration error |" in page
    assert "| 87.7 % | 0.850 | 0.012 |" in page
    three = readme.written(facts(["a", "b", "c"]) | {"measured": metrics}, kind)
    assert "| accuracy | F1, mean over the labels |" in three
    odd = readme.written(facts(["a", "b | <b>"]) | {"measured": metrics}, kind)
    assert "<b>" not in odd and "b | " not in odd
    assert "ham, spam" in page
    assert ("pip install ." in page) == (kind == "package")
    doubt = {"doubt": "probabilities are not calibrated, as it is"}
    del metrics["calibrated"]  # so it is if nothing was held out
    doubtful = readme.written(facts(["ham", "spam"]) | {"measured": metrics} | doubt, kind)
    assert "| 87.7 % | 0.850 | not calibrated |" in doubtful
    assert "**Its probabilities are not calibrated, as it is.**" in doubtful and "**Its" not in page
    assert "Not measured" in readme.written(facts(["ham", "spam"]) | {"measured": None}, kind)
