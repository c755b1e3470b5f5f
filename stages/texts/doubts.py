"""What may be wrong with labelled texts though they can be read: said before anything is trained on them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from stages.artifacts.split import Split
from stages.texts.duplicates import hashes

NOTHING = {"", "nan", "none", "null", "na", "n/a", "-"}  # how tables write that there is no label
LISTED = 100  # rows dropped that a report lists; the rest is only counted


def alike(names: Iterable[str]) -> list[list[str]]:
    """Labels that look like one: "Spam" and "spam", "1" and "1.0", "nan" and "None"."""
    groups = defaultdict(list)
    for name in names:
        groups[_plain(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _plain(name: str) -> str:
    text = " ".join(name.casefold().split())
    if text in NOTHING:
        return ""
    try:
        return str(float(text))
    except ValueError:
        return text


def contradictory(splits: Iterable[Split]) -> int:
    """How many different texts have several labels."""
    whole = list(splits)
    keys = np.concatenate([np.zeros(0, np.int64), *(hashes(split.texts) for split in whole)])
    numbers = np.concatenate([np.zeros(0, np.int16), *(split.labels for split in whole)])
    starts = np.cumsum([0, *(len(split.texts) for split in whole)])
    labels = defaultdict(set)
    for row in _several(keys, numbers).tolist():
        part = int(np.searchsorted(starts, row, side="right")) - 1
        labels[whole[part].texts[row - starts[part]]].add(int(numbers[row]))
    return sum(len(each) > 1 for each in labels.values())


def _several(keys: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The rows whose number, int64[rows], has several labels, int16[rows]: int64[some rows]."""
    order = np.lexsort((labels, keys))
    keys, labels = keys[order], labels[order]
    first = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    differs = np.append(False, labels[1:] != labels[:-1])[: len(keys)] & ~first
    groups = np.cumsum(first) - 1
    several: np.ndarray = order[np.isin(groups, groups[differs])]
    return several


def told(name: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each doubt about a source, from what its report says."""
    for group in facts["alike"]:
        yield f"{name}: labels that look like one: {', '.join(map(repr, group))}; spell them alike"
    if count := facts["contradictory"]:
        yield f"{name}: {count} texts have several labels; mend them in the file"
    exact, dropped = facts["duplicates"]["exact"], facts["duplicates"]["dropped"]
    if any(exact.values()):
        what = "dropped" if any(dropped.values()) else "kept: `duplicates: drop exact` would drop them"
        yield (
            f"{name}: {exact['train']} texts of train and {exact['test']} of test are there before, "
            f"{exact['between']} of test are in train, too; {what}"
        )
    if count := facts["bad_rows"]["count"]:
        yield f"{name}: {count} rows dropped, the first of them: {facts['bad_rows']['rows'][0]}"
