"""Labels for texts, by a trained recipe; a text a line on standard input if none is given.

Prints label, probability and text, separated by tabs; with --json an object a line that also has the
probability of every label. Texts are UTF-8. Below --threshold it abstains: the label is empty, or null; a
comparison's figure of coverage says what that brings.

Examples: python -m stages.tools.predict demo-lstm "The plot is not dull but good."
          python -m stages.tools.predict demo-lstm --threshold 0.9 "The plot is dull."
          python -m stages.tools.predict demo-lstm --json < texts.txt
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from stages.evaluation.classify import Classifier
from stages.runtime import command
from stages.runtime.config import InputError
from stages.study.params import one_of, params


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("text", nargs="*", help="texts; without any, each line of standard input is one")
    parser.add_argument("--json", action="store_true", help="print a JSON object per text")
    parser.add_argument(
        "--threshold", type=share, default=0.0, metavar="P", help="the least probability of a label given"
    )
    options = parser.parse_intermixed_args()  # texts may stand on both sides of --json
    recipes = params()["recipes"]
    recipe = one_of(options.recipe, recipes, "recipes")  # before it waits for texts
    classifier = Classifier(recipe, recipes)
    if options.text:
        texts = list(decoded(map(os.fsencode, options.text), "text"))
    else:
        texts = [text.rstrip("\r\n") for text in decoded(sys.stdin.buffer, "standard input, line")]
    for text, shares in zip(texts, classifier.probabilities(texts)[0], strict=True):
        answer = line(text, classifier.labels, shares, options.json, options.threshold)
        sys.stdout.buffer.write(answer.encode() + b"\n")


def share(text: str) -> float:
    """A probability on the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a number from 0 to 1, as 0.9")
    return number


def decoded(texts: Iterable[bytes], where: str) -> Iterator[str]:
    """Texts from UTF-8; `where` they are from goes before a number in the line that refuses one."""
    for number, text in enumerate(texts, start=1):
        try:
            yield text.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where} {number}: not UTF-8 ({error.reason}); give it as UTF-8") from None


def line(text: str, labels: Sequence[str], shares: np.ndarray, as_json: bool, threshold: float = 0.0) -> str:
    """What is printed for a text. Without JSON, line ends, tabs and control characters of label and text are
    shown as spaces."""
    highest = float(shares.max())
    label = labels[int(shares.argmax())] if highest >= threshold else None
    if not as_json:
        return f"{one_line(label or '')}\t{highest:.4f}\t{one_line(text)}"
    every = {name: round(float(p), 6) for name, p in zip(labels, shares, strict=True)}
    answer = {"label": label, "probability": round(highest, 6), "probabilities": every, "text": text}
    return json.dumps(answer, ensure_ascii=False)


def one_line(text: str) -> str:
    """Without what moves a terminal's cursor or changes its colors."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


if __name__ == "__main__":
    command.guard(main)
