"""What workers are told, in tests that need no repository."""

from typing import Any

NOTHING: dict[str, Any] = {  # is asked of workers
    **dict.fromkeys(("study", "root", "cache", "token", "store", "checkout"), ""),
    **{"commit": "0" * 40, "sources": [], "environment": {}, "prefixes": (), "versions": {}},
    **{"shared": False, "remote": False, "local": False, "resource": "threads", "topic": "topic"},
}


def place(**parts: Any) -> Any:
    """A `worker.Place` with these parts."""
    from stages.tools.spread.worker import Place  # needs distributed

    return Place(**NOTHING | parts)
