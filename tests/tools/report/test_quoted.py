"""The texts that a report quotes are those that a reader should see first."""

from pathlib import Path

import numpy as np
import pytest

from stages.artifacts.split import Split
from stages.tools.answering.answers import Shares
from stages.tools.report import quoted
from stages.tools.report.gathered import gather
from stages.tools.report.parts import Evaluated, Part
from tests.tools.report.left import NAME, Made, experiment


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Part:
    params = experiment(tmp_path, [Made("a", 7, 8, "linear")], monkeypatch)
    return gather(tmp_path, params, NAME).parts[0]


def chosen(part: Part) -> Evaluated:
    assert part.chosen is not None
    return part.chosen


def test_the_most_wrong_texts_are_wrong_and_the_surest_first(part: Part) -> None:
    recipe = chosen(part)
    quotes = quoted.most_wrong(part, recipe, 10, None)
    assert len(quotes) == 10 and all(quote.label != quote.predicted for quote in quotes)
    assert [quote.probable for quote in quotes] == sorted((quote.probable for quote in quotes), reverse=True)
    wrong = recipe.calibrated.argmax(axis=1) != recipe.labels
    assert quotes[0].probable == recipe.calibrated[wrong].max()
    for quote in quotes:
        assert part.test.texts[quote.row].startswith(quote.text.split("<")[0])
        assert quote.of_label == recipe.calibrated[quote.row, recipe.labels[quote.row]]


def test_the_least_sure_texts_have_the_lowest_highest_probability(part: Part) -> None:
    quotes = quoted.least_sure(part, chosen(part), 10)
    highest = np.sort(chosen(part).calibrated.max(axis=1))[:10]
    assert [quote.probable for quote in quotes] == highest.tolist()


def test_a_text_that_is_there_twice_is_quoted_once(part: Part) -> None:
    same = Part(
        part.source,
        part.sheet,
        part.corpora,
        part.train,
        Split(["one", "two"] * (len(part.test.texts) // 2), part.test.labels, part.test.names),
        part.recipes,
        part.by,
    )
    assert sorted(quote.text for quote in quoted.least_sure(same, chosen(part), 10)) == ["one", "two"]


def test_probabilities_are_calibrated_as_predict_s_are(part: Part) -> None:
    recipe = chosen(part)
    [first, *_] = recipe.logits.values()
    degree = recipe.temperatures["42"]
    powers = np.exp(first.astype(np.float64) / degree)
    assert degree != 1 and np.allclose(
        recipe.calibrated, powers / powers.sum(axis=1, keepdims=True), atol=1e-6
    )


def test_words_are_weighed_of_a_few_texts_for_the_label_predicted(part: Part) -> None:
    weighed: list[tuple[str, int]] = []

    def weigh(text: str, label: int) -> Shares:
        weighed.append((text, label))
        return [(word, 0.5) for word in text.split()] * 100

    quotes = quoted.most_wrong(part, chosen(part), 8, weigh)
    assert [bool(quote.words) for quote in quotes] == [True] * quoted.WEIGHED + [False] * 3
    assert max(len(quote.words) for quote in quotes) == quoted.WORDS
    assert weighed[0] == (part.test.texts[quotes[0].row], part.test.names.index(quotes[0].predicted))


@pytest.mark.parametrize("text", ["", "short", "a\n\tb", "x" * 300, "x" * 301, "word " * 200])
def test_a_quotation_is_one_line_that_is_not_too_long(text: str) -> None:
    line = quoted.cut(text)
    assert len(line) <= quoted.LETTERS and "\n" not in line
    assert line == " ".join(text.split()) or (line.endswith("…") and text.startswith(line[:-1]))
