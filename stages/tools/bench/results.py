"""The figures as reports/speed.md shows them."""

from typing import Any

from stages.reporting.markdown import markdown
from stages.tools.bench.cases import ACCURACY


def speeds(report: dict[str, Any]) -> str:
    """The rows with speeds, as reports/speed.md shows them."""
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
    """Accuracies and waiting times, as reports/speed.md shows them."""
    batches = report.get("batches")
    rows = [
        [
            f"held-out accuracy of a pooled model, {ACCURACY.epochs} epochs, {of}",
            f"{batches[f'accuracy{s}']:.1%} ± {batches[f'deviation{s}']:.1%}",
        ]
        for of, s in (("the notebooks' batches", "_baseline"), ("ours", ""))
        if batches
    ]
    rows += [[name, f"{row['seconds']:.1f} s"] for name, row in report.items() if "seconds" in row]
    return markdown(["", "measured"], rows)
