"""Texts with labels, and tables of them."""

from collections.abc import Sequence
from pathlib import Path

from tests.sources.tables import save

TICKETS = [
    (f"the {i}th ticket, which says a little more", ["sales", "support", "other"][i % 3]) for i in range(60)
]


def table(header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    lines = [delimiter.join(map(str, row)) for row in ([header] if header else []) + [*rows]]
    return "\n".join(lines) + "\n"


def tickets(path: Path) -> Path:
    rows = [(f"subject {i}", f'"{text}"', label) for i, (text, label) in enumerate(TICKETS)]
    return save(path, table(["subject", "body", "team"], rows))
