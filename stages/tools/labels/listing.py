"""Which texts of a split are to be looked at: those whose label is doubtful, that are there again, that have
several labels.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.artifacts.split import Split
from stages.runtime.config import InputError
from stages.tools.fit import folds, memory
from stages.tools.labels import judges
from stages.tools.report.places import Pair

SEED = 0  # of the folds: the list is the same each time
BYTES = 12 * 8  # of a text and a label: float64, of three judges and what is made of them
DOUBTFUL, SEVERAL, DUPLICATE, DROPPED = "doubtful label", "several labels", "duplicate", "dropped"


@dataclass(frozen=True)
class Judgement:
    """What models that were trained on the other folds say of the labels.

    suggested: int64[texts], the most probable label; -1 where the label is not judged.
    probable: float64[texts], how probable the given label is. score: float64[texts], cleanlab's, from 0 for
    a label that is wrong to 1. Both are NaN where the label is not judged.
    wrong: how many labels are wrong, as cleanlab estimates. rare: the names of labels with too few texts.
    """

    suggested: np.ndarray
    probable: np.ndarray
    score: np.ndarray
    wrong: int
    rare: list[str]


@dataclass(frozen=True)
class Doubt:
    """A row of the list.

    rank: from 1, the most doubtful label; None if the given label is the most probable. row: of the split,
    from 0; None of one that was dropped. same: the first row with that text, if there are several. suggested,
    probable, score: as in Judgement; None where the label is not judged.
    """

    rank: int | None
    kinds: tuple[str, ...]
    row: int | None
    same: int | None
    label: str
    suggested: str | None
    probable: float | None
    score: float | None
    text: str


def judged(split: Split) -> Judgement:
    """Rows without a label are not judged, nor are labels with fewer different texts than there are folds.

    Raises InputError if fewer than two labels can be.
    """
    from cleanlab.count import num_label_issues

    rows = np.flatnonzero(split.labels >= 0)
    there = np.unique(split.labels[rows])
    if len(rows):
        rows = rows[folds.frequent([split.texts[row] for row in rows], split.labels[rows])]
    used, labels = np.unique(split.labels[rows], return_inverse=True)
    if len(used) < 2:
        raise InputError(
            f"found {len(used)} labels with {folds.FOLDS} different texts or more, allowed: two such labels, "
            "or more; supply more texts"
        )
    needed = len(rows) * len(used) * BYTES
    if needed > memory.room():
        raise InputError(
            f"found {len(used):,} labels and {len(rows):,} texts, whose probabilities would take "
            f"{memory.in_gb(needed)}, allowed: half of the memory, {memory.in_gb(memory.size())}; join "
            "labels, or take a machine with more"
        )
    texts = [split.texts[row] for row in rows]
    shares = judges.probabilities(judges.features(texts, len(used)), labels, folds.drawn(texts, labels, SEED))
    suggested = np.full(len(split.texts), -1, dtype=np.int64)
    suggested[rows] = used[shares.argmax(axis=1)]
    probable, score = (np.full(len(split.texts), np.nan) for _ in range(2))
    probable[rows] = shares[np.arange(len(rows)), labels]
    score[rows] = quality(labels, shares)
    rare = [split.names[label] for label in there if label not in used]
    return Judgement(suggested, probable, score, int(num_label_issues(labels, shares)), rare)


def quality(labels: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """cleanlab's score of each label, float64[texts]: by the margin, as its documentation advises where
    another one of the labels is right. Of two labels it is the probability.

    labels: int[texts]; shares: float64[texts, labels].
    """
    from cleanlab.rank import get_label_quality_scores

    scores: np.ndarray = get_label_quality_scores(labels, shares, method="normalized_margin")
    return scores


def ranking(judgement: Judgement, labels: np.ndarray) -> np.ndarray:
    """The rows for which another label is more probable, the most doubtful first: int64[some texts]."""
    order = np.argsort(judgement.score, kind="stable")  # NaN is last
    doubtful = (judgement.suggested >= 0) & (judgement.suggested != labels)
    ranked: np.ndarray = order[doubtful[order]]
    return ranked


def doubts(split: Split, judgement: Judgement, dropped: Sequence[Pair] = ()) -> list[Doubt]:
    """Doubtful labels, the most doubtful first; then the other rows whose text is there again, equal texts
    one after the other; then those that were dropped. Rows without a label are left out.

    dropped: texts with several labels, and the label of a row that is not in the split.
    """
    ranks = {row: rank for rank, row in enumerate(ranking(judgement, split.labels).tolist(), start=1)}
    same: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(split.labels >= 0).tolist():
        same[split.texts[row]].append(row)
    several = {text for text, _ in dropped}
    again = [
        row
        for text, rows in same.items()
        if len(rows) > 1 or text in several
        for row in rows
        if row not in ranks
    ]
    return [
        *(
            _doubt(split, judgement, row, ranks.get(row), same[split.texts[row]], split.texts[row] in several)
            for row in [*ranks, *again]
        ),
        *(_dropped(text, label, same.get(text, [])) for text, label in dropped),
    ]


def _dropped(text: str, label: str, same: Sequence[int]) -> Doubt:
    """same: the rows with the text; none where the other split has it."""
    return Doubt(None, (SEVERAL, DROPPED), None, same[0] if same else None, label, None, None, None, text)


def _doubt(
    split: Split, judgement: Judgement, row: int, rank: int | None, same: list[int], several: bool
) -> Doubt:
    """same: all rows with the text; several: whether rows that were dropped have other labels."""
    contradictory = several or len({int(split.labels[each]) for each in same}) > 1
    applies = {DOUBTFUL: rank is not None, SEVERAL: contradictory, DUPLICATE: len(same) > 1}
    suggested = int(judgement.suggested[row])
    judged = suggested >= 0
    return Doubt(
        rank,
        tuple(kind for kind, it_does in applies.items() if it_does),
        row,
        same[0] if len(same) > 1 else None,
        split.names[split.labels[row]],
        split.names[suggested] if judged else None,
        float(judgement.probable[row]) if judged else None,
        float(judgement.score[row]) if judged else None,
        split.texts[row],
    )
