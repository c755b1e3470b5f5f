"""What is exported says what the pipeline says, in a process that has nothing of ours and no TensorFlow."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stages.artifacts.padding import Bucket, Fixed, Pad
from stages.evaluation.classify import padded
from stages.evaluation.inference import logits
from stages.evaluation.metrics import probabilities
from stages.network.sizes import Shape
from stages.runtime.config import InputError
from stages.tokenizers import bpe, ngrams, subwords8k, word
from stages.tools.answering import trained
from stages.tools.answering.resident import Listening, first_learned
from stages.tools.export import __main__ as export
from stages.tools.export import linear_form, package, readme
from stages.tools.export.__main__ import write
from stages.trainers.linear import Linear
from tests.models import small

TEXTS = [f"Word{i % 7} isn't word{i % 5}, but <br /> nö{i % 3}! 🎬" for i in range(60)]
NEW = ["", "nothing known whatsoever", *TEXTS[:9], "word1 word1 word1 word2 isn't", "  \n ", "word2 " * 30]
SAYS = """
import json, sys
sys.path.insert(0, {folder!r})
import mine_too
made = mine_too.Classifier()
shares = made.probabilities(json.loads(sys.stdin.read()))
absent = "stages", "tensorflow", "keras", "scipy", "pydantic"
others = [name for name in sys.modules if name.partition(".")[0] in absent]
json.dump([made.labels, shares.tolist(), others], sys.stdout)
"""
BUCKETS = Bucket(kind="bucket", boundaries=[4, 9])
CUT = Fixed(kind="fixed", length=8, side="pre", truncate="pre")
PADS: dict[str, dict[str, Any]] = {"bucket": {"kind": "bucket", "boundaries": [4, 9]}}
PADS["fixed"] = {"kind": "fixed", "length": 8, "side": "pre", "truncate": "pre"}


def fitted(characters: int, binary: bool, folder: Path) -> ngrams.Ngrams:
    edges = characters > 0
    config = ngrams.Config(
        kind="ngrams", words=2, characters=characters, min_texts=1, binary=binary, edges=edges
    )
    tokenizer = ngrams.fit(config, TEXTS)
    folder.mkdir()
    tokenizer.save(folder)
    return tokenizer


def package_answers(folder: Path) -> tuple[list[str], np.ndarray]:
    """Labels and probabilities of the new texts, from the package, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", SAYS.format(folder=str(folder))],
        input=json.dumps(NEW),
        capture_output=True,
        text=True,
        check=True,
    )
    labels, shares, others = json.loads(done.stdout)
    assert others == []
    return labels, np.array(shares)


def facts(labels: Sequence[str], pad: str = "bucket") -> dict[str, Any]:
    same: dict[str, Any] = {"recipe": "mine-too", "seed": 1, "temperature": 1.7, "certificate": "x"}
    about = {"architecture": "lstm", "source": "mine", "first_learned": 2}
    return same | about | {"labels": [*labels], "pad": PADS[pad]}


def scaled(model: Any, factor: float) -> None:
    """Weights so large that probabilities are far from equal."""
    for weights in model.trainable_variables:
        weights.assign(factor * weights)


@pytest.mark.parametrize(("characters", "binary", "classes"), [(0, False, 2), (0, True, 3), (4, False, 2)])
def test_a_linear_model_says_what_it_says_here(
    tmp_path: Path, characters: int, binary: bool, classes: int
) -> None:
    tokenizer = fitted(characters, binary, tmp_path / "tokens")
    random = np.random.default_rng(0)
    outputs = 1 if classes == 2 else classes
    model = Linear(
        random.random(tokenizer.vocabulary).astype(np.float32),
        random.normal(size=(tokenizer.vocabulary, outputs)).astype(np.float32),
        random.normal(size=outputs).astype(np.float32),
        np.array(tokenizer.parts, dtype=np.int64),
    )
    names = [f"label {i} ü" for i in range(classes)]
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts(names), model, "ngrams", tmp_path / "tokens")
    labels, shares = package_answers(tmp_path / "package")
    assert labels == names
    here = padded(NEW, tokenizer, BUCKETS)
    np.testing.assert_allclose(shares, probabilities(model.logits(here) / 1.7), atol=1e-4)


@pytest.mark.parametrize("truncate", ["pre", "post"])
def test_a_linear_model_on_any_ids_is_a_package_and_reads_of_a_text_what_it_reads_here(
    tmp_path: Path, truncate: Any
) -> None:
    """Also where its corpus cuts texts, and words come in their order."""
    tokenizer = word.fit(word.Config(kind="word", vocabulary=12), TEXTS)
    (tmp_path / "tokens").mkdir()
    tokenizer.save(tmp_path / "tokens")
    random = np.random.default_rng(0)
    weights = random.normal(size=(12, 1)).astype(np.float32)
    model = Linear(np.abs(weights[:, 0]), weights, weights[0], np.zeros(0, np.int64))
    how = Fixed(kind="fixed", length=3, side="pre", truncate=truncate)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("ab") | {"pad": asdict(how)}, model, "word", tmp_path / "tokens")
    expected = probabilities(model.logits(padded(NEW, tokenizer, how)) / 1.7)
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


def test_a_long_text_is_as_wide_as_it_is_whatever_is_beside_it() -> None:
    """A network without a mask reads padding, too."""
    from stages.tools.export.shipped.onnx_model import Model

    model = Model.__new__(Model)
    model._pad = PADS["bucket"]
    assert model._widths(np.array([0, 4, 5, 9, 10, 30])).tolist() == [4, 4, 9, 9, 10, 30]


def test_what_is_known_follows_from_the_tokenizer_s_ids() -> None:
    """Of subwords, id 1 is one that was learned; of words it is that of all others."""
    pieces = bpe.fit(bpe.Config(kind="bpe", vocabulary=300), TEXTS)
    words = word.fit(word.Config(kind="word", vocabulary=12), TEXTS)
    assert [first_learned(tokenizer) for tokenizer in (pieces, words)] == [1, 2]
    listening = Listening(pieces)
    ids = [ids.tolist() for ids in listening.encode(["!", ""])]
    assert ids == [[1], []] and listening.known == [True, False]


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


def linear_package(folder: Path) -> Path:
    """One that says "bad" of every text, the surer the more of its words are known."""
    tokenizer = fitted(0, False, folder / "tokens")
    ones = np.ones(tokenizer.vocabulary, np.float32)
    model = Linear(ones, ones[:, None], ones[:1], np.zeros(0, np.int64))
    (folder / "package").mkdir()
    write(folder / "package", facts(["good", "bad"]), model, "ngrams", folder / "tokens")
    return folder / "package"


def run(package: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """The command of a package, started where it lies."""
    command = [sys.executable, "-m", "mine_too", *words]
    return subprocess.run(command, cwd=package, input=stdin, capture_output=True, text=True, check=True)


MANY = [f"Of {i} and {i * 7}: isn't word{i % 7} word{i % 5}, or ünheard{i}?" for i in range(300)]
ALONE = """
import json, sys
class Others:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in {{*sys.stdlib_module_names, "numpy", "mine_too"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Others)
sys.path.insert(0, {folder!r})
import mine_too
texts = json.loads(sys.stdin.read())
one_by_one, in_bulk = mine_too.Classifier(), mine_too.Classifier()
shares = [one_by_one.probabilities([text])[0].tolist() for text in texts]
json.dump([shares, in_bulk.probabilities(texts).tolist()], sys.stdout)
"""


@pytest.mark.parametrize("characters", [0, 4])
def test_a_linear_model_needs_numpy_alone_however_many_texts_it_is_asked(
    tmp_path: Path, characters: int
) -> None:
    """Each text alone or all at once: what is looked up often may be looked up another way."""
    tokenizer = fitted(characters, False, tmp_path / "tokens")
    assert sum(len(ids) for ids in tokenizer.encode(MANY)) > 5 * tokenizer.vocabulary
    random = np.random.default_rng(0)
    weights = random.normal(size=(tokenizer.vocabulary, 3)).astype(np.float32)
    parts = np.array(tokenizer.parts, dtype=np.int64)
    model = Linear(np.abs(weights[:, 0]), weights, weights[0], parts)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"), model, "ngrams", tmp_path / "tokens")
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE.format(folder=str(tmp_path / "package"))],
        input=json.dumps(MANY),
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    expected = probabilities(model.logits(padded(MANY, tokenizer, BUCKETS)) / 1.7)
    for shares in json.loads(done.stdout):
        np.testing.assert_allclose(shares, expected, atol=1e-4)


def test_what_is_not_utf_8_is_refused_as_predict_refuses_it(tmp_path: Path) -> None:
    package = linear_package(tmp_path)

    def refused(*words: bytes, stdin: bytes = b"") -> str:
        command: list[str | bytes] = [sys.executable, "-m", "mine_too", *words]
        done = subprocess.run(command, cwd=package, input=stdin, capture_output=True)
        assert done.returncode == 1
        return done.stderr.decode()

    why = "not UTF-8 (invalid start byte); give it as UTF-8\n"
    assert refused(stdin=b"word1\n\xfc\n") == f"error: standard input, line 2: {why}"
    assert refused(b"word1", b"\xfc") == f"error: text 2: {why}"
    assert run(package, stdin="\ufeffword1\n").stdout.endswith("\tword1\n")


def test_a_blank_text_gets_no_label_and_no_probability(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    texts = ["word1", "", " \t", "word2 word3"]
    lines = [line.split("\t") for line in run(package, *texts).stdout.splitlines()]
    assert [label for label, *_ in lines] == ["bad", "", "", "bad"]
    assert [bool(share) for _, share, _ in lines] == [True, False, False, True]
    code = f"import mine_too; print(mine_too.Classifier().predict({texts!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{['bad', '', '', 'bad']}\n" and not done.stderr


def test_what_is_no_text_is_refused_and_not_read_letter_by_letter(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    code = """
import mine_too
for texts in ("invoice", ["word1", None], [3]):
    for ask in (mine_too.Classifier().probabilities, mine_too.Classifier().predict):
        try:
            print(ask(texts))
        except TypeError as error:
            print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True
    )
    refused = [
        "texts: found a str, allowed: several of them; put it into a list",
        "texts: found None, allowed: str; leave it out or write ''",
        "texts: found 3, allowed: str; leave it out or write ''",
    ]
    assert done.stdout.splitlines() == [line for line in refused for _ in range(2)]


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


def test_texts_without_a_known_word_are_noted_one_by_one_or_counted(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    note = "note: no word of 'xyzzy' was learned: its label is a guess\n"
    piped = run(package, stdin="word1\n\nxyzzy\nword2\n")
    assert piped.stderr == note == run(package, "xyzzy", "word1").stderr
    assert [line.count("\t") for line in piped.stdout.splitlines()] == [2] * 4
    many = run(package, stdin="xyzzy\nword1\n \n" * 1500)
    assert many.stderr == "note: no word of 1,500 of the texts was learned: their labels are guesses\n"
    assert len(many.stdout.splitlines()) == 4500


def test_the_command_ends_quietly_when_it_is_interrupted_or_nobody_reads_on(tmp_path: Path) -> None:
    package = linear_package(tmp_path)

    def started() -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "mine_too"]
        return subprocess.Popen(command, cwd=package, stdin=pipe, stdout=pipe, stderr=pipe)

    with started() as waiting:
        assert waiting.stdin and waiting.stdout
        waiting.stdin.write(b"word1\n" * 1000)  # as many as it reads at a time
        waiting.stdin.flush()
        waiting.stdout.read(1)  # it waits for more by then
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate()[1] == b"" and waiting.returncode == 128 + signal.SIGINT
    with started() as unread:
        assert unread.stdout
        unread.stdout.close()
        assert unread.communicate(b"word1\n" * 20_000)[1] == b""
        assert unread.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_the_command_says_what_it_takes(tmp_path: Path, asked: str) -> None:
    package = linear_package(tmp_path)

    def printed(*words: str) -> str:
        return run(package, *words).stdout

    usage = printed(asked)
    assert usage.startswith("usage: python -m mine_too [text ...]\n") and "good, bad" in usage
    assert 'python -m mine_too "a text"' in usage
    assert run(package, "word1").stderr == ""
    about = package / "mine_too" / "facts.json"
    about.write_text(
        about.read_text(encoding="utf-8").replace("{", '{"doubt": "shares lie", ', 1), encoding="utf-8"
    )
    assert "Its shares lie." in printed(asked) and "Its" not in usage
    assert run(package, "word1").stderr == "note: shares lie\n"
    assert printed("word1", asked).endswith(f"\t{asked}\n")  # of several arguments, a text like any other


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
def test_the_nb_svm_network_says_what_it_says_here(tmp_path: Path, classes: int) -> None:
    """With two labels it is a linear form, with three a file for ONNX Runtime."""
    from stages.models import nb_svm

    tokenizer = fitted(0, True, tmp_path / "tokens")
    model = nb_svm.build(nb_svm.Sizes(architecture="nb_svm"), Shape(tokenizer.vocabulary, None, classes))
    random = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([random.normal(size=array.shape) for array in layer.get_weights()])
    table = model.get_layer("ratios").get_weights()[0]
    table[:2] = 0
    model.get_layer("ratios").set_weights([table])
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"[:classes]), model, "ngrams", tmp_path / "tokens")
    assert (tmp_path / "package" / "mine_too" / "model.onnx").exists() == (classes == 3)
    expected = probabilities(logits(model, padded(NEW, tokenizer, BUCKETS)) / 1.7)
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "architecture", "pad", "classes"),
    [("word", "lstm", "fixed", 2), ("bpe", "hashed_bag", "bucket", 3), ("subwords8k", "conv1d", "bucket", 2)],
)
def test_a_network_says_what_it_says_here(
    tmp_path: Path, kind: str, architecture: str, pad: str, classes: int
) -> None:
    configs: dict[str, Any] = {
        "word": (word, word.Config(kind="word", vocabulary=12)),
        "bpe": (bpe, bpe.Config(kind="bpe", vocabulary=300)),
        "subwords8k": (subwords8k, subwords8k.Config(kind="subwords8k")),
    }
    module, config = configs[kind]
    tokenizer = module.fit(config, TEXTS)
    (tmp_path / "tokens").mkdir()
    tokenizer.save(tmp_path / "tokens")
    how: Pad = CUT if pad == "fixed" else BUCKETS
    shape = Shape(tokenizer.vocabulary, 8 if pad == "fixed" else None, classes)
    model = small.build(architecture, shape)
    scaled(model, 30)
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", facts("abc"[:classes], pad), model, kind, tmp_path / "tokens")
    expected = probabilities(logits(model, padded(NEW, tokenizer, how)) / 1.7)
    assert np.ptp(expected[:, 0]) > 0.1
    np.testing.assert_allclose(package_answers(tmp_path / "package")[1], expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", small.ARCHITECTURES)
def test_onnx_runtime_computes_what_keras_does(tmp_path: Path, architecture: str) -> None:
    from stages.tools.export import formats
    from stages.tools.export.shipped.onnx_model import Model

    two = {"bidirectional": True} if architecture in small.RECURRENT else {}
    model = small.build(architecture, small.NINE if architecture == "flatten" else small.TEXT, **two)
    scaled(model, 4)
    formats.write(model, "onnx", tmp_path)
    texts = [row[:length] for row, length in zip(small.ids(5, 9), (9, 1, 4, 0, 7), strict=True)]
    pad = {"kind": "fixed", "length": 9, "side": "post", "truncate": "post"}
    batch = np.array([np.pad(text, (0, 9 - len(text))) for text in texts])
    theirs = Model(tmp_path, {"pad": pad}).logits(texts)
    np.testing.assert_allclose(theirs, small.run(model, batch), atol=1e-4)


@pytest.mark.slow
def test_the_other_runtimes_compute_what_keras_does(tmp_path: Path) -> None:
    import tensorflow as tf

    from stages.tools.export import formats

    model, ids = small.build("hashed_bag", small.NINE), small.ids(4, 9)
    expected = small.run(model, ids)
    formats.write(model, "saved-model", tmp_path)
    loaded = tf.saved_model.load(str(tmp_path / "saved-model"))
    np.testing.assert_allclose(loaded.serve(tf.constant(ids)).numpy(), expected, atol=1e-5)
    formats.write(model, "litert", tmp_path)
    np.testing.assert_allclose(interpreted(tmp_path / "model.tflite", ids), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", small.RECURRENT)
def test_litert_reads_one_text_after_another_with_a_recurrent_network(
    tmp_path: Path, architecture: str
) -> None:
    from stages.tools.export import formats

    model, ids = small.build(architecture, small.NINE, bidirectional=True), small.ids(3, 9)
    ids[1, 4:] = 0
    scaled(model, 4)
    formats.write(model, "litert", tmp_path)
    theirs = [interpreted(tmp_path / "model.tflite", row[None])[0] for row in ids]
    np.testing.assert_allclose(theirs, small.run(model, ids), atol=1e-5)


@pytest.mark.slow
def test_litert_has_no_loops_of_any_length(tmp_path: Path) -> None:
    from stages.tools.export import formats

    with pytest.raises(InputError, match=r"found litert for lstm.*pad: \{kind: fixed\}"):
        formats.write(small.build("lstm", small.TEXT), "litert", tmp_path)
    assert not [*tmp_path.iterdir()]


def interpreted(path: Path, ids: np.ndarray) -> np.ndarray:
    """The logits of ids, int32[texts, tokens], by LiteRT's built-in operations."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    [entry], [answer] = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(entry["index"], ids.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], ids)
    interpreter.invoke()
    logits: np.ndarray = interpreter.get_tensor(answer["index"])
    return logits


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


@pytest.mark.parametrize("form", ["numpy_model", "onnx_model"])
@pytest.mark.parametrize("kind", ["ngrams", "word", "bpe", "subwords8k"])
def test_the_package_s_code_has_nothing_of_ours_in_it(form: str, kind: str) -> None:
    for code in package.modules(form, kind).values():
        assert "stages" not in code.replace("stages/", "")
        compile(code, "package", "exec")


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
