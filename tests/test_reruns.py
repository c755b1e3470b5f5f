"""Only what changed reruns: an edit in a project that is up to date, and what `dvc status` then names.

DVC hashes files: an edit of a comment reruns what any edit of its file reruns.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.project import Project, made

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # DVC's own

CONF = {
    "sources/own": "kind: files\npath: own.csv\ntext: text\nlabel: label\n"
    "split: {test: 0.5, by: shares of labels}",
    "sources/grammar": "kind: demo\nsplits: {train: 100, test: 50}\ncue_distance: 16\nseed: ${seed}",
    "corpora/whole": "source: own\ntokenizer: {kind: word, vocabulary: 300}\npad: {kind: fixed, length: 9}",
    "corpora/pieces": "source: grammar\ntokenizer: {kind: bpe, vocabulary: 300}\n"
    "pad: {kind: bucket, boundaries: [32]}",
    "models/lstm": "architecture: lstm\nembedding: 8\nunits: [8]\nbidirectional: false\npooling: last\n"
    "dense: 0\nmask: true",
    "models/gru": "architecture: gru\nembedding: 8\nunits: [8]\nbidirectional: false\npooling: last\n"
    "dense: 0\nmask: true",
    "trainings/short": "kind: gradient_descent\noptimizer: adam\nlearning_rate: 0.02\nepochs: 2\n"
    "batch_size: 32\nearly_stopping: null\nvalidation: {fraction: 0.2}",
    "experiments/one": "title: One\ncorpus: whole\nsamples: true\ntraining: short\nvary:\n  cell:\n"
    "    lstm: {model: lstm}\n    gru: {model: gru}",
    "experiments/two": "title: Two\ncorpus: pieces\ntraining: short\nvary:\n  cell:\n    lstm: {model: lstm}",
    "samples": "first: One.\nsecond: Two.",
    "published": "sources: {A: a lesson}\nclaims:\n"
    "  one-lstm: {lesson: A, place: x, says: learns}\n"
    "  two-lstm: {lesson: A, place: x, says: fails}",
}
RECIPES = {"one-lstm", "one-gru", "two-lstm"}
LSTM = {"train@one-lstm", "train@two-lstm"}
TRAIN = {f"train@{recipe}" for recipe in RECIPES}
EVALUATE = {f"evaluate@{recipe}" for recipe in RECIPES}
COMPARE = {"compare@one", "compare@two"}
TOKENIZE, PAD = {"tokenize@whole", "tokenize@pieces"}, {"pad@whole", "pad@pieces"}
DOWNLOAD = {"download@own", "download@grammar"}
ASKED = {"samples@one-lstm", "samples@one-gru"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("study")
    (root / "own.csv").write_text("text,label\n", encoding="utf-8")
    project = made(root, CONF)
    project.make_up()
    assert project.stale() == set()
    yield project
    assert project.stale() == set(), "a test left something"


def commented(text: str) -> str:
    return text + "# a comment\n"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("stages/reporting/figures.py", COMPARE | {"summary"}),
        ("stages/reporting/markdown.py", COMPARE | {"summary"}),
        ("stages/models/lstm.py", LSTM),
        ("stages/trainers/gradient_descent.py", TRAIN),
        ("stages/models/gru.py", {"train@one-gru"}),
        ("stages/models/conv1d.py", set()),
        ("stages/tokenizers/word.py", {"tokenize@whole"}),
        ("stages/tokenizers/bpe.py", {"tokenize@pieces"}),
        ("stages/tokenization/library.py", TOKENIZE),
        ("stages/sources/demo.py", {"download@grammar"}),
        ("stages/texts/duplicates.py", DOWNLOAD),
        ("stages/evaluation/metrics.py", EVALUATE | ASKED),
        ("stages/network/blocks.py", TRAIN),
        ("stages/network/batches.py", TRAIN),
        ("stages/artifacts/padding.py", DOWNLOAD | TOKENIZE | PAD | TRAIN),
        ("own.csv", {"download@own"}),
    ],
)
def test_an_edit_of_a_file_reruns_what_depends_on_it(study: Project, path: str, expected: set[str]) -> None:
    with study.edited(path, commented):
        assert study.stale() == expected


def test_what_refuses_or_writes_or_is_for_people_reruns_nothing(study: Project) -> None:
    """An error's wording, the command line, how files are written, the schema."""
    rooms = [study.root / "stages" / room for room in ("runtime", "study", "tools")]
    kept = {path: path.read_bytes() for room in rooms for path in room.rglob("*.py")}
    for path, text in kept.items():
        path.write_bytes(text + b"# another wording\n")
    stale = study.stale()
    for path, text in kept.items():
        path.write_bytes(text)
    assert len(kept) > 10 and stale == set()


def swapped(first: str, second: str) -> Callable[[str], str]:
    """An edit that writes two lines in the other order."""

    def edit(text: str) -> str:
        lines = text.splitlines()
        i, j = (
            next(n for n, line in enumerate(lines) if line.strip().startswith(x)) for x in (first, second)
        )
        lines[i], lines[j] = lines[j], lines[i]
        return "\n".join(lines) + "\n"

    return edit


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
    ("path", "edit", "expected"),
    [
        pytest.param("figures", replaced("font_size: 10", "font_size: 12"), COMPARE, id="figures"),
        pytest.param("models/lstm", replaced("units: [8]", "units: [9]"), LSTM, id="a size"),
        pytest.param("trainings/short", replaced("epochs: 2", "epochs: 3"), TRAIN, id="epochs"),
        pytest.param("corpora/whole", replaced("300", "299"), {"tokenize@whole"}, id="a vocabulary"),
        pytest.param("corpora/whole", replaced("length: 9", "length: 8"), {"pad@whole"}, id="a length"),
        pytest.param("sources/grammar", replaced("16", "17"), {"download@grammar"}, id="a source"),
        pytest.param("config", replaced("seed: 42", "seed: 7"), TRAIN | {"download@grammar"}, id="the seed"),
        pytest.param("experiments/one", replaced("title: One", "title: I"), {"compare@one"}, id="a title"),
        pytest.param(
            "experiments/one",
            replaced("{model: gru}", "{model: gru, training: {epochs: 3}}"),
            {"train@one-gru"},
            id="one cell",
        ),
        pytest.param(
            "experiments/one",
            swapped("lstm:", "gru:"),
            {"compare@one", "summary"},
            id="the order of cells",
        ),
        pytest.param(
            "experiments/one",
            replaced("    gru: {model: gru}", ""),
            {"compare@one", "summary"},
            id="a cell that is gone",
        ),
        pytest.param("experiments/one", replaced("samples: true", ""), {"summary"}, id="no longer asked"),
        pytest.param("samples", swapped("first:", "second:"), ASKED | {"summary"}, id="the order of samples"),
        pytest.param("published", replaced("says: fails", "says: works"), set(), id="a claim"),
        pytest.param("models/lstm", commented, set(), id="a comment in conf"),
    ],
)
def test_an_edit_in_conf_reruns_what_shows_or_uses_it(
    study: Project, path: str, edit: Callable[[str], str], expected: set[str]
) -> None:
    with study.edited(f"conf/{path}.yaml", edit), study.composed():
        assert study.stale() == expected | {"compose"}  # which reads all of conf/


@pytest.mark.parametrize("library", ["tensorflow", "keras", "numpy"])
def test_another_version_of_a_library_that_computes_trains_and_evaluates_anew(
    study: Project, library: str
) -> None:
    """NumPy is pinned twice, the first time for the oldest Python."""
    pin = f"\n{library}=="
    with study.edited("requirements.lock", lambda text: text.replace(pin, f"{pin}9", 1)), study.composed():
        assert study.stale() == {"compose"} | ASKED | TRAIN | EVALUATE


def test_another_version_of_any_other_library_reruns_nothing(study: Project) -> None:
    with study.edited("requirements.lock", replaced("\nmatplotlib==", "\nmatplotlib==9")), study.composed():
        assert study.stale() == {"compose"}


def test_an_edit_in_conf_without_compose_is_noticed(study: Project) -> None:
    with study.edited("conf/models/lstm.yaml", replaced("units: [8]", "units: [9]")):
        assert study.stale() == {"compose"}  # which refuses it


LEFT = ["{}~", ".{}.swp", ".{}.swo", "#{}#", ".#{}", ".DS_Store", ".{}.part", "__pycache__/{}c"]


def test_what_editors_and_python_leave_reruns_nothing(study: Project) -> None:
    files = [*study.root.glob("stages/**/*.py"), *study.root.glob("conf/**/*.yaml")]
    left = {path.parent / name.format(path.name) for path in files for name in LEFT}
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    stale = study.stale()
    for path in left:
        path.unlink()
    assert stale == set()


def test_a_comparison_trains_its_own_recipes_only_and_only_from_its_sources(study: Project) -> None:
    with study.repo() as repo:
        wanted = {stage.addressing for stage in repo.stage.collect("compare@one", with_deps=True)}
    recipes = {"one-lstm", "one-gru"}
    stages = {f"{verb}@{recipe}" for verb in ("train", "evaluate") for recipe in recipes}
    data = {"compose", "download@own", "tokenize@whole", "pad@whole"}
    assert wanted == stages | data | {"compare@one"}


def test_metrics_and_figures_lead_to_no_training(study: Project) -> None:
    stages = EVALUATE | COMPARE | ASKED | {"summary"}
    assert study.after(stages) == stages


def test_everything_follows_from_a_source(study: Project) -> None:
    after = study.after({"download@own"})
    trained = {f"{verb}@one-{cell}" for verb in ("train", "evaluate") for cell in ("lstm", "gru")}
    assert after == trained | ASKED | {
        "summary",
        "download@own",
        "tokenize@whole",
        "pad@whole",
        "compare@one",
    }
