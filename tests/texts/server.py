"""A web server on this machine that answers well or badly."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stages.texts import fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address of a server that answers every GET by `answer`; the thread of one that hangs is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def status(code: int) -> Answer:
    return lambda handler: handler.send_error(code)


def body(content: bytes, announced: int | None = None, then: Callable[[], None] = lambda: None) -> Answer:
    """200 with the content; `announced` is a Content-Length (none if it is negative), `then` comes before
    the connection closes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        length = len(content) if announced is None else announced
        handler.send_response(200)
        if length >= 0:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
        then()

    return answer


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are given up after a moment, and reached without a proxy."""
    monkeypatch.setattr(fetch, "SILENCE", 0.3)
    monkeypatch.setenv("no_proxy", "*")
