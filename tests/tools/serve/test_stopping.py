"""The service starts where it may, says what `predict` says, and loses nothing that it took when it stops."""

import importlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from stages.runtime.config import ROOT, InputError
from stages.tools.serve.__main__ import bound
from tests.project import Project
from tests.tools.serve.served import JSON, Fake, answer, occupied, served, until


def test_while_it_is_about_to_stop_it_says_so_and_still_answers() -> None:
    with served(Fake(), grace=30.0) as client:
        assert client.ask("/healthz")[:2] == (200, {"status": "ok"})
        client.server.handle_exit(signal.SIGTERM, None)
        status, content, headers = client.ask("/healthz")
        assert (status, content) == (503, {"error": "about to stop"})
        status, content, headers = client.ask("/predict", {"text": "abc"})
        assert (status, content, headers["connection"]) == (200, answer("abc"), "close")


def test_what_was_taken_is_answered_before_it_stops() -> None:
    model = Fake()
    with served(model) as client:
        with occupied(model, client) as ask:
            waiting = ask("/predict", {"text": "abc"})
            until(lambda: client.count("seqstudy_waiting_texts") == 1)
            client.server.handle_exit(signal.SIGTERM, None)
            until(lambda: refuses(client.port))
        assert waiting.result()[:2] == (200, answer("abc"))


def refuses(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


SERVER = """
import time
from tests.tools.serve.served import Fake, Limits, Server, application, bound, exactly
class Slow(Fake):
    def logits(self, texts):
        time.sleep(0.02)
        return super().logits(texts)
limits = Limits(grace={grace})
made = lambda stopping: application("mine", Slow(), exactly, limits, stopping)
Server(made, limits).serve_on(bound("127.0.0.1", 0))
"""


@contextmanager
def process(*command: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A server in a process of its own, and its port."""
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        try:
            yield started, int(started.stdout.readline().rpartition(":")[2])
        finally:
            started.kill()


@pytest.mark.slow
@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_request(ends: signal.Signals) -> None:
    """Clients keep their connections until an answer says that it is the last; none may be cut off."""
    answers = [0] * 16
    with process("-c", SERVER.format(grace=600)) as (server, port), ThreadPoolExecutor(16) as threads:
        clients = [threads.submit(insistent, port, number, answers) for number in range(16)]
        until(lambda: min(answers) > 2)
        server.send_signal(ends)
        for client in clients:
            client.result()
        server.send_signal(ends)  # nobody needs the rest of the grace
        assert server.wait(60) == 0
        assert refuses(port)


def insistent(port: int, number: int, answers: list[int]) -> None:
    """Asks on one connection until the server says that it closes it; counts the answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    last = False
    while not last:
        text = "z" * (number * 1000 + answers[number])
        connection.request("POST", "/predict", json.dumps({"text": text}), JSON)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (200, answer(text))
        last = response.getheader("connection") == "close"
        answers[number] += 1


@pytest.mark.slow
def test_without_grace_what_it_has_is_finished() -> None:
    with process("-c", SERVER.format(grace=0.0)) as (server, port), ThreadPoolExecutor(8) as threads:
        connections = [HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(8)]
        for connection in connections:  # all are connected before one asks
            connection.connect()
        for connection in connections:
            connection.request("POST", "/predict", b'{"text": "abc"}', JSON)
        time.sleep(0.01)
        server.send_signal(signal.SIGTERM)
        statuses = list(threads.map(lambda each: each.getresponse().status, connections))
        assert statuses == [200] * 8
        assert server.wait(60) == 0


def test_an_address_that_is_taken_or_not_ours_is_refused() -> None:
    with bound("127.0.0.1", 0) as listener:
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(InputError, match=f"--port: found 127.0.0.1 and {taken} .*allowed: an address of"):
            bound("127.0.0.1", taken)
    with pytest.raises(InputError, match=r"found 192\.0\.2\.1 and 0 "):
        bound("192.0.2.1", 0)


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "prometheus_client"])
def test_a_package_that_is_not_installed_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("stages.tools.serve.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("sys.argv", ["serve", "nowhere"])
    with pytest.raises(InputError, match=f"^serve needs {package}, which is not installed; "):
        importlib.import_module("stages.tools.serve.__main__").main()


@pytest.mark.slow
def test_a_trained_recipe_says_what_predict_says(pipeline: Project) -> None:
    texts = ["the plot is not dull but good", "", "unheard words", "good " * 90]
    command = [sys.executable, "-m", "stages.tools.predict", "small-pooled", "--json", *texts]
    printed = pipeline.run(*command).splitlines()
    expected = [json.loads(line) for line in printed if line.startswith("{")]
    command = [sys.executable, "-m", "stages.tools.serve", "small-pooled", "--port", "0", "--grace", "0"]
    with subprocess.Popen(
        command, cwd=pipeline.root, env=pipeline.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            port = int(server.stdout.readline().rpartition(":")[2])
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/predict", json.dumps({"texts": texts}), JSON)
            answers = json.loads(connection.getresponse().read())["answers"]
            assert [each["label"] for each in answers] == [each["label"] for each in expected]
            for text, each, other in zip(texts, answers, expected, strict=True):
                if text:
                    assert each["probabilities"] == pytest.approx(other["probabilities"], abs=2e-6)
            connection.request("POST", "/explain", json.dumps({"text": texts[0]}), JSON)
            words = json.loads(connection.getresponse().read())["words"]
            assert [each["word"] for each in words] == texts[0].split()
            connection.close()
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0
        finally:
            server.kill()
