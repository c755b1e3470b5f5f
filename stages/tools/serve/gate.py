"""What every request passes: its size and its time are limited, and its answer is counted."""

import asyncio
import time
from collections.abc import Callable, Collection

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stages.tools.serve.counters import Metrics
from stages.tools.serve.limits import Limits


def refusal(status: int, line: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as clients see it."""
    # half of a surrogate pair, which JSON may hold and UTF-8 may not
    readable = line.encode("utf-8", "backslashreplace").decode()
    return JSONResponse({"error": readable}, status, headers)


class Gate:
    """The application behind it.

    stopping: whether the server is about to stop. Connections then end with their next answer, so that no
    client sends a request into one that closes.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        metrics: Metrics,
        paths: Collection[str],
        stopping: Callable[[], bool],
    ) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._paths, self._stopping = paths, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0
        body = Body(receive, self._limits.body)

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._stopping():
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        try:
            async with asyncio.timeout(self._limits.timeout):
                await self._app(scope, body, counted)
        except TimeoutError:
            if status:  # too late to say so
                raise
            after = f"within {self._limits.timeout:g} s"
            late = f"no answer {after}; send fewer texts, or try again later"
            if not body.whole:
                late = (
                    f"body: found no end {after}, allowed: a whole one; send the rest, or mend Content-Length"
                )
            await refusal(504, late)(scope, receive, counted)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"  # clients invent paths
            self._metrics.requests.labels(path, str(status or 500)).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - began)


class Body:
    """A body that is refused once more than so many bytes of it have come. whole: whether all of it has."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._taken = receive, most, 0
        self.whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._taken > self._most:
            line = f"body: found more than {self._most} bytes, allowed: {self._most}; send fewer texts"
            raise HTTPException(413, line)
        return message
