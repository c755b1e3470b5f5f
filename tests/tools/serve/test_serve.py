"""Every request has its own answer or one line that says why not, whatever is sent."""

import html
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from stages.tools.answering.answers import Weigh
from tests.browser import markup, needs_browser
from tests.tools.serve.served import LABELS, TEXTS, Fake, answer, occupied, served, until


@pytest.mark.parametrize("asked", [{}, {"threshold": 0.9}, {"top": 2}, {"threshold": 0.9, "top": 5}])
def test_it_says_what_predict_says(asked: dict[str, Any]) -> None:
    with served(Fake()) as client:
        status, content, _ = client.ask("/predict", {"texts": TEXTS, **asked})
        assert status == 200
        assert content == {"answers": [answer(text, **asked) for text in TEXTS]}
        for text in TEXTS:
            assert client.ask("/predict", {"text": text, **asked})[:2] == (200, answer(text, **asked))
        assert client.ask("/predict", {"texts": []})[1] == {"answers": []}


def test_an_answer_says_whether_anything_of_the_text_was_learned_without_another_batch() -> None:
    model = Fake()
    with served(model) as client:
        [(status, content, _)] = [client.ask("/predict", {"texts": ["a good", "xyzzy", " "]})]
        assert status == 200 and [each["known"] for each in content["answers"]] == [True, False, None]
        assert client.ask("/predict", {"text": "xyzzy"})[1]["known"] is False
        assert model.batches == [2, 1]
        schemas = client.ask("/openapi.json")[1]["components"]["schemas"]
        assert all("known" in schemas[name]["required"] for name in ("Answer", "Explanation"))


def test_an_explanation_has_what_each_word_adds_to_the_label_given_and_says_if_none_was_learned() -> None:
    with served(Fake()) as client:
        words = [{"word": "a", "attribution": 1.0}, {"word": "good", "attribution": 4.0}]
        expected = answer("a good") | {"words": words, "note": None}
        assert client.ask("/explain", {"text": "a good"})[1] == expected
        assert client.ask("/explain", {"text": "xyzzy"})[1]["known"] is False
        nothing: dict[str, Any] = {"words": [], "note": None}
        assert client.ask("/explain", {"text": " "})[1] == answer(" ") | nothing


@pytest.mark.parametrize(
    ("weigh", "note"),
    [(lambda text, label: [("dull", -1.0)], "it follows from how frequent it was"), (None, "no word alone")],
)
def test_an_explanation_says_so_where_no_word_speaks_for_the_label(weigh: Weigh | None, note: str) -> None:
    class Constant(Fake):
        """Says the same whatever is left out."""

        def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
            return [np.ones((len(texts), 1))]

    with served(Constant(), weigh) as client:
        assert note in client.ask("/explain", {"text": "dull"})[1]["note"]


def test_its_pages_say_so_where_probabilities_mean_nothing() -> None:
    model = Fake()
    with served(model) as client:
        assert "summary" not in client.ask("/openapi.json")[1]["info"]
    model.doubt = "probabilities lie"
    with served(model) as client:
        assert client.ask("/openapi.json")[1]["info"]["summary"] == "Its probabilities lie."


def test_without_an_exact_explanation_each_word_is_left_out_in_batches_as_any_texts() -> None:
    model = Fake()
    text = " ".join(["a", "good", "film"] * 3)
    with served(model, None, batch=4) as client:
        status, content, _ = client.ask("/explain", {"text": text})
        assert status == 200 and content["label"] == "yes"
        assert [each["word"] for each in content["words"]] == text.split()
        falls = [np.log(len(text) + 1) - np.log(len(text) - len(word)) for word in text.split()]
        assert [each["attribution"] for each in content["words"]] == pytest.approx(falls, abs=1e-6)
        assert model.batches == [1, 4, 4, 2]  # the text and it without each of nine words


REFUSED = [
    (b'{"text": ', 400, r"body: not JSON \(Expecting value, at character 9\)"),
    (b'{"text": "\xff"}', 400, "body: not JSON .*utf-8"),
    (b"[" * 100_000, 400, "body: not JSON .*recursion"),
    (b"", 422, r'body: found nothing, allowed: \{"text": "\.\.\."\}; /docs has all of it'),
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
        missing = client.ask("/explain", b"{}")
        assert missing[0] == 422 and missing[1]["error"].startswith("text: found nothing, allowed: ")
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


def test_words_left_out_and_texts_to_answer_are_batches_apart_and_each_has_its_own_answer() -> None:
    model = Fake()
    with served(model, None) as client:
        with occupied(model, client) as ask:
            explained = ask("/explain", {"text": "a good film"})
            answers = [ask("/predict", {"texts": ["abc", text]}) for text in ("xyzzy", "de")]
        assert [each["word"] for each in explained.result()[1]["words"]] == ["a", "good", "film"]
        for each, text in zip(answers, ("xyzzy", "de"), strict=True):
            assert each.result()[1]["answers"] == [answer("abc"), answer(text)]
        assert sum(model.batches) == 1 + 1 + 4 + 2 + 2


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
        response = connection.getresponse()
        line = "body: found no end within 0.3 s, allowed: a whole one; send the rest, or mend Content-Length"
        assert (response.status, json.loads(response.read())) == (504, {"error": line})
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
    model = Fake()
    model.doubt = "probabilities lie"
    with served(model, timeout=60.0) as client:
        where = f"http://127.0.0.1:{client.port}"
        page = markup(f"{where}/#{urlencode({'text': text})}", tmp_path)
        docs = markup(f"{where}/docs", tmp_path)
    [words] = re.findall('<p id="words">(.*?)</p>', page, re.DOTALL)
    assert html.unescape(re.sub("<[^>]*>", "", words)) == text
    assert re.findall('<mark title="(.*?)" class="for"', words)[:2] == ["+11.000", "+3.000"]
    assert html.escape(LABELS[0]) in page and LABELS[0] not in page
    assert "<title>mine</title>" in page and "POST /predict" in docs and "curl" in docs
    assert '<p id="doubt" class="note">Its probabilities lie.</p>' in page and "probabilities lie" in docs
    assert re.search('<p id="note" hidden[^>]*></p>', page)
