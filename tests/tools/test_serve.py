"""The service, over a real server on a free port: every request has its own answer or one line that says why
not, whatever is sent, and none that was taken is lost."""

import html
import importlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from stages.runtime.config import ROOT, InputError
from stages.tools import predict
from stages.tools.explain import Shares
from stages.tools.serve.__main__ import bound
from stages.tools.serve.app import application
from stages.tools.serve.limits import Limits
from stages.tools.serve.server import Server
from tests.browser import markup, needs_browser
from tests.project import Project

JSON = {"Content-Type": "application/json"}
LABELS = ["<b>no</b>", "yes"]
TEXTS = ["plain", "naïve 🎬", "", "two\nlines </script>", " \t"]


class Fake:
    """Is the surer of the second label the longer a text is. It stops before a batch while `free` is not set,
    and fails with one that has "poison" in it."""

    labels = LABELS

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
            found = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        if found["content-type"] == "application/json":
            content = json.loads(content)
        return response.status, content, found

    def count(self, sample: str) -> float:
        """What the metrics say of a sample, 0 if there is none."""
        text = self.ask("/metrics")[1].decode()
        values = re.findall(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(values[0]) if values else 0.0


@contextmanager
def served(
    model: Fake, exactly: Callable[[str, int], Shares] | None = exactly, **options: Any
) -> Iterator[Client]:
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
    printed = json.loads(predict.line(text, LABELS, shares, True, threshold, top))
    return {key: value for key, value in printed.items() if key != "text"}


@pytest.mark.parametrize("asked", [{}, {"threshold": 0.9}, {"top": 2}, {"threshold": 0.9, "top": 5}])
def test_it_says_what_predict_says(asked: dict[str, Any]) -> None:
    with served(Fake()) as client:
        status, content, _ = client.ask("/predict", {"texts": TEXTS, **asked})
        assert status == 200
        assert content == {"answers": [answer(text, **asked) for text in TEXTS]}
        for text in TEXTS:
            assert client.ask("/predict", {"text": text, **asked})[:2] == (200, answer(text, **asked))
        assert client.ask("/predict", {"texts": []})[1] == {"answers": []}


def test_an_explanation_has_a_share_for_each_word_of_the_label_given() -> None:
    with served(Fake()) as client:
        words = [{"word": "a", "share": 1.0}, {"word": "good", "share": 4.0}]
        assert client.ask("/explain", {"text": "a good"})[1] == answer("a good") | {"words": words}
        assert client.ask("/explain", {"text": " "})[1] == answer(" ") | {"words": []}


def test_without_an_exact_explanation_each_word_is_left_out_in_batches_as_any_texts() -> None:
    model = Fake()
    text = " ".join(["a", "good", "film"] * 3)
    with served(model, None, batch=4) as client:
        status, content, _ = client.ask("/explain", {"text": text})
        assert status == 200 and content["label"] == "yes"
        assert [each["word"] for each in content["words"]] == text.split()
        falls = [np.log(len(text) + 1) - np.log(len(text) - len(word)) for word in text.split()]
        assert [each["share"] for each in content["words"]] == pytest.approx(falls, abs=1e-6)
        assert model.batches == [1, 4, 4, 2]  # the text and it without each of nine words


REFUSED = [
    (b'{"text": ', 400, r"body: not JSON \(Expecting value, at character 9\)"),
    (b'{"text": "\xff"}', 400, "body: not JSON .*utf-8"),
    (b"[" * 100_000, 400, "body: not JSON .*recursion"),
    (b"", 422, r"body: found null, allowed:|body: .*Field required"),
    (b"[1]", 422, r"body: found \[1\], allowed: a valid dictionary"),
    (b"{}", 422, "text, texts: found both or neither, allowed: one of them"),
    (b'{"text": "a", "texts": ["b"]}', 422, "text, texts: found both or neither"),
    (b'{"text": 3}', 422, "text: found 3, allowed: a valid string"),
    (b'{"texts": ["a", null]}', 422, r"texts\.1: found null, allowed: a valid string"),
    (b'{"text": "a \\ud800"}', 422, "text: found .*allowed: a text without halves of surrogate pairs"),
    (b'{"texts": "abc"}', 422, 'texts: found "abc", allowed: a valid list'),
    (b'{"text": "a", "treshold": 1}', 422, "treshold: no such key; /docs"),
    (b'{"text": "a", "\\ud800": 1}', 422, "body: found .*, allowed: a valid string"),
    (b'{"text": "a", "threshold": 2}', 422, "threshold: found 2, allowed: less than or equal to 1"),
    (b'{"text": "a", "threshold": NaN}', 422, "threshold: found NaN, allowed: a finite number"),
    (b'{"text": "a", "top": 0}', 422, "top: found 0, allowed: greater than or equal to 1"),
]


def test_what_is_wrong_with_a_request_is_one_line() -> None:
    model = Fake()
    with served(model) as client:
        for body, expected, line in REFUSED:
            status, content, _ = client.ask("/predict", body)
            assert (status, [*content]) == (expected, ["error"]), body
            assert re.search(line, content["error"]) and "\n" not in content["error"], content
        plain = client.ask("/predict", b'{"text": "a"}', {"Content-Type": "text/plain"})
        assert plain[0] == 422 and "allowed: JSON, with Content-Type: application/json" in plain[1]["error"]
        assert client.ask("/nowhere")[:2] == (404, {"error": "Not Found"})
        assert client.ask("/predict")[:2] == (405, {"error": "Method Not Allowed"})
        assert model.batches == []


@pytest.mark.parametrize(
    ("path", "request_", "line"),
    [
        ("/predict", {"texts": ["a"] * 4}, "texts: found 4, allowed: 3 a request"),
        ("/predict", {"texts": ["a", "b" * 21]}, "text 2: found 21 characters, allowed: 20"),
        ("/explain", {"text": "b" * 21}, "text 1: found 21 characters, allowed: 20"),
        ("/explain", {"text": "a b c d e f"}, "text: found 6 words, allowed: 5 to explain"),
    ],
)
def test_texts_that_are_too_many_or_too_long_are_refused(path: str, request_: Any, line: str) -> None:
    model = Fake()
    with served(model, texts=3, characters=20, words=5) as client:
        status, content, _ = client.ask(path, request_)
        assert status == 422 and line in content["error"] and model.batches == []


@pytest.mark.parametrize("length", [1001, 3_000_000])
@pytest.mark.parametrize("chunks", [False, True])
def test_a_body_that_is_too_large_is_refused(length: int, chunks: bool) -> None:
    whole = json.dumps({"text": "a" * (length - 12)}).encode()
    with served(Fake(), body=1000) as client:
        body = iter([whole[:500], whole[500:]]) if chunks else whole
        status, content, _ = client.ask("/predict", body)
        assert (status, content["error"]) == (
            413,
            "body: found more than 1000 bytes, allowed: 1000; send fewer texts",
        )
        fits = json.dumps({"text": "a" * 988}).encode()
        assert len(fits) == 1000 and client.ask("/predict", fits)[0] == 200


def test_requests_that_come_while_the_model_works_are_one_batch_and_each_has_its_own_answer() -> None:
    model = Fake()
    texts = ["x" * i for i in range(1, 17)]
    with served(model) as client:
        with occupied(model, client) as ask:
            answers = [ask("/predict", {"text": text}) for text in texts]
            until(lambda: client.count("seqstudy_waiting_texts") == 16)
        assert [each.result()[1] for each in answers] == [answer(text) for text in texts]
        assert model.batches == [1, 16]


def test_a_batch_has_no_more_texts_than_allowed_but_a_request_stays_whole() -> None:
    model = Fake()
    with served(model, batch=4) as client:
        with occupied(model, client) as ask:
            sizes = [3, 1, 2, 7, 2]
            answers = []
            for place, size in enumerate(sizes):
                answers.append(ask("/predict", {"texts": ["y" * (place + 1)] * size}))
                until(lambda: client.count("seqstudy_waiting_texts") == sum(sizes[: len(answers)]))
        for place, (size, each) in enumerate(zip(sizes, answers, strict=True)):
            assert each.result()[1]["answers"] == [answer("y" * (place + 1))] * size
        assert model.batches == [1, 4, 2, 7, 2]


def test_a_batch_waits_for_more_texts() -> None:
    model = Fake()
    with served(model, wait=500, batch=3) as client, ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(client.ask, "/predict", {"text": "a"}) for _ in range(3)]
        assert [each.result()[0] for each in answers] == [200] * 3
        assert model.batches == [3]


def test_when_no_more_can_wait_clients_are_told_to_come_again() -> None:
    model = Fake()
    with served(model, room=3) as client:
        with occupied(model, client) as ask:
            waiting = [ask("/predict", {"texts": ["a", "b"]})]
            until(lambda: client.count("seqstudy_waiting_texts") == 2)
            status, content, headers = client.ask("/predict", {"texts": ["a", "b"]})
            assert (status, headers["retry-after"]) == (503, "1")
            assert content["error"].startswith("too many texts wait")
            waiting.append(ask("/predict", {"text": "a"}))
            until(lambda: client.count("seqstudy_waiting_texts") == 3)
        assert [each.result()[0] for each in waiting] == [200, 200]
        assert client.ask("/predict", {"texts": ["a"] * 4})[0] == 200  # more than may wait, but nothing does


def test_a_request_that_takes_too_long_is_given_up_and_leaves_its_place() -> None:
    model = Fake()
    with served(model, timeout=0.3, room=1) as client:
        with occupied(model, client) as ask:
            late = ask("/predict", {"text": "a"})
            assert late.result()[:2] == (
                504,
                {"error": "no answer within 0.3 s; send fewer texts, or try again later"},
            )
            assert client.count("seqstudy_waiting_texts") == 0
        assert client.ask("/predict", {"text": "abc"})[1] == answer("abc")
        assert model.batches == [1, 1]  # what nobody waited for was not classified


def test_a_body_that_never_ends_is_given_up() -> None:
    with served(Fake(), timeout=0.3) as client:
        connection = HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b'{"text": ')
        assert connection.getresponse().status == 504
        connection.close()


def test_an_error_of_the_model_fails_its_batch_alone_and_tells_no_secret() -> None:
    model = Fake()
    with served(model) as client:
        with occupied(model, client) as ask:
            poisoned = ask("/predict", {"text": "poison"})
        status, content, _ = poisoned.result()
        assert (status, content["error"]) == (500, "ValueError in the model; the server's log has the rest")
        assert client.ask("/predict", {"text": "abc"})[:2] == (200, answer("abc"))
        assert client.count('seqstudy_requests_total{path="/predict",status="500"}') == 1


def test_requests_texts_and_batches_are_counted_for_each_service_by_itself() -> None:
    with served(Fake()) as client, served(Fake()) as other:
        client.ask("/predict", {"texts": ["a", "b", ""]})
        client.ask("/predict", {"text": "a"})
        client.ask("/predict", b"{")
        client.ask("/nowhere/123")
        expected = {
            'seqstudy_requests_total{path="/predict",status="200"}': 2,
            'seqstudy_requests_total{path="/predict",status="400"}': 1,
            'seqstudy_requests_total{path="other",status="404"}': 1,
            'seqstudy_request_seconds_count{path="/predict"}': 3,
            "seqstudy_texts_total": 4,
            "seqstudy_batch_texts_count": 2,
            "seqstudy_batch_texts_sum": 3,
            "seqstudy_waiting_texts": 0,
        }
        assert {sample: client.count(sample) for sample in expected} == expected
        assert other.count("seqstudy_texts_total") == other.count("seqstudy_batch_texts_count") == 0


def test_what_can_be_asked_is_described_and_pages_load_nothing_from_elsewhere() -> None:
    with served(Fake()) as client:
        api = client.ask("/openapi.json")[1]
        assert {"/predict", "/explain", "/healthz", "/metrics"} == set(api["paths"])
        request = api["components"]["schemas"]["Request"]["properties"]
        assert set(request) == {"text", "texts", "threshold", "top"}
        statuses = set(api["paths"]["/predict"]["post"]["responses"])
        assert statuses == {"200", "400", "413", "422", "503", "504"}
        for path in ("/", "/docs"):
            status, content, headers = client.ask(path)
            page = content.decode()
            assert status == 200 and headers["content-type"].startswith("text/html")
            assert "//" not in re.sub(r"// .*", "", page) and "innerHTML" not in page
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and policy.count("'sha256-") == 2
            assert "unsafe" not in policy


@pytest.mark.slow
@needs_browser
def test_in_a_browser_the_page_shows_label_shares_and_words_as_text_whatever_is_in_them(
    tmp_path: Path,
) -> None:
    text = "<i>good</i> but dull\n<script>document.title = 1</script>"
    with served(Fake(), timeout=60.0) as client:
        where = f"http://127.0.0.1:{client.port}"
        page = markup(f"{where}/#{urlencode({'text': text})}", tmp_path)
        docs = markup(f"{where}/docs", tmp_path)
    [words] = re.findall('<p id="words">(.*?)</p>', page, re.DOTALL)
    assert html.unescape(re.sub("<[^>]*>", "", words)) == text
    assert re.findall('<mark title="(.*?)" class="for"', words)[:2] == ["+11.000", "+3.000"]
    assert html.escape(LABELS[0]) in page and LABELS[0] not in page
    assert "<title>mine</title>" in page and "POST /predict" in docs and "curl" in docs


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
from tests.tools.test_serve import Fake, Limits, Server, application, bound, exactly
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
