"""How much a service takes at a time; the command line's options and their defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """body: bytes of a request; texts: of a request; characters: of a text; words: of a text to explain;
    batch: texts that the model takes at a time; room: texts that wait for it; wait: milliseconds that a batch
    waits for more texts; timeout: seconds of a request; grace: seconds from a signal until no connection is
    taken."""

    body: int = 1_000_000
    texts: int = 256
    characters: int = 20_000
    words: int = 1_000
    batch: int = 256
    room: int = 2_048
    wait: float = 1.0
    timeout: float = 10.0
    grace: float = 1.0
