"""What figures call a recipe: its key in words, by the section `names` of params.yaml."""

from collections.abc import Mapping


def human(key: str, names: Mapping[str, object]) -> str:
    """A key in words: the longest parts of it that have a name, from left to right, other words as they are.

    "bilstm-stacked-small" with names for "bilstm", "bilstm-stacked": that of the second, then "small".
    """
    words = key.split("-")
    named = []
    while words:
        count = next((n for n in range(len(words), 0, -1) if "-".join(words[:n]) in names), 0)
        named.append(str(names["-".join(words[:count])]) if count else words[0])
        words = words[count or 1 :]
    return " ".join(named)
