"""What a measurement was made on, and how much memory it took."""

import platform
import resource
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor, as the operating system tells it. With family and model on x86: "AMD EPYC" is the whole
    name of several generations, which round differently."""
    facts: dict[str, str] = {}
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines())
        for name, _, value in lines:
            facts.setdefault(name.strip(), value.strip())
    name = facts.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in facts and "model" in facts:
        return f"{name} (family {facts['cpu family']}, model {facts['model']})"
    return name


def peak_mib() -> int:
    """The most memory that this process had so far.

    Linux counts in ru_maxrss what the process had that started this one, too.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(peak) / 2**10)  # KiB
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, but bytes on macOS
    return round(most / (2**20 if sys.platform == "darwin" else 2**10))
