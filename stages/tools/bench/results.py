"""The figures as reports/speed.md shows them."""

from typing import Any

from stages.reporting.markdown import markdown
from stages.runtime.wording import percent
from stages.tools.bench.cases import ACCURACY

Rows = dict[str, dict[str, Any]]


def speeds(rows: Rows) -> str:
    """Speeds beside the notebooks', and accuracies with their batches and ours, if they were measured."""
    header = ["", "baseline, tokens/s", "here, tokens/s", "ratio", "padding", "memory, MiB"]
    lines = [
        [
            name,
            f"{row['baseline']:,}",
            f"{row['ours']:,}",
            f"**{row['ratio']:.1f}**",
            f"{row['padding_baseline']:.2f}, {row['padding']:.2f}",
            f"{row['peak_mib_baseline']:,}, {row['peak_mib']:,}",
        ]
        for name, row in rows.items()
        if "ratio" in row
    ]
    return markdown(header, lines) + (_accuracies(rows["batches"]) if "batches" in rows else "")


def _accuracies(batches: dict[str, float]) -> str:
    lines = [
        [of, f"{percent(batches[f'accuracy{s}'])} ± {percent(batches[f'deviation{s}'])}"]
        for of, s in (("the notebooks' batches", "_baseline"), ("ours", ""))
    ]
    return "\n" + markdown(["", f"held-out accuracy of a pooled model, {ACCURACY.epochs} epochs"], lines)


def peers(rows: Rows) -> str:
    """Other projects' models."""
    lines = [[name, f"{row['seconds']:.0f}", percent(row["accuracy"])] for name, row in rows.items()]
    return markdown(["", "seconds from raw texts to a model", "test accuracy"], lines) if lines else ""


def uses(rows: Rows) -> str:
    """What serves a model, and how long `predict` takes to start; empty if there is nothing."""
    tables = [
        (["", "texts/s", "memory, MiB"], "texts_per_second", _predicting),
        (["", "size, MB", "start, s", "a text, ms"], "package_mb", _package),
        (
            ["", "plain, requests/s", "here, requests/s", "ratio", "p99, ms", "lost when stopped"],
            "times_plain",
            _serving,
        ),
    ]
    chosen = [waits(rows)] if any("seconds" in row for row in rows.values()) else []
    for header, key, cells in tables:
        if lines := [[name, *cells(row)] for name, row in rows.items() if key in row]:
            chosen.append(markdown(header, lines))
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


def waits(rows: Rows) -> str:
    """How long commands take."""
    lines = [[name, f"{row['seconds']:.1f} s"] for name, row in rows.items() if "seconds" in row]
    return markdown(["", "measured"], lines)


TABLES = {"speeds": speeds, "peers": peers, "uses": uses, "waits": waits}
