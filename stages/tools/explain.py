"""Which words of a text carried a decision.

Of a linear model on n-grams exactly: what each n-gram adds to the logit, shared by its words. Of any other
model by occlusion (Li et al. 2016): how much the logit falls when the word is left out.

Example: python -m stages.tools.explain demo-lstm "The plot is not dull but good."
"""

import sys

from stages.runtime import command
from stages.runtime.config import InputError
from stages.study.params import one_of, params
from stages.tools.answering.answers import Shares, strongest
from stages.tools.answering.attribution import explaining
from stages.tools.answering.resident import Resident, note_a_guess, note_doubt

STRONG = 0.3  # of the strongest word's share: weaker ones are not coloured
FOR, AGAINST, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("text", help="a text")
    options = parser.parse_args()
    recipes = params()["recipes"]
    classifier = Resident(one_of(options.recipe, recipes, "recipes"), recipes)
    if not options.text.strip():
        raise InputError("text: found an empty one, allowed: a text with words")
    note_doubt(options.recipe, classifier)
    note_a_guess(classifier, options.text)
    probable = classifier.probabilities([options.text])[0][0]
    label = int(probable.argmax())
    print(f"{classifier.labels[label]}, {probable[label]:.4f}")
    shares, note = explaining(options.recipe, recipes, classifier)(options.text, label)
    print(coloured(shares) if sys.stdout.isatty() else "\n".join(strongest(shares)))
    if note:
        print(note)


def coloured(shares: Shares) -> str:
    """For a terminal: what speaks for the label is green, what speaks against it is red."""
    most = max(abs(share) for _, share in shares) or 1.0
    words = []
    for word, share in shares:
        colour = FOR if share > 0 else AGAINST
        printable = command.printable(word)
        words.append(f"{colour}{printable}{PLAIN}" if abs(share) >= STRONG * most else printable)
    return " ".join(words)


if __name__ == "__main__":
    command.guard(main)
