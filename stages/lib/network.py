"""Whether there is a network, asked before a downloader that would retry for minutes without one."""

import socket
from urllib.parse import urlsplit

TIMEOUT = 20  # seconds


def connect(url: str) -> None:
    """Raise OSError, at once or after the timeout, if the server of an address can't be reached."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname or "", port), TIMEOUT).close()
