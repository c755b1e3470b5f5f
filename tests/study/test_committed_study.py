"""The study that is committed: its recipes have the values that the published trainings were made with."""

import json
from pathlib import Path
from typing import Any

import pytest

from stages import compose as tool
from stages.runtime.config import ROOT, InputError, parse
from stages.study import grids, naming
from stages.study.composition import compose
from stages.study.params import PARAMS, params, trained_recipes

BEFORE: dict[str, Any] = json.loads(
    Path(__file__).with_name("recipes-before.json").read_text(encoding="utf-8")
)
KIND = {"kind": "gradient_descent"}  # the only one there was
MIND = "the published numbers are of other values; mend conf/, or take it out of recipes-before.json"


def test_the_committed_params_yaml_is_what_the_committed_conf_gives() -> None:
    same = compose([]) == PARAMS.read_text(encoding="utf-8")
    assert same, "params.yaml is not what conf/ gives; mend it with: python -m stages.compose"
    tool.refuse_another()


def test_the_committed_recipes_and_corpora_have_the_values_that_they_were_trained_with() -> None:
    before = BEFORE["corpora"] | {
        name: (
            corpus,
            BEFORE["models"][model],
            BEFORE["trainings"][training] | KIND,
            [*range(42, 42 + seeds)],
        )
        for name, (corpus, model, training, seeds) in BEFORE["recipes"].items()
    }
    now = params()["corpora"] | {
        name: (entry["corpus"], entry["model"], entry["training"], entry["seeds"])
        for name, entry in params()["recipes"].items()
    }
    other = {name: (was, now.get(name)) for name, was in before.items() if now.get(name) != was}
    assert not other, MIND


def test_every_committed_architecture_and_tokenizer_is_in_use() -> None:
    kinds = {entry["tokenizer"]["kind"] for entry in params()["corpora"].values()}
    architectures = {entry["architecture"] for entry in params()["models"].values()}
    for folder, used in (("tokenizers", kinds), ("models", architectures)):
        assert used == {path.stem for path in (ROOT / "stages" / folder).glob("*.py")} - {"__init__"}


def test_every_committed_name_is_that_of_cells() -> None:
    places = [cell.place.values() for name in params()["experiments"] for cell in grids.cells(name, params())]
    nameable = set().union(*(naming.runs([*cells]) for cells in places))
    assert not {*params()["names"]} - nameable, "conf/names.yaml names what no experiment has"


def test_the_artifacts_are_the_recipes_that_are_best_on_the_texts_that_they_held_out() -> None:
    recipes = params()["recipes"]

    def held_out(recipe: str) -> float:
        metrics = json.loads((ROOT / "reports" / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
        accuracy: float = metrics["validation"]["accuracy"]
        return accuracy

    for artifact in parse(ROOT / "dvc.yaml", "dvc.yaml")["artifacts"].values():
        recipe = Path(artifact["path"]).name
        others = [name for name in recipes if recipes[name]["experiment"] == recipes[recipe]["experiment"]]
        assert recipe == max(others, key=held_out)


def test_what_tools_read_of_trained_recipes_is_what_the_whole_has() -> None:
    assert trained_recipes() == params()["recipes"]


@pytest.mark.parametrize(
    "text", ["recipes:", "recipes: [a]", "recipes: {a: {}}", "recipes: {a: {corpus: 1}}"]
)
def test_recipes_without_corpora_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"recipes.*found .*, allowed: a mapping.*python -m stages\.compose"):
        trained_recipes(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").unlink()
    with pytest.raises(InputError, match="is missing; write it with"):
        trained_recipes(tmp_path / "params.yaml")
