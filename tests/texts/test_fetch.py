"""What comes through the network is whole, or an error within bounded time that says why."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from stages.texts import fetch as fetching
from stages.texts.fetch import fetch
from tests.texts.server import Answer, body, serving, status

CONTENT = bytes(range(256)) * 1000
SILENCE = 0.3  # seconds
HANG = threading.Event().wait


@pytest.fixture(autouse=True)
def _no_proxies_and_little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(fetching, "SILENCE", SILENCE)


def hang() -> None:
    HANG(5)


def chunks(*lines: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"".join(lines))
        handler.close_connection = True

    return answer


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Ten parts, together slower than the patience, each faster."""
    body(b"", announced=len(CONTENT))(handler)
    for i in range(10):
        time.sleep(SILENCE / 5)
        handler.wfile.write(CONTENT[i * 25_600 : (i + 1) * 25_600])


def loop(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.end_headers()


@pytest.mark.parametrize(
    "answer",
    [body(CONTENT), body(CONTENT, announced=-1), chunks(b"3e800\r\n", CONTENT, b"\r\n0\r\n\r\n"), trickle],
    ids=["length", "no-length", "chunks", "trickle"],
)
def test_a_file_arrives_as_it_was_sent(tmp_path: Path, answer: Answer) -> None:
    with serving(answer) as url:
        fetch(f"{url}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(404), "404"),
        (status(500), "500"),
        (status(503), "503"),
        (status(204), "204"),
        (loop, "redirects"),
        (body(CONTENT, announced=len(CONTENT) + 1), "1 more expected"),
        (chunks(b"3e800\r\n", CONTENT[:100]), "IncompleteRead"),
        (lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), "without response"),
        (lambda handler: hang(), "timed out"),
        (body(b"", announced=1, then=hang), "timed out"),
        (body(CONTENT, announced=len(CONTENT) + 1, then=hang), "timed out"),
    ],
    ids=["404", "500", "503", "204", "loop", "cut", "cut-chunk", "closed", "silent", "no-body", "half-body"],
)
def test_a_fault_is_an_error_soon_that_says_why(tmp_path: Path, answer: Answer, reason: str) -> None:
    began = time.monotonic()
    with serving(answer) as url, pytest.raises(OSError, match=reason):
        fetch(f"{url}/x", tmp_path / "x")
    assert time.monotonic() - began < 4


def test_a_server_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(OSError, match="refused"):
        fetch(f"http://127.0.0.1:{port}/x", tmp_path / "x")
    assert time.monotonic() - began < 4


def test_a_name_that_nobody_knows_is_an_error_with_the_resolvers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OSError, match=r"^\[Errno -2\] Name or service not known$"):
        fetch("https://example.invalid/x", tmp_path / "x")


def test_an_address_that_is_none_is_an_error_too(tmp_path: Path) -> None:
    for url in ("", "x.json", "ftp://127.0.0.1/x", "http://", "http://[::1/x", "http://a..b/x"):
        with pytest.raises(OSError):
            fetch(url, tmp_path / "x")


def test_a_proxy_that_the_environment_names_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda handler: body(handler.path.encode())(handler)) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        fetch("http://example.invalid/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"http://example.invalid/x"  # only a proxy is asked for the whole


def test_a_host_that_the_environment_exempts_is_reached_without_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(body(CONTENT)) as url:
        fetch(f"{url}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
