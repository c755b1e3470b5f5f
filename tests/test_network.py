"""Without a network a download is refused at once, not after minutes of retries."""

import socket
import time

import pytest

from stages.lib.network import connect


def test_a_server_that_is_not_there_is_an_error_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(OSError):
        connect(f"http://127.0.0.1:{port}/x.json")
    assert time.monotonic() - began < 5


def test_a_server_that_listens_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect(f"http://127.0.0.1:{server.getsockname()[1]}/x.json")
