"""How long stages take, as measured before, and what follows: the longest chain, and how long all of them
take on so many workers."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.network.sizes import Recurrent
from stages.runtime import kinds
from stages.tools import timings

# seconds that a stage costs beside its own, for a Python with DVC, Git and dvc.lock: 2.0 to 2.4 of CPU time
# in the toy of tests/tools/spread, on two cores; rounded up, as its dvc.yaml is smaller than the study's
OVERHEAD = 3.0
Upstream = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Simulated:
    """seconds: until all stages are done on so many workers. chain: stages each of which waits for the one
    before, of all such chains the one that takes longest; chain_seconds: how long."""

    seconds: float
    chain: list[str]
    chain_seconds: float


def measured(entries: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of stages, all seeds together, from reports/timings.csv and preparation.csv. entries:
    params.yaml."""
    seconds = {
        f"{row['step']}@{row['name']}": float(row["seconds"])
        for row in timings.table(timings.PREPARATION, timings.STEP_COLUMNS)
    }
    for recipe, row in timings.committed(timings.CSV).items():
        if recipe in entries["recipes"]:
            seconds[f"train@{recipe}"] = float(row["total_seconds"]) * len(
                entries["recipes"][recipe]["seeds"]
            )
    return seconds


def threads(entries: Mapping[str, Any]) -> dict[str, int]:
    """How many threads stages keep busy that use more than one: a recurrent network's two directions are
    computed side by side (stages/network/sizes.py). Each of the others has work for one core, but for
    `tokenize`, which is through soon."""
    wide = {
        f"train@{name}": 2
        for name, recipe in entries["recipes"].items()
        if recipe["model"].get("bidirectional") and _recurrent(recipe["model"]["architecture"])
    }
    models = {name for name, entry in entries["pretrainings"].items() if entry["kind"] == "language_model"}
    return wide | {f"pretrain@{name}": 2 for name in models}


def _recurrent(architecture: str) -> bool:
    return issubclass(kinds.module("models", architecture).Sizes, Recurrent)


def urgency(upstream: Upstream, seconds: Mapping[str, float]) -> dict[str, float]:
    """For each stage the seconds of the longest chain that begins with it. upstream: those in front come
    first."""
    most: dict[str, float] = {}
    for name in reversed(list(upstream)):
        most[name] = most.get(name, 0.0) + seconds[name]
        for before in upstream[name]:
            most[before] = max(most.get(before, 0.0), most[name])
    return most


def simulated(upstream: Upstream, seconds: Mapping[str, float], workers: int) -> Simulated:
    """Stages on workers that do one at a time, of those that are ready the one with the longest chain first.

    upstream: stages, those in front first; those that it does not name have been done. seconds: of each.
    """
    most = urgency(upstream, seconds)
    left = {name: {before for before in upstream[name] if before in upstream} for name in upstream}
    ready = [(-most[name], name) for name in upstream if not left[name]]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            _, name = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[name], name))
        now, done = heapq.heappop(running)
        for name, before in left.items():
            if done in before:
                before.remove(done)
                if not before:
                    heapq.heappush(ready, (-most[name], name))
    chain = _chain(upstream, most)
    return Simulated(now, chain, sum(seconds[name] for name in chain))


def _chain(upstream: Upstream, most: Mapping[str, float]) -> list[str]:
    chain: list[str] = []
    following = [name for name in upstream if not set(upstream[name]) & set(upstream)]
    while following:
        chain.append(max(following, key=most.__getitem__))
        following = [name for name in upstream if chain[-1] in upstream[name]]
    return chain
