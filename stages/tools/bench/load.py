"""Load for an HTTP service: clients that each ask again as soon as they have their answer."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

PATIENCE = 30.0  # seconds; a request that takes longer has no answer


@dataclass
class Load:
    """What the clients met. seconds: what each answered request took; refused: answers that were none of
    text; lost: requests that were sent and not answered; span: seconds from the first to the last answer."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    span: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.span if self.span else 0.0

    def percentile(self, share: float) -> float:
        """Seconds within which that share of the answers came; nearest rank."""
        ranked = sorted(self.seconds)
        return ranked[min(int(share * len(ranked)), len(ranked) - 1)] if ranked else 0.0


def put_on(port: int, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """So many clients at work for so long on a service of this machine, as `clients_of` has them."""
    return asyncio.run(clients_of(port, texts, clients, seconds))


async def clients_of(port: int, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Clients, each with a connection that it keeps, which send the texts in turn, one a request.

    Each sends one request at least. It ends with the time, or as soon as the service says that it closes the
    connection, as a load balancer does that takes a server out.
    """
    load = Load()
    requests = [_request(port, text) for text in texts]
    began = time.perf_counter()
    end = began + seconds
    await asyncio.gather(
        *(_client(port, requests[i::clients] or requests, end, load) for i in range(clients))
    )
    load.span = time.perf_counter() - began
    return load


async def _client(port: int, requests: Sequence[bytes], end: float, load: Load) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return  # it no longer listens: nothing was sent
    try:
        for request in itertools.cycle(requests):
            began = time.perf_counter()
            try:
                writer.write(request)
                await writer.drain()
                status, closes = await asyncio.wait_for(_answer(reader), PATIENCE)
            except (OSError, EOFError, TimeoutError):
                load.lost += 1
                return
            if status == 200:
                load.seconds.append(time.perf_counter() - began)
            else:
                load.refused += 1
            if closes or time.perf_counter() >= end:
                return
    finally:
        writer.close()


def _request(port: int, text: str) -> bytes:
    body = json.dumps({"text": text}).encode()
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of an answer that has come to its end, and whether the connection is closed after it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, *lines = head.strip().split("\r\n")
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    await reader.readexactly(int(fields["content-length"]))
    return int(status.split()[1]), fields.get("connection") == "close"
