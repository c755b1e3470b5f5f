"""What a comparison shows of a recipe: its reports, gathered."""

import csv
import json
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """A recipe's reports.

    metrics: "test.accuracy" and so on, as in reports/metrics/<recipe>.json.
    history: per column of reports/history/<recipe>.csv the value of each epoch.
    labels: the label names; confusion[i][j] test texts of label i were taken for label j.
    watched: what the validation curves were measured on, "held out" or "test".
    duplicates: what was done with the source's: "kept", "exact dropped" or "near dropped".
    """

    recipe: str
    metrics: dict[str, float]
    history: dict[str, list[float]]
    labels: list[str]
    confusion: list[list[int]]
    watched: str
    duplicates: str

    @property
    def texts(self) -> int:
        """How many texts were tested."""
        return sum(map(sum, self.confusion))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the test accuracy."""
        return wilson(sum(row[i] for i, row in enumerate(self.confusion)), self.texts)


def gather(reports: Path, recipe: str, watched: str, duplicates: str) -> Result:
    """A recipe's reports, read from the folder `reports`."""
    metrics = json.loads((reports / "metrics" / f"{recipe}.json").read_text(encoding="utf-8"))
    rows = _rows(reports / "history" / f"{recipe}.csv")
    cells = _rows(reports / "confusion" / f"{recipe}.csv")
    labels = list(dict.fromkeys(cell["actual"] for cell in cells))
    counts = [int(cell["texts"]) for cell in cells]
    return Result(
        recipe=recipe,
        metrics=flat(metrics),
        history={column: [float(row[column]) for row in rows] for column in rows[0]},
        labels=labels,
        confusion=[counts[i : i + len(labels)] for i in range(0, len(counts), len(labels))],
        watched=watched,
        duplicates=duplicates,
    )


def dump(result: Result) -> str:
    return json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Result:
    return Result(**json.loads(path.read_text(encoding="utf-8")))


def flat(nested: dict[str, object], prefix: str = "") -> dict[str, float]:
    """{"test": {"loss": 0.3}} -> {"test.loss": 0.3}"""
    found: dict[str, float] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found[f"{prefix}{key}"] = value
    return found


def wilson(right: int, texts: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, `right` of `texts` (Wilson 1927)."""
    z, share = 1.959964, right / texts
    middle = share + z**2 / (2 * texts)
    half = z * sqrt(share * (1 - share) / texts + z**2 / (4 * texts**2))
    low, high = ((middle + side) / (1 + z**2 / texts) for side in (-half, half))
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding may put a bound beyond


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
