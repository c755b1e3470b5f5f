"""The load that a service is measured under is what it says: a request counts once, as what became of it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from stages.tokenizers import ngrams
from stages.tools.answering import unpadded
from stages.tools.bench import using
from stages.tools.bench.load import Load, put_on
from stages.trainers.linear import Linear
from tests.project import Project

TEXTS = ["answer", "naïve 🎬", "two\nlines"]
pytestmark = pytest.mark.slow


class Handler(BaseHTTPRequestHandler):
    """Does with a request what its text says, and notes it."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        self.server.taken.append((text, self.client_address))
        if text == "drop":
            self.close_connection = True
            return
        self.send_response(503 if text == "refuse" else 200)
        self.send_header("Content-Length", "2")
        if text == "close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[tuple[str, object]] = []


@contextmanager
def served() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_each_request_is_answered_once_on_the_connections_of_the_clients() -> None:
    with served() as server:
        load = put_on(server.server_port, TEXTS, clients=3, seconds=0.3)
    assert len(load.seconds) == len(server.taken) > 3 and not load.lost and not load.refused
    assert {text for text, _ in server.taken} == {*TEXTS}
    assert len({client for _, client in server.taken}) == 3
    assert load.rate == pytest.approx(len(load.seconds) / load.span) and 0.3 <= load.span < 10
    assert 0 < load.percentile(0.5) <= load.percentile(0.99) <= load.span


def test_what_is_refused_or_not_answered_is_told_from_answers() -> None:
    with served() as server:
        load = put_on(server.server_port, ["answer", "refuse", "drop"], clients=1, seconds=30)
    assert [text for text, _ in server.taken] == ["answer", "refuse", "drop"]
    assert (len(load.seconds), load.refused, load.lost) == (1, 1, 1)


def test_a_client_leaves_with_the_connection_that_the_service_closes() -> None:
    with served() as server:
        load = put_on(server.server_port, ["close"], clients=4, seconds=30)
    assert Counter(text for text, _ in server.taken) == {"close": 4}
    assert (len(load.seconds), load.refused, load.lost) == (4, 0, 0)


def test_without_time_each_client_sends_one_request() -> None:
    with served() as server:
        load = put_on(server.server_port, TEXTS, clients=2, seconds=0)
    assert len(load.seconds) == len(server.taken) == 2


def test_where_nothing_listens_nothing_is_lost() -> None:
    with served() as server:
        port = server.server_port
    load = put_on(port, TEXTS, clients=2, seconds=1)
    assert (load.seconds, load.refused, load.lost) == ([], 0, 0)


def test_a_percentile_is_one_of_the_times() -> None:
    load = Load(seconds=[3.0, 1.0, 2.0, 4.0])
    assert [load.percentile(share) for share in (0, 0.25, 0.5, 0.99, 1)] == [1, 2, 3, 4, 4]
    assert Load().percentile(0.99) == Load().rate == 0


def test_the_plain_service_s_vectorizer_gives_the_logits_of_serve() -> None:
    plain = pytest.importorskip("stages.tools.bench.plain")
    some = [f"it isn't a <br /> good plot {i % 3}, not {i % 4}!" for i in range(20)]
    for words, binary in ((1, True), (3, False)):
        config = ngrams.Config(kind="ngrams", words=words, min_texts=2, binary=binary)
        tokenizer = ngrams.fit(config, some)
        random = np.random.default_rng(words)
        sizes = (tokenizer.vocabulary, (tokenizer.vocabulary, 1), 1)
        scale, weights, bias = (random.normal(size=size).astype(np.float32) for size in sizes)
        model = Linear(scale, weights, bias, np.zeros(0, np.int64))
        logits = plain.vectorized(tokenizer, model)
        for text in [*some[:5], "", "unknown words", "good plot, good plot"]:
            expected = unpadded.logits(model, list(tokenizer.encode([text])))
            np.testing.assert_allclose(logits(text), expected, rtol=1e-4, atol=1e-5)


def test_serve_loses_nothing_when_it_is_stopped_under_load(
    pipeline: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in using.SERVING:
        pytest.importorskip(package)
    monkeypatch.setattr(using, "ROOT", pipeline.root)
    line = ["-m", "stages.tools.serve", "small-pooled", "--port", "0"]
    load = using.stopped_under_load(line, ["a dull plot", "a good plot"])
    assert len(load.seconds) > using.CLIENTS and (load.lost, load.refused) == (0, 0)
