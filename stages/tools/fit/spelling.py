"""Labels of which one may be a slip of the other: "Rechnugn" beside "Rechnung"."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from stages.runtime.wording import counted

LETTERS = 4  # of a word at least; shorter ones are alike by chance, as "cat" and "car", "A" and "B"
LONGEST = 60  # letters of a label; what is longer is a text, and comparing those takes memory
RARE = 0.1  # of the other label's rows, fewer than that
MOST = 50  # rows of a slip; what is there more often is meant
SHOWN = 8  # slips that have a line
AT_THE_END = ".,;:!?…"


def slips(counts: Mapping[str, int]) -> Iterator[str]:
    """A line for each rare label that is spelled nearly as a frequent one. counts: rows of each label."""
    near = [
        f"{name!r} ({counted(counts[name], 'row')}) is spelled nearly as {other!r} ({counts[other]:,})"
        for name, others in _near(counts).items()
        if (other := max(others, key=lambda each: counts[each]))
        if counts[name] <= MOST and counts[name] < RARE * counts[other]
    ]
    for line in near[:SHOWN]:
        yield f"{line}; if that is a slip, mend it in your data"
    if len(near) > SHOWN:
        more = len(near) - SHOWN
        yield f"so {'is' if more == 1 else 'are'} {counted(more, 'label')} more"


def meant(refusal: str, counts: Mapping[str, int]) -> str:
    """For the end of a refusal that names a label with too few rows: the one that may be meant, if any."""
    for name, others in _near(counts).items():
        likely = max(others, key=lambda each: counts[each])
        if f"labelled {name[:80]!r}" in refusal and counts[likely] > counts[name]:
            return f"; did you mean {likely!r}?"
    return ""


def _near(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """By label those that are spelled nearly alike, where there are such."""
    groups = defaultdict(list)
    for name in counts:
        if len(name) <= LONGEST:
            for key in _keys(_plain(name)):
                groups[key].append(name)
    near = defaultdict[str, dict[str, None]](dict)
    for group in groups.values():
        for name in group:
            near[name].update((other, None) for other in group if nearly_alike(name, other))
    return {name: [*others] for name, others in near.items() if others}


def _keys(text: str) -> set[str]:
    """Texts that differ by one letter have one of these in common, or by two neighbours that changed places;
    those that differ in punctuation at the end, too."""
    return {text, text.rstrip(AT_THE_END), *(text[:i] + text[i + 1 :] for i in range(len(text)))}


def nearly_alike(one: str, other: str) -> bool:
    """Whether one may be a slip of the other; not if they are alike but for case and white space, which
    `doubts.alike` tells of."""
    one, other = _plain(one), _plain(other)
    if one == other or [*filter(str.isdigit, one)] != [*filter(str.isdigit, other)]:
        return False
    if one.rstrip(AT_THE_END) == other.rstrip(AT_THE_END) and any(map(str.isalpha, one)):
        return True
    return _one_step(one, other) and all(map(_long_enough, _differing(one, other)))


def _differing(one: str, other: str) -> tuple[str, str]:
    """The words that differ; the whole, if it is not one word of as many."""
    words = re.findall(r"[^\W_]+", one), re.findall(r"[^\W_]+", other)
    pairs = [pair for pair in zip(*words, strict=False) if pair[0] != pair[1]]
    return pairs[0] if len(words[0]) == len(words[1]) and len(pairs) == 1 else (one, other)


def _long_enough(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= LETTERS


def _one_step(one: str, other: str) -> bool:
    """Whether a letter added, left out or changed, or two neighbours that change places, make it the
    other."""
    shorter, longer = sorted((one, other), key=len)
    same = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    rest, beyond = shorter[same:], longer[same:]
    if len(shorter) < len(longer):
        return rest == beyond[1:]
    return rest[1:] == beyond[1:] or (rest[1::-1] == beyond[:2] and rest[2:] == beyond[2:])


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
