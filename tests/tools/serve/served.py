"""The service over a real server on a free port, with a model that is made up."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from stages.tools.answering import answers
from stages.tools.answering.answers import Shares, Weigh
from stages.tools.serve.__main__ import bound
from stages.tools.serve.app import application
from stages.tools.serve.limits import Limits
from stages.tools.serve.server import Server

JSON = {"Content-Type": "application/json"}
LABELS = ["<b>no</b>", "yes"]
TEXTS = ["plain", "naïve 🎬", "", "two\nlines </script>", " \t"]


class Fake:
    """Is the surer of the second label the longer a text is. It stops before a batch while `free` is not set,
    and fails with one that has "poison" in it."""

    labels = LABELS
    doubt: str | None = None

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.free, self.busy = threading.Event(), threading.Event()
        self.free.set()

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        self.batches.append(len(texts))
        self.busy.set()
        assert self.free.wait(60)
        if "poison" in texts:
            raise ValueError("a secret")
        return [np.log([[len(text) + 1.0] for text in texts])]

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        shares = 1 - 1 / (1 + np.exp(logits / 2))
        return np.hstack([1 - shares, shares])

    def answers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        return self.calibrated(self.logits(texts)[0]), np.array(["xyzzy" not in text for text in texts])


def exactly(text: str, label: int) -> Shares:
    return [(word, len(word) * (1.0 if label else -1.0)) for word in text.split()]


class Client:
    """Asks a server; each request has a connection of its own."""

    def __init__(self, port: int, server: Server) -> None:
        self.port, self.server = port, server

    def ask(
        self, path: str, body: Any = None, headers: dict[str, str] = JSON
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, what the JSON says (or the bytes), headers. body: bytes, chunks of them, or for JSON."""
        if not (body is None or isinstance(body, (bytes, Iterator))):
            body = json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            content: Any = response.read()
            received = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        if received["content-type"] == "application/json":
            content = json.loads(content)
        return response.status, content, received

    def count(self, sample: str) -> float:
        """What the metrics say of a sample, 0 if there is none."""
        text = self.ask("/metrics")[1].decode()
        values = re.findall(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(values[0]) if values else 0.0


@contextmanager
def served(model: Fake, exactly: Weigh | None = exactly, **options: Any) -> Iterator[Client]:
    limits = Limits(**{"wait": 0.0, "grace": 0.0} | options)
    listener = bound("127.0.0.1", 0)
    server = Server(lambda stopping: application("mine", model, exactly, limits, stopping), limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started)
        yield Client(listener.getsockname()[1], server)
    finally:
        model.free.set()
        server.should_exit = True
        thread.join()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def occupied(model: Fake, client: Client) -> Iterator[Callable[..., Future[Any]]]:
    """The model at work on a text until the block ends; in the block requests are made by what it gets, at
    once, and wait."""
    model.busy.clear()
    model.free.clear()
    with ThreadPoolExecutor(32) as threads:
        first = threads.submit(client.ask, "/predict", {"text": "first"})
        until(model.busy.is_set)
        try:
            yield lambda *request: threads.submit(client.ask, *request)
        finally:
            model.free.set()
        assert first.result()[0] in (200, 504)


def answer(text: str, threshold: float = 0.0, top: int = 1) -> Any:
    """What `predict --json` prints of it, but for the text."""
    fake = Fake()
    shares = fake.calibrated(fake.logits([text])[0])[0] if text.strip() else None
    known = bool(fake.answers([text])[1][0]) if text.strip() else None
    printed = json.loads(answers.line(text, LABELS, shares, known, True, threshold, top, None, None))
    return {key: value for key, value in printed.items() if key != "text"}
