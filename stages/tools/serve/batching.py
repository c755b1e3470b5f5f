"""Texts of several requests in one call of the model: those that arrive while it works are its next batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Arrays = tuple[np.ndarray, ...]  # of each text a row
Ask = Callable[[Sequence[str]], Arrays]


class FullError(Exception):
    """There is no room for more texts."""


@dataclass(frozen=True, eq=False)
class Job:
    """texts: `ask` takes them together with those of other jobs that ask the same; without any it is asked by
    itself."""

    texts: Sequence[str]
    ask: Callable[[Sequence[str]], Any]
    answer: "asyncio.Future[Any]"

    @property
    def size(self) -> int:
        """How much of the room it takes."""
        return len(self.texts) or 1


class Batcher:
    """The model in a thread of its own, and the jobs that wait for it.

    most: texts of a batch, but for a job that has more; wait: seconds that a batch waits for more texts;
    room: texts that may wait, but for a job that waits alone; measured: is told how many texts a batch has.
    """

    def __init__(
        self,
        most: int,
        wait: float,
        room: int,
        measured: Callable[[int], None],
    ) -> None:
        self._most, self._wait, self._room = most, wait, room
        self._measured = measured
        self._jobs: deque[Job] = deque()
        self._has_jobs = asyncio.Event()
        self.waiting = 0  # texts

    async def asked(self, ask: Ask, texts: Sequence[str]) -> Arrays:
        """What it answers. Raises `FullError`, and whatever the model raises."""
        arrays: Arrays = await self._queued(texts, ask)
        return arrays

    async def done(self, work: Callable[[], T]) -> T:
        """What `work` returns, which the model's thread does in its turn. Raises what `asked` does."""
        result: T = await self._queued([], lambda _: work())
        return result

    async def _queued(self, texts: Sequence[str], ask: Callable[[Sequence[str]], Any]) -> Any:
        job = Job(texts, ask, asyncio.get_running_loop().create_future())
        if self._jobs and self.waiting + job.size > self._room:
            raise FullError
        self._jobs.append(job)
        self.waiting += job.size
        self._has_jobs.set()
        try:
            return await job.answer
        except asyncio.CancelledError:  # nobody waits for the answer any longer
            if job in self._jobs:
                self._jobs.remove(job)
                self.waiting -= job.size
            raise

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "model") as thread:
            while True:
                await self._has_jobs.wait()
                if self.waiting < self._most:
                    await asyncio.sleep(self._wait)
                if batch := self._next():
                    try:
                        answers = await loop.run_in_executor(thread, self._answers, batch)
                    except Exception as error:
                        for job in batch:
                            _settle(job, error)
                    else:
                        for job, answer in zip(batch, answers, strict=True):
                            _settle(job, answer)

    def _next(self) -> list[Job]:
        """The jobs of the next batch, which wait no longer."""
        batch: list[Job] = []
        size = 0
        while self._jobs and (not batch or self._joins(batch, size)):
            batch.append(self._jobs.popleft())
            size += batch[-1].size
        self.waiting -= size
        if not self._jobs:
            self._has_jobs.clear()
        return batch

    def _joins(self, batch: Sequence[Job], size: int) -> bool:
        """Whether the first job that waits may be done together with a batch of so many texts."""
        job = self._jobs[0]
        return bool(job.texts) and job.ask == batch[0].ask and size + job.size <= self._most

    def _answers(self, batch: Sequence[Job]) -> list[Any]:
        """In the model's thread."""
        ask, texts = batch[0].ask, [text for job in batch for text in job.texts]
        if not texts:
            return [ask(texts)]
        self._measured(len(texts))
        edges = np.cumsum([job.size for job in batch])[:-1]
        return [*zip(*(np.split(array, edges) for array in ask(texts)), strict=True)]


def _settle(job: Job, answer: Any) -> None:
    if job.answer.done():  # its request was given up
        return
    if isinstance(answer, Exception):
        job.answer.set_exception(answer)
    else:
        job.answer.set_result(answer)
