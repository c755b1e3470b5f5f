"""The figures as README.md shows them."""

from typing import Any

from stages.bench.cases import ACCURACY
from stages.lib.tables import markdown


def speeds(report: dict[str, Any]) -> str:
    """The rows with speeds, as README.md shows them."""
    header = ["", "baseline, tokens/s", "here, tokens/s", "ratio", "padding", "memory, MiB"]
    rows = [
        [
            name,
            f"{row['baseline']:,}",
            f"{row['ours']:,}",
            f"**{row['ratio']:.1f}**",
            f"{row['padding_baseline']:.2f}, {row['padding']:.2f}",
            f"{row['peak_mib_baseline']:,}, {row['peak_mib']:,}",
        ]
        for name, row in report.items()
        if "ratio" in row
    ]
    return markdown(header, rows)


def the_rest(report: dict[str, Any]) -> str:
    """Accuracies and waiting times, as README.md shows them."""
    found = report.get("batches")
    rows = [
        [
            f"held-out accuracy of a pooled model, {ACCURACY.epochs} epochs, {of}",
            f"{found[f'accuracy{s}']:.1%} ± {found[f'deviation{s}']:.1%}",
        ]
        for of, s in (("the notebooks' batches", "_baseline"), ("ours", ""))
        if found
    ]
    rows += [[name, f"{row['seconds']:.1f} s"] for name, row in report.items() if "seconds" in row]
    return markdown(["", "measured"], rows)
