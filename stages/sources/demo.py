"""Made-up film reviews in which word order decides the label; built in, no network.

A text is a neutral opening and one of three cores, which carries the label:

- negation: "the plot is not dull but good" against "the plot is not good but dull".
- contrast: "it starts badly but ends well" against "it starts well but ends badly".
- long range: "for teens, ... for parents, ... simply wicked". Two audiences are named, and the one
  named first settles the last word: teens mean praise by it, parents blame.

The label never changes which words a core holds, only their order, so counts of words tell nothing.
A window of five words tells the first two cores but not the third: both audiences stand between
the same kinds of words. (The second one, about half as far from the last word, tells as much: it is
always the other. So a network has to remember over half of `cue_distance` at least.)
"""

from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import Field

from stages.artifacts.split import Split
from stages.runtime.config import Count, Seed, config
from stages.texts.duplicates import Duplicates

T = TypeVar("T")

LABELS = ["negative", "positive"]

# Every pair is (negative, positive), the order of LABELS.
ADJECTIVES = [("dull", "good"), ("clumsy", "clever"), ("bland", "moving"), ("awful", "lovely")]
ADVERBS = [("badly", "well"), ("poorly", "nicely"), ("weakly", "strongly")]
AUDIENCES = ("parents", "teens")

NEGATORS = ["not", "hardly", "never", "far from"]
PARTS = ["plot", "acting", "script", "music", "story"]
STAGES = [("starts", "ends"), ("opens", "closes"), ("begins", "finishes")]
SLANG = ["wicked", "sick", "savage", "insane"]

# Neutral clauses by their number of words. The label must not show in any five words, so nothing
# that varies is both within four words after "for teens" and within three before the next "for".
# Extra words follow the first "the", because there they do not shift the last three.
EXTRAS = ["", "old ", "old local ", "very old local ", "very old and local "]
EXTRAS += ["very old and rather local "]
NOUNS = ["camera", "hero", "detective", "crew", "neighbour", "band"]
VERBS = ["waits", "turns", "sits", "stays", "works", "sleeps"]
PLACES = ["garden", "kitchen", "station", "harbour", "office", "forest"]
CLAUSES = {
    6 + n: [f"the {extra}{noun} in the {p} {v}" for noun in NOUNS for p in PLACES for v in VERBS]
    for n, extra in enumerate(EXTRAS)
}
SHORTEST = min(CLAUSES)

# What stands between the first audience and the settled word if they are 1, 2, ... 7 words apart.
LEADS = ["", "simply ", "it is ", "the whole is ", "on balance it is ", "in the end it is "]
LEADS += ["all in all the whole is "]
# From here on both audiences fit before the settled word, each followed by a neutral clause:
# 6 words, "for" and the second audience, 6 words, "simply wicked".
BOTH_FIT = 16


@config
class Source:
    """cue_distance: words from the first audience to the word it settles; 1 is the next word."""

    kind: Literal["demo"]
    splits: Annotated[dict[Literal["train", "test"], Count], Field(min_length=2)]
    cue_distance: Annotated[int, Field(ge=1, le=400)]
    seed: Seed
    duplicates: Duplicates = "keep"


def load(source: Source) -> dict[str, Split]:
    """The splits; no text occurs twice, neither within a split nor in both."""
    rng = np.random.default_rng(source.seed)
    seen: set[str] = set()
    return {name: _split(rng, source.splits[name], source.cue_distance, seen) for name in ("train", "test")}


def review(rng: np.random.Generator, label: int, distance: int) -> str:
    """A review; from the same state of `rng`, both labels give the same words in another order."""
    opening = filler(rng, int(rng.integers(8, 15)))
    match rng.integers(3):
        case 0:
            core = [negation(rng, label)]
        case 1:
            core = [contrast(rng, label)]
        case _:
            core = long_range(rng, label, distance)
    return " ".join(f"{s.capitalize()}." for s in [*opening, *core])


def negation(rng: np.random.Generator, label: int) -> str:
    """A sentence that denies one adjective and affirms its opposite, which is the label."""
    pair = pick(rng, ADJECTIVES)
    affirmed, denied = pair[label], pair[1 - label]
    part, negator = pick(rng, PARTS), pick(rng, NEGATORS)
    return pick(
        rng,
        [
            f"the {part} is {negator} {denied} but {affirmed}",
            f"the {part} is {affirmed} and {negator} {denied}",
        ],
    )


def contrast(rng: np.random.Generator, label: int) -> str:
    """A sentence with a main clause, which is the label, and a conceded one that is its opposite."""
    pair = pick(rng, ADVERBS)
    main, conceded = pair[label], pair[1 - label]
    one, other = rng.permutation(pick(rng, STAGES))
    return pick(
        rng,
        [
            f"it {one} {conceded} but {other} {main}",
            f"although it {one} {conceded}, it {other} {main}",
            f"it {one} {main} although it {other} {conceded}",
        ],
    )


def long_range(rng: np.random.Generator, label: int, distance: int) -> list[str]:
    """Sentences whose first audience stands `distance` words before the slang that it settles.

    The second audience comes between them. Where it does not fit (below 16) it comes after the
    slang, and up to 7 the first audience and the words that lead to the slang share a window of five
    words, which is enough to tell the label.
    """
    first, second = AUDIENCES[label], AUDIENCES[1 - label]
    slang = pick(rng, SLANG)
    if distance <= len(LEADS):
        start = [f"for {first}, {LEADS[distance - 1]}{slang}"]
        return [*start, *filler(rng, SHORTEST), *_told_to(second, filler(rng, SHORTEST))]
    settled = f"simply {slang}"
    if distance < BOTH_FIT:
        start = [*_told_to(first, filler(rng, distance - 2)), settled]
        return [*start, *filler(rng, SHORTEST), *_told_to(second, filler(rng, distance - 2))]
    room = distance - len(["for", second, "simply", slang])
    # Which part gets the odd word is drawn, so that lengths do not tell the audiences apart.
    after_first = pick(rng, [room // 2, room - room // 2])
    start = _told_to(first, filler(rng, after_first))
    return [*start, *_told_to(second, filler(rng, room - after_first)), settled]


def filler(rng: np.random.Generator, words: int) -> list[str]:
    """Neutral clauses of `words` words in all, at least 6."""
    clauses: list[str] = []
    while words:
        size = pick(rng, [n for n in CLAUSES if n == words or n <= words - SHORTEST])
        clauses.append(pick(rng, CLAUSES[size]))
        words -= size
    return clauses


def pick(rng: np.random.Generator, options: list[T]) -> T:
    """One of the options; many times faster than `rng.choice`, and tuples stay tuples."""
    return options[rng.integers(len(options))]


def _told_to(audience: str, clauses: list[str]) -> list[str]:
    return [f"for {audience}, {clauses[0]}", *clauses[1:]]


def _split(rng: np.random.Generator, count: int, distance: int, seen: set[str]) -> Split:
    """`count` reviews that are not in `seen`, which then holds them too."""
    labels = rng.permutation(np.arange(count, dtype=np.int16) % 2)
    texts = []
    for label in labels:
        while (text := review(rng, int(label), distance)) in seen:
            pass
        seen.add(text)
        texts.append(text)
    return Split(texts, labels, LABELS)
