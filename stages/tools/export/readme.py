"""What an exported recipe says of itself, beside its files: README.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stages.runtime.wording import percent
from stages.tools.export import package
from stages.tools.report.as_markdown import inert

MOST = 20  # labels that are named
BLANK = "A blank text gets an empty label and no probability."
BLANK_IDS = "A blank text has no ids to speak of: leave it out."
PYTHON = """from {module} import Classifier

classifier = Classifier()
classifier.predict(["a text"])  # its label; "" of a blank text
classifier.probabilities(["a text"])  # float64[texts, labels], in the order of classifier.labels
"""


def written(facts: Mapping[str, Any], kind: str) -> str:
    """Markdown. facts: as in facts.json, where `doubt` says why probabilities should not be believed, if that
    is so; kind: "package", or what its file is for."""
    return "\n\n".join(_paragraphs(facts, kind)) + "\n"


def _paragraphs(facts: Mapping[str, Any], kind: str) -> Iterator[str]:
    name, labels = facts["recipe"], facts["labels"]
    more = f" and {len(labels) - MOST} more" if len(labels) > MOST else ""
    yield f"# {name}"
    yield (
        f"A text classifier: it says which of these {len(labels)} labels a text has, and how probable each "
        f"is: {', '.join(map(inert, labels[:MOST]))}{more}."
    )
    if kind == "package":
        yield f'```console\npip install .\n{name} "a text"\n```'
        yield f"```python\n{PYTHON.format(module=package.module_of(name))}```"
    else:
        yield (
            f"A network for {kind}: token ids in, logits out; `tokenizer/` makes the ids, and `facts.json` "
            "has the labels, the temperature that the logits are divided by, and the padding."
        )
    yield "## How good it is"
    doubt = facts.get("doubt")
    yield "\n".join(_measured(facts.get("measured"), labels, calibrated=not doubt))
    if doubt:
        yield f"**Its {doubt}.**"
    yield "## What it is not for"
    yield (
        f"It learned from the texts of {facts['source']} and was tested on such texts alone; what it is "
        "worth on others is not known. It knows no other labels: a text that has none of them gets one, too, "
        f"and so does one without a word that it learned. {BLANK if kind == 'package' else BLANK_IDS}"
    )
    yield "## Where it comes from"
    yield (
        f"The recipe `{name}` of seqstudy, an architecture called {facts['architecture']}, seed "
        f"{facts['seed']}; certificate {facts['certificate']}."
    )


def _measured(metrics: Mapping[str, Any] | None, labels: Sequence[str], calibrated: bool) -> Sequence[str]:
    """A table of what `evaluate` measured (stages/evaluation/metrics.py), or that it did not."""
    if metrics is None:
        return ["Not measured: the recipe was exported before it was evaluated."]
    seeds = metrics["seeds"]
    # where nothing could be calibrated an error of 0.000 would say how right it is, not how sure it may be
    error = f"{metrics['calibrated']['ece']:.3f}" if calibrated else "not calibrated"
    f1 = f"F1 of {inert(labels[1])}" if len(labels) == 2 else "F1, mean over the labels"
    return [
        f"On the test split, the mean of {seeds} models that differ in their seed:"
        if seeds > 1
        else "On the test split:",
        "",
        f"| accuracy | {f1} | expected calibration error |",
        "| ---: | ---: | ---: |",
        f"| {percent(metrics['test']['accuracy'])} | {metrics['test']['f1']:.3f} | {error} |",
    ]
