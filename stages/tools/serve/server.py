"""uvicorn, so that it stops without losing a request."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from stages.tools.serve.limits import Limits

BACKLOG = 1024  # connections that wait to be taken
IDLE = 75  # seconds that a connection stays open; proxies close theirs after 60 and must be the first
MARGIN = 5  # seconds after the last request must have had its answer


class Server(uvicorn.Server):
    """On the first SIGTERM or SIGINT it is stopping: for `grace` seconds it still takes requests, while load
    balancers notice; then it takes no more connections, finishes what it has, and ends. A second signal ends
    the grace.

    application: made with what tells whether the server is stopping.
    """

    def __init__(self, application: Callable[[Callable[[], bool]], ASGIApp], limits: Limits) -> None:
        self._grace = limits.grace
        self._stopping = False
        config = uvicorn.Config(
            application(lambda: self._stopping),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            backlog=BACKLOG,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=int(limits.timeout) + MARGIN,
        )
        super().__init__(config)

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until a signal comes; only in a process's main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again once it has ended
            signal.signal(number, self.handle_exit)
        self.run(sockets=[listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stopping or not self._grace:
            super().handle_exit(sig, frame)
            return
        self._stopping = True
        end = threading.Timer(self._grace, super().handle_exit, (signal.SIGTERM, None))
        end.daemon = True
        end.start()
