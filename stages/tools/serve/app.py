"""The application: routes, and how what they refuse is said."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import ASGIApp

from stages.runtime.config import quoted
from stages.tools.answering.answers import Shares, Weigh, answer, unsupported
from stages.tools.answering.attribution import falls, left_out
from stages.tools.serve import forms
from stages.tools.serve.batching import Batcher, FullError
from stages.tools.serve.counters import Metrics
from stages.tools.serve.gate import Gate, refusal
from stages.tools.serve.limits import Limits

PAGES = Path(__file__).parent
SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)
STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": forms.Refusal, "description": "the body is no JSON"},
    413: {"model": forms.Refusal, "description": "the body is too large"},
    422: {
        "model": forms.Refusal,
        "description": "a value that is not allowed, or too many or too long texts",
    },
    503: {"model": forms.Refusal, "description": "too many texts wait; try again after Retry-After seconds"},
    504: {"model": forms.Refusal, "description": "no answer in time"},
}


class Model(Protocol):
    """A classifier: stages/tools/answering/resident.py."""

    labels: list[str]
    doubt: str | None

    def logits(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of one model, float32[texts, outputs]; called in one thread."""

    def answers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Calibrated probabilities, float64[texts, labels], and whether it learned a word of each text,
        bool[texts]; called in that thread."""


def application(
    name: str,
    model: Model,
    exactly: Weigh | None,
    limits: Limits,
    stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The service of one model.

    name: the recipe's; exactly: explains the label of that number of a text (`attribution.exactly_of`), None
    where words have to be left out for that; stopping: whether the server is about to stop.
    """
    metrics = Metrics()
    batcher = Batcher(limits.batch, limits.wait / 1000, limits.room, metrics.batches.observe)
    metrics.waiting.set_function(lambda: batcher.waiting)
    service = Service(model, exactly, limits, batcher, metrics)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(batcher.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    # FastAPI's own pages of the documentation load their scripts from another host
    app = FastAPI(
        title=name,
        summary=f"Its {model.doubt}." if model.doubt else None,
        description=f"Labels: {', '.join(model.labels)}.",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    add_routes(app, service, stopping)
    add_refusals(app)
    paths = {route.path for route in app.routes if hasattr(route, "path")}
    return Gate(app, limits, metrics, paths, stopping)


class Service:
    """What the routes do."""

    def __init__(
        self, model: Model, exactly: Weigh | None, limits: Limits, batcher: Batcher, metrics: Metrics
    ) -> None:
        self._model, self._exactly, self._limits = model, exactly, limits
        self._batcher, self.metrics = batcher, metrics

    async def predict(self, request: forms.Request) -> dict[str, Any]:
        """One text's answer, or {"answers": ...}."""
        if (request.text is None) == (request.texts is None):
            raise HTTPException(422, "text, texts: found both or neither, allowed: one of them")
        texts = [request.text] if request.text is not None else request.texts or []
        answers = [
            answer(self._model.labels, shares, known, request.threshold, request.top)
            for shares, known in await self._answers(texts)
        ]
        return answers[0] if request.text is not None else {"answers": answers}

    async def explain(self, text: str) -> dict[str, Any]:
        """The text's answer and its words."""
        words = len(text.split())
        if words > self._limits.words:
            raise HTTPException(422, f"text: found {words} words, allowed: {self._limits.words} to explain")
        [(shares, known)] = await self._answers([text])
        fields = answer(self._model.labels, shares, known)
        if shares is None:
            return fields | {"words": [], "note": None}
        pairs = await self._words(text, int(shares.argmax()))
        of_each = [{"word": word, "attribution": round(share, 6)} for word, share in pairs]
        note = unsupported(pairs, exact=self._exactly is not None)
        return fields | {"words": of_each, "note": note}

    async def _words(self, text: str, label: int) -> Shares:
        """The text's words and what each adds to the logit of the label. Other requests have their turn
        between the batches of words left out."""
        if (exactly := self._exactly) is not None:
            return await self._batcher.done(lambda: exactly(text, label))
        texts, most = left_out(text), self._limits.batch
        parts = [
            await self._batcher.asked(self._logits, texts[start : start + most])
            for start in range(0, len(texts), most)
        ]
        return falls(text, np.concatenate([logits for (logits,) in parts]), label)

    def _logits(self, texts: Sequence[str]) -> tuple[np.ndarray]:
        return (self._model.logits(texts)[0],)

    async def _answers(self, texts: Sequence[str]) -> list[tuple[np.ndarray | None, bool | None]]:
        """Of each text float64[labels], and whether anything of it was learned; None of an empty one."""
        self._check(texts)
        full = [place for place, text in enumerate(texts) if text.strip()]
        answers: list[tuple[np.ndarray | None, bool | None]] = [(None, None)] * len(texts)
        if full:
            shares, known = await self._batcher.asked(self._model.answers, [texts[place] for place in full])
            for place, row, knows in zip(full, shares, known.tolist(), strict=True):
                answers[place] = row, knows
        self.metrics.texts.inc(len(texts))
        return answers

    def _check(self, texts: Sequence[str]) -> None:
        limits = self._limits
        if len(texts) > limits.texts:
            raise HTTPException(422, f"texts: found {len(texts)}, allowed: {limits.texts} a request")
        for place, text in enumerate(texts):
            if len(text) > limits.characters:
                where = f"text {place + 1}: found {len(text)} characters"
                raise HTTPException(422, f"{where}, allowed: {limits.characters}; cut it")


def add_routes(app: FastAPI, service: Service, stopping: Callable[[], bool]) -> None:
    @app.post("/predict", response_model=forms.Answer | forms.Answers, responses=ERRORS)
    async def predict(request: forms.Request) -> Response:
        """Labels and probabilities of a text, or of several."""
        return JSONResponse(await service.predict(request))

    @app.post("/explain", response_model=forms.Explanation, responses=ERRORS)
    async def explained(request: forms.Explained) -> Response:
        """A text's label, and what each of its words adds to the logit of that label: of a linear model on
        n-grams exactly, of others how far the logit falls without the word."""
        return JSONResponse(await service.explain(request.text))

    @app.get("/healthz", responses={503: {"model": forms.Refusal, "description": "about to stop"}})
    async def healthz() -> Response:
        """Whether to send requests here."""
        return refusal(503, "about to stop") if stopping() else JSONResponse({"status": "ok"})

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    for path, file in (("/", "page.html"), ("/docs", "docs.html")):
        app.add_api_route(path, page(file), include_in_schema=False)


def page(file: str) -> Callable[[], Response]:
    """The route of a page that runs its own script, and loads nothing from elsewhere."""
    text = (PAGES / file).read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; script-src {digests(SCRIPT, text)}; "
        f"style-src {digests(STYLE, text)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return lambda: HTMLResponse(text, headers={"Content-Security-Policy": policy})


def digests(element: re.Pattern[str], text: str) -> str:
    """The SHA-256 of what is in each such element, as a Content-Security-Policy has it."""
    sums = (hashlib.sha256(part.encode()).digest() for part in element.findall(text))
    return " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in sums)


def add_refusals(app: FastAPI) -> None:
    """Every error is {"error": <one line>}."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return complaint(error.errors()[0], request.headers.get("content-type", ""))

    @app.exception_handler(AnyHTTPException)
    async def refused(_: Request, error: AnyHTTPException) -> Response:
        why = f"body: not JSON ({error.__cause__})" if error.__cause__ else str(error.detail)
        return refusal(error.status_code, why, dict(error.headers or {}))

    @app.exception_handler(FullError)
    async def full(_: Request, error: FullError) -> Response:
        return refusal(503, "too many texts wait for the model; try again in a second", {"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        return refusal(500, f"{type(error).__name__} in the model; the server's log has the rest")


def complaint(error: dict[str, Any], content_type: str) -> Response:
    """What pydantic complains of first."""
    where = ".".join(str(part) for part in error["loc"][1:]) or "body"
    if error["type"] == "json_invalid":
        return refusal(400, f"body: not JSON ({error['ctx']['error']}, at character {where})")
    if where == "body" and "json" not in content_type:
        kind = content_type or "no Content-Type"
        return refusal(422, f"body: found {kind}, allowed: JSON, with Content-Type: application/json")
    if error["type"] == "missing":
        return refusal(422, f'{where}: found nothing, allowed: {{"text": "..."}}; /docs has all of it')
    if error["type"] == "extra_forbidden":
        return refusal(422, f"{where}: no such key; /docs has those that there are")
    allowed = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return refusal(422, f"{where}: found {quoted(error.get('input'))}, allowed: {allowed}")
