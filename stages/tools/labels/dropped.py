"""What `duplicates: drop exact` has left of texts with several labels is one label each: the others, which no
split has any longer, from the user's own file."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from stages.artifacts.split import Split
from stages.runtime.config import read
from stages.sources import files
from stages.tools.report.places import Pair


def dropped(entry: Mapping[str, Any], name: str, split: Split) -> list[Pair]:
    """Texts and labels of rows that are not in the split, each once, where the text has another label in
    train or in test; none unless a source of the kind `files` drops duplicates.

    entry: of `sources` in params.yaml; name: the split's. Raises what loading the source does.
    """
    if entry["kind"] != "files" or entry.get("duplicates", "keep") == "keep":
        return []
    whole = files.load(read(files.Source, entry, "sources"))
    labels = defaultdict[str, set[int]](set)
    for part in files.SPLITS:
        for text, label in zip(whole[part].texts, whole[part].labels.tolist(), strict=True):
            labels[text].add(label)
    own = whole[name]
    pairs = zip(own.texts, own.labels.tolist(), strict=True)
    several = dict.fromkeys((text, own.names[label]) for text, label in pairs if len(labels[text]) > 1)
    kept = {
        (text, split.names[label]) for text, label in zip(split.texts, split.labels.tolist(), strict=True)
    }
    return [pair for pair in several if pair not in kept]
