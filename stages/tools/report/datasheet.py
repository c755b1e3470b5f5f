"""What an experiment's texts are: how many, how long, of which labels, and what may be wrong with them."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from stages.tools.report import quoted
from stages.tools.report.elements import Block, Prose, Table
from stages.tools.report.parts import Part

MOST = 50  # labels that a table lists


def texts(part: Part) -> Iterator[Block]:
    splits = {"train": part.train, "test": part.test}
    rows = []
    for name, split in splits.items():
        words = np.array([len(text.split()) for text in split.texts])
        letters = np.array([len(text) for text in split.texts])
        lengths = [*np.percentile(words, [50, 95, 100]), np.percentile(letters, 50)]
        rows.append([name, f"{len(split.texts):,}", *(f"{int(length):,}" for length in lengths)])
    if (unlabelled := part.sheet.get("unsupervised")) is not None:
        rows.append(["unsupervised", f"{unlabelled['texts']:,}", *[""] * 4])
    header = ["split", "texts", "words, median", "95 % have at most", "the longest", "characters, median"]
    yield Table(header, rows)
    yield from _labels(part)
    yield Table(["look at", "found", "what was done"], _doubts(part), ("found", "what was done"))
    if listed := part.sheet["bad_rows"]["rows"][:5]:
        yield Table(["the first rows that were dropped"], [[quoted.cut(line)] for line in listed])
    rows = [
        [
            name,
            corpus["tokenizer"]["kind"],
            f"{corpus['facts']['vocabulary']:,}",
            *(f"{corpus['facts']['train']['length'][key]:,}" for key in ("p50", "p95", "max")),
            *(f"{100 * corpus['facts'][split]['oov_rate']:.2f}" for split in splits),
        ]
        for name, corpus in part.corpora.items()
    ]
    header = ["corpus", "tokenizer", "vocabulary", "tokens, median", "95 % have at most", "the longest"]
    yield Table([*header, "unknown in train, %", "unknown in test, %"], rows, ("tokenizer",))


def _labels(part: Part) -> Iterator[Block]:
    train, test = (Counter(split.labels.tolist()) for split in (part.train, part.test))
    lengths = np.array([len(text.split()) for text in part.train.texts])
    rows = []
    for label, count in train.most_common(MOST):
        words = lengths[part.train.labels == label]
        shares = [count / train.total(), test[label] / test.total()]
        cells = [f"{count:,}", f"{100 * shares[0]:.1f}", f"{test[label]:,}", f"{100 * shares[1]:.1f}"]
        rows.append([part.train.names[label], *cells, f"{int(np.median(words)):,}"])
    yield Table(["label", "train", "of train, %", "test", "of test, %", "words in train, median"], rows)
    if len(train) > MOST:
        yield Prose(f"The {MOST} most frequent of {len(train):,} labels.")


def _doubts(part: Part) -> list[list[str]]:
    """Rows of what may be wrong with the texts, how much of it there is, what was done about it."""
    sheet = part.sheet
    exact, dropped = sheet["duplicates"]["exact"], sheet["duplicates"]["dropped"]
    done = f"dropped: {dropped['train']:,} of train, {dropped['test']:,} of test"
    action = done if any(dropped.values()) else "kept"
    several = "kept with each of their labels"
    if any(dropped.values()):
        several = "once each is left, with the label of its first row in test, else in train"
    alike = "; ".join(" and ".join(group) for group in sheet["alike"])
    return [
        ["texts of train that repeat an earlier one", f"{exact['train']:,}", _if(exact["train"], action)],
        ["texts of test that repeat an earlier one", f"{exact['test']:,}", _if(exact["test"], action)],
        ["texts of test that are in train, too", f"{exact['between']:,}", _if(exact["between"], action)],
        ["texts with several labels", f"{sheet['contradictory']:,}", _if(sheet["contradictory"], several)],
        ["labels that look like one", alike or "0", _if(len(alike), "kept apart")],
        [
            "rows that could not be used",
            f"{sheet['bad_rows']['count']:,}",
            _if(sheet["bad_rows"]["count"], "dropped"),
        ],
    ]


def _if(count: int, action: str) -> str:
    return action if count else ""
