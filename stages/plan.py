"""What `dvc repro` would do, and why: `python -m stages.plan [target ...]`.

`dvc repro --dry` lists only the stages that changed themselves; this lists what follows from them too.
"""

import sys
from collections.abc import Iterable
from typing import Any

from stages import compose
from stages.lib import command
from stages.lib.config import PARAMS, ROOT, params


def main(targets: list[str]) -> None:
    from dvc.repo import Repo

    params()
    if compose.compose([]) != PARAMS.read_text(encoding="utf-8"):
        print(
            "note: params.yaml is not what conf/ gives, see python -m stages.compose --check",
            file=sys.stderr,
        )
    with Repo(str(ROOT)) as repo:
        lines = plan(repo, targets)
    print("\n".join(lines) if lines else "nothing to do: data and pipelines are up to date")


def plan(repo: Any, targets: Iterable[str] = ()) -> list[str]:
    """A line per stage that `dvc repro <targets>` would run, in order: its name and the reason."""
    import networkx

    changes = {name: reasons(entries) for name, entries in repo.status().items() if entries}
    graph = networkx.DiGraph((a.addressing, b.addressing) for a, b in repo.index.graph.edges)
    graph.add_nodes_from(stage.addressing for stage in repo.index.stages)
    wanted = set(graph)
    if targets := list(targets):
        named = {s.addressing for target in targets for s in repo.stage.collect(target)}
        wanted = named.union(*(networkx.descendants(graph, name) for name in named))
    lines = []
    for name in networkx.lexicographical_topological_sort(graph.reverse(), key=str):
        follows = sorted(set(networkx.descendants(graph, name)) & set(changes))
        if name in wanted and (name in changes or follows):
            lines.append(f"{name}: {', '.join(changes.get(name) or ['after ' + ', '.join(follows)])}")
    return lines


def reasons(entries: list[Any]) -> list[str]:
    """DVC's status of a stage in words: [{"changed deps": {"a.py": "modified"}}] -> ["a.py modified"]."""
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, str):  # as "changed command"
            found.append(entry)
            continue
        for paths in entry.values():
            for path, state in paths.items():
                inner = state.items() if isinstance(state, dict) else [(path, state)]
                found.extend(f"{key} {word}" for key, word in inner)
    return found


if __name__ == "__main__":
    command.guard(lambda: main(sys.argv[1:]))
