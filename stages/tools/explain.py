"""Which words of a text carried a decision.

Of a linear model on n-grams exactly: what each n-gram adds to the logit, shared by its words. Of any other
model by occlusion (Li et al. 2016): how much the logit falls when the word is left out.

Example: python -m stages.tools.explain demo-lstm "The plot is not dull but good."
"""

from stages.runtime import command
from stages.runtime.config import InputError
from stages.study.params import one_of, params
from stages.tools.answering.answers import told
from stages.tools.answering.attribution import explaining
from stages.tools.answering.resident import Resident, note_a_guess, note_doubt


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
    [probable], [known] = classifier.answers([options.text])
    if not known:
        note_a_guess(options.text)
    label = int(probable.argmax())
    print(f"{classifier.labels[label]}, {probable[label]:.4f}")
    shares, note = explaining(options.recipe, recipes, classifier)(options.text, label)
    print("\n".join(told(shares)))
    if note:
        print(note)


if __name__ == "__main__":
    command.guard(main)
