"""A chosen recipe's model card: Markdown behind the metadata that the Hugging Face Hub reads.

What no file says (language, licence, where the texts are from) is left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stages.runtime.wording import between, counted, ends, percent
from stages.tools.report import as_markdown, classwise, datasheet, detail
from stages.tools.report.elements import Block, Code, Heading, Link, Points, Prose, Table
from stages.tools.report.parts import Evaluated, Experiment, Part

PROJECT = "seqstudy"
TASK = {"type": "text-classification", "name": "Text classification"}
APART = 0.01  # F1 or accuracy of the best less that of the worst: else none is worth naming
FEW = 50  # test texts of a label: its recall is known within 14 points at best
LOAD = """from stages.evaluation.classify import Classifier
from stages.study.params import params

classifier = Classifier("{name}", params()["recipes"])
classifier.probabilities(["a text"])  # float64[seeds, texts, labels], calibrated
classifier.labels
"""


def written(experiment: Experiment, part: Part, recipe: Evaluated, folder: Path) -> str:
    """The card, to lie in a folder beside the report."""
    header = yaml.safe_dump(metadata(part, recipe), sort_keys=False, allow_unicode=True)
    return f"---\n{header}---\n\n{as_markdown.page([*_blocks(experiment, part, recipe)], folder)}"


def metadata(part: Part, recipe: Evaluated) -> dict[str, Any]:
    """What stands in the card's front matter."""
    measures, (f1, balanced) = recipe.result.measures, recipe.over_classes
    numbers = [
        ("accuracy", "Accuracy", measures["test.accuracy"]),
        ("f1", "Macro-F1", f1),
        ("balanced_accuracy", "Balanced accuracy", balanced),
    ]
    results = {
        "task": TASK,
        "dataset": {"type": part.source, "name": part.source, "split": "test"},
        "metrics": [{"type": kind, "name": name, "value": round(value, 6)} for kind, name, value in numbers],
    }
    return {
        "library_name": "keras" if _keras(recipe) else PROJECT,
        "pipeline_tag": TASK["type"],
        "tags": [*dict.fromkeys([TASK["type"], PROJECT, recipe.entry["model"]["architecture"]])],
        "metrics": [kind for kind, *_ in numbers],
        "model-index": [{"name": recipe.name, "results": [results]}],
    }


def _keras(recipe: Evaluated) -> bool:
    return any(file.endswith(".keras") for file in recipe.certificate["files"])


def _blocks(experiment: Experiment, part: Part, recipe: Evaluated) -> Iterator[Block]:
    labels = ", ".join(recipe.result.labels[: datasheet.MOST])
    yield Heading(recipe.name, 1)
    yield Prose(
        f"A text classifier: {_size(recipe)}, trained with "
        f"{counted(len(recipe.logits), 'seed')} on texts of {part.source}; a recipe of the experiment "
        f"{experiment.name}."
    )
    yield Link("README.md", "The report on all recipes of the experiment")
    yield Heading("What it is for")
    yield Prose(f"It tells which of these labels a text like those of {part.source} has: {labels}.")
    yield Heading("What it is not for")
    yield Points([*limits(part, recipe)])
    yield Heading("Training data")
    yield from datasheet.texts(part)
    yield Heading("How good it is")
    yield from _measured(part, recipe)
    yield from detail.blocks(recipe)
    yield Heading("How to load it")
    yield Prose("In the repository that trained it:")
    yield Code([f'python -m stages.tools.predict {recipe.name} "a text"'])
    yield Code(LOAD.format(name=recipe.name).splitlines(), "python")
    yield Heading("Provenance")
    yield from _provenance(recipe)


def _size(recipe: Evaluated) -> str:
    """Architecture and parameters; those of an ensemble are its members' weights."""
    model, count = recipe.entry["model"], int(recipe.result.measures["parameters"])
    if "members" in model:
        return f"an ensemble of the recipes of {model['members']}, {count} of them with a weight above 0"
    return f"{model['architecture']}, {counted(count, 'parameter')}"


def limits(part: Part, recipe: Evaluated) -> Iterator[str]:
    """What the files say of its limits, a sentence or two each."""
    sheet, names = part.sheet, recipe.result.labels
    yield "It knows no other labels: a text that has none of them gets one, too."
    yield (
        f"It was tested on texts of {part.source} alone. What it is worth on others is not known; no "
        "file says what language the texts are in, who wrote them or who labelled them."
    )
    measures = classwise.of_each(recipe.labels, recipe.predicted, len(names))
    worst, rarest = int(measures[:, 2].argmin()), int(measures[:, 3].argmin())
    if measures[worst, 2] == 1:
        yield f"It makes no mistake with the {counted(len(recipe.labels), 'test text')}."
    elif np.ptp(measures[:, 2]) >= APART:
        yield f"It is worst on {names[worst]}, with an F1 of {measures[worst, 2]:.3f}."
    if (texts := int(measures[rarest, 3])) < FEW:
        yield f"{names[rarest]} has {counted(texts, 'test text')}: numbers for that label may be far off."
    lengths = [group for group in recipe.result.slices["length"] if group[2] > 0]
    low, high, count, accuracy = min(lengths, key=lambda group: group[3])
    if max(group[3] for group in lengths) - accuracy >= APART:
        yield (
            f"By length, it is worst on texts of {between(low, high)} tokens: {percent(accuracy)} "
            f"right of {counted(int(count), 'test text')}."
        )
    if several := sheet["contradictory"]:
        yield f"{counted(several, 'text')} of the source with several labels: " + (
            "one of each is left, with one of the labels."
            if any(sheet["duplicates"]["dropped"].values())
            else "no model can be right in all."
        )
    if shared := sheet["duplicates"]["exact"]["between"]:
        kept = not any(sheet["duplicates"]["dropped"].values())
        yield (
            f"{counted(shared, 'test text')} of the source {'is' if shared == 1 else 'are'} also in train, "
            + ("which flatters the test accuracy." if kept else "and dropped there.")
        )
    yield from detail.uncalibrated(recipe)


def _measured(part: Part, recipe: Evaluated) -> Iterator[Block]:
    result, (f1, balanced) = recipe.result, recipe.over_classes
    of_f1, of_balanced = recipe.over_classes_ends
    yield Table(
        ["on the test split", "mean of the seeds", "95 % interval"],
        [
            ["accuracy", percent(result.measures["test.accuracy"]), ends(result.interval)],
            ["macro-F1", f"{f1:.3f}", f"{of_f1[0]:.3f} to {of_f1[1]:.3f}"],
            ["balanced accuracy", percent(balanced), ends(of_balanced)],
        ],
    )
    worth = f", {part.worth(recipe.held)}" if recipe.held else ""
    yield Prose(
        f"It was chosen from {counted(len(part.recipes), 'recipe')} by its {part.measure} on texts of the "
        f"training split that were held out{worth}; the test split, "
        f"{counted(len(part.test.texts), 'text')}, chose nothing. Always answering "
        f"{part.train.names[part.guess]} is right in {percent(part.guessing)}. Intervals are for other "
        "texts and other seeds."
    )


def _provenance(recipe: Evaluated) -> Iterator[Block]:
    certificate = recipe.certificate
    yield Prose("How it was trained:")
    yield Code(yaml.safe_dump(dict(certificate["parameters"]), sort_keys=False).splitlines(), "yaml")
    facts = {
        "certificate": certificate["key"],
        "seeds": ", ".join(recipe.logits),
        "tokenizer": str(certificate.get("tokenizer", "")),
        "processor": str(certificate.get("processor", "")),
        "backend": str(certificate.get("backend", "")),
        **{name: str(version) for name, version in certificate["versions"].items()},
    }
    yield Table(["trained with", "value"], [[*pair] for pair in facts.items() if pair[1]], ("value",))
    hashes = {**certificate["inputs"], **certificate["code"], **certificate["files"]}
    yield Prose("SHA-256, the first 16 digits, of what it was trained on, of the code, and of its own files:")
    rows = [[path, digest[:16]] for path, digest in hashes.items()]
    yield Table(["file", "SHA-256"], rows, ("SHA-256",))
