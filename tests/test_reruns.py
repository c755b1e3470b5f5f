"""Only what changed reruns: edit conf/ or code, run `dvc repro`, see which stages really ran.

The stages themselves are stood in for by a `python` that writes, for every out of its stage, a hash
of everything that the stage depends on: DVC, dvc.yaml, conf/ and the composition are the real ones.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project

pytestmark = pytest.mark.slow

ENTRIES = {
    "source": ["demo", "sarcasm"],
    "corpus": ["demo-words", "sarcasm-words"],
    "model": ["demo-pooled", "demo-lstm", "pooled-dense-24"],
    "training": ["demo", "default", "lesson-50"],
    "recipe": ["demo-pooled", "demo-lstm", "sarcasm-pooled"],
    "comparison": ["demo", "sarcasm"],
}

STAND_IN = """
import hashlib, json, os, pathlib
stage = os.environ["DVC_STAGE"]
known = json.loads(pathlib.Path(".stages.json").read_text())[stage]
with open(".ran", "a") as log:
    log.write(stage + "\\n")
digest = hashlib.sha256(json.dumps([stage, known["params"]], sort_keys=True).encode())
for dep in known["deps"]:
    path = pathlib.Path(dep)
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        digest.update(file.read_bytes())
for out in map(pathlib.Path, known["outs"]):
    inside = ["train.npz", "test.npz", "seeds/42.keras", "training.json"]
    files = [out] if out.suffix else [out / name for name in inside]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(digest.hexdigest())
"""


class Dry(Project):
    """A project whose stages are stood in for."""

    def __init__(self, root: Path) -> None:
        bin_ = root / "bin"
        bin_.mkdir(parents=True)
        (root / "stand_in.py").write_text(STAND_IN, encoding="utf-8")
        call = f"#!/bin/sh\nexec '{sys.executable}' '{root}/stand_in.py'\n"  # a #! line can't hold a space
        (bin_ / "python").write_text(call, encoding="utf-8")
        (bin_ / "python").chmod(0o755)
        super().__init__(root, ENTRIES)
        self.environment["PATH"] = f"{bin_}:{self.environment['PATH']}"
        self.edit(
            "conf/comparison/demo.yaml",
            lambda text: text.partition("recipes:")[0] + "recipes: [demo-pooled, demo-lstm]\n",
        )
        self.edit(
            "conf/comparison/sarcasm.yaml",
            lambda text: text.partition("recipes:")[0] + "recipes: [sarcasm-pooled]\n",
        )

    def repro(self) -> set[str]:
        """Run `dvc repro` for params.yaml as it is; the stages that ran."""
        (self.root / ".stages.json").write_text(json.dumps(self.stages()), encoding="utf-8")
        (self.root / ".ran").write_text("", encoding="utf-8")
        self.dvc("repro", "--quiet")
        return set((self.root / ".ran").read_text(encoding="utf-8").split())

    def stages(self) -> dict[str, Any]:
        from dvc.dependency.param import ParamsDependency
        from dvc.repo import Repo

        found = {}
        with Repo(str(self.root)) as repo:
            for stage in repo.index.stages:
                params = [d for d in stage.deps if isinstance(d, ParamsDependency)]
                found[stage.name] = {
                    "deps": [d.def_path for d in stage.deps if d not in params],
                    "params": [d.read_params() for d in params],
                    "outs": [o.def_path for o in stage.outs],
                }
        return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dry]:
    made = Dry(tmp_path_factory.mktemp("project"))
    made.compose()
    assert made.repro() == set(made.stages())
    yield made


def after(*stages: str) -> set[str]:
    """Stages as "train demo-lstm" -> {"train@demo-lstm"}; what shows a recipe comes with it."""
    found = {stage.replace(" ", "@") for stage in stages} | {"summary"}
    trained = [s.split("@")[1] for s in found if s.startswith("train@")]
    found |= {"samples", "published"} if trained else set()
    for recipe in trained:
        comparison = recipe.partition("-")[0]
        found |= {f"evaluate@{recipe}", f"gather@{comparison}_{recipe}", f"compare@{comparison}"}
    return found


DEMO = ["train demo-pooled", "train demo-lstm"]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        pytest.param("models.demo-lstm.units=[48]", after("train demo-lstm"), id="a model's size"),
        pytest.param(
            "figures.font_size=12", {"compare@demo", "compare@sarcasm", "summary"}, id="the figures' style"
        ),
        pytest.param(
            "corpora.demo-words.tokenizer.vocabulary=300",
            after("tokenize demo-words", "pad demo-words", *DEMO),
            id="a corpus's vocabulary",
        ),
        pytest.param(
            "corpora.sarcasm-words.pad.length=60",
            after("pad sarcasm-words", "train sarcasm-pooled"),
            id="a pad length",
        ),
        pytest.param("trainings.demo.epochs=5", after(*DEMO), id="a training's epochs"),
        pytest.param(
            "recipes.demo-lstm.training=default", after("train demo-lstm"), id="a recipe's training"
        ),
        pytest.param("comparisons.demo.title=Other", {"compare@demo", "summary"}, id="a comparison's title"),
        pytest.param(
            "+recipes.demo-new={corpus: demo-words, model: demo-pooled, training: default}",
            {"train@demo-new", "evaluate@demo-new", "samples", "published", "summary"},
            id="a recipe added, shown nowhere",
        ),
        pytest.param(
            "comparisons.demo.recipes=[demo-lstm]", {"compare@demo", "summary"}, id="a recipe no longer shown"
        ),
        pytest.param(
            "seed=7",
            after("download demo", "tokenize demo-words", "pad demo-words", *DEMO, "train sarcasm-pooled"),
            id="the seed",
        ),
        pytest.param(
            "sources.demo.cue_distance=9",
            after("download demo", "tokenize demo-words", "pad demo-words", *DEMO),
            id="the demo's cue distance",
        ),
    ],
)
def test_an_edit_reruns_what_depends_on_it_and_going_back_reruns_nothing(
    project: Dry, override: str, expected: set[str]
) -> None:
    project.compose(override)
    ran = project.repro()
    project.compose()
    back = project.repro()
    assert ran == expected
    # DVC keeps no run cache for a page that is in Git, which no stage depends on; and the model and the
    # reports of a recipe that is gone lie in the folders that `samples` and `published` read
    assert back <= {"summary", *(["samples", "published"] if override.startswith("+recipes") else [])}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("stages/models/lstm.py", after("train demo-lstm")),
        ("stages/models/conv1d.py", set()),
        ("stages/schema.py", set()),
        ("stages/lib/figures.py", {"compare@demo", "compare@sarcasm", "summary"}),
    ],
)
def test_an_edit_to_a_module_reruns_the_stages_that_import_it(
    project: Dry, path: str, expected: set[str]
) -> None:
    def edited(text: str) -> str:
        return text + "# edited\n"

    def undone(text: str) -> str:
        return text.removesuffix("# edited\n")

    project.edit(path, edited)
    ran = project.repro()
    project.edit(path, undone)
    back = project.repro()
    if path.startswith("stages/models/") and expected:
        expected = expected | {"evaluate@demo-lstm"}
    assert ran == expected
    assert back <= {"summary"}


@pytest.mark.parametrize(
    "override", ["models.demo-lstm.units=[52]", "corpora.demo-words.pad.boundaries=[50]"]
)
def test_the_plan_names_the_stages_that_then_run_in_their_order(project: Dry, override: str) -> None:
    project.compose(override)
    *lines, note = project.run(sys.executable, "-m", "stages.plan").splitlines()
    assert note.startswith("note: params.yaml is not what conf/ gives")  # an override is not in conf/
    planned = [line.partition(":")[0] for line in lines]
    assert set(planned) == project.repro()
    assert planned.index("evaluate@demo-lstm") < planned.index("compare@demo") < planned.index("summary")
    assert override.partition("=")[0].rpartition(".")[0] in lines[0]  # the first one's reason
    targeted = project.run(sys.executable, "-m", "stages.plan", "train@demo-pooled")
    project.compose()
    project.repro()
    assert "nothing to do" in targeted
