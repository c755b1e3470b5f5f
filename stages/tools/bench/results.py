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


def uses(report: dict[str, Any]) -> str:
    """The rows of what serves a model, as reports/speed.md shows them; empty if there are none."""
    tables = [
        (["", "texts/s", "memory, MiB"], "texts_per_second", _predicting),
        (["", "size, MB", "start, s", "a text, ms"], "package_mb", _package),
        (
            ["", "plain, requests/s", "here, requests/s", "ratio", "p99, ms", "lost when stopped"],
            "times_plain",
            _serving,
        ),
    ]
    chosen = []
    for header, key, cells in tables:
        if rows := [[name, *cells(row)] for name, row in report.items() if key in row]:
            chosen.append(markdown(header, rows))
    return "\n".join(chosen)


def _predicting(row: dict[str, Any]) -> list[str]:
    return [f"{row['texts_per_second']:,}", f"{row['peak_mib']:,}"]


def _package(row: dict[str, Any]) -> list[str]:
    return [f"{row['package_mb']:.1f}", f"{row['start']:.1f}", f"{row['latency_ms']:.2f}"]


def _serving(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['requests_per_second_plain']:,.0f}",
        f"{row['requests_per_second']:,.0f}",
        f"**{row['times_plain']:.1f}**",
        f"{row['p99_ms_plain']:,.0f}, {row['p99_ms']:,.0f}",
        str(row["lost_when_stopped"]),
    ]


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
    rows += [[name, _waited(row)] for name, row in report.items() if "seconds" in row]
    return markdown(["", "measured"], rows)


def _waited(row: dict[str, Any]) -> str:
    accuracy = f", {row['accuracy']:.1%} right" if "accuracy" in row else ""
    return f"{row['seconds']:.1f} s{accuracy}"
