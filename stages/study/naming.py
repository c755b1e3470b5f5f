"""What figures call a recipe: its cells in words, by the section `names` of params.yaml."""

from collections.abc import Mapping, Sequence


def human(cells: Sequence[str], names: Mapping[str, object]) -> str:
    """A recipe's cells in words: the longest runs of them that have a name, from left to right, others as
    they are.

    ["gru", "stacked", "small"] with names for "gru", "gru-stacked": that of the second, then "small". A part
    of a cell is not looked up: "residual-bag" is no bag.
    """
    named = []
    while cells:
        count = next((n for n in range(len(cells), 0, -1) if "-".join(cells[:n]) in names), 0)
        named.append(str(names["-".join(cells[:count])]) if count else cells[0].replace("-", " "))
        cells = cells[count or 1 :]
    return " ".join(named)


def runs(cells: Sequence[str]) -> set[str]:
    """What a name may be given to: every run of a recipe's cells."""
    places = range(len(cells))
    return {"-".join(cells[start : end + 1]) for start in places for end in places[start:]}
