"""Texts of several requests in one call of the model: those that arrive while it works are its next batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class FullError(Exception):
    """There is no room for more texts."""


@dataclass(frozen=True, eq=False)
class Job:
    """texts: to classify together with those of other jobs; work: what is done instead, by itself; size: its
    texts, or 1."""

    texts: Sequence[str]
    work: Callable[[], Any] | None
    size: int
    answer: "asyncio.Future[Any]"


class Batcher:
    """The model in a thread of its own, and the jobs that wait for it.

    classify: texts -> float32[texts, outputs]; most: texts of a batch, but for a job that has more; wait:
    seconds that a batch waits for more texts; room: texts that may wait, but for a job that waits alone;
    measured: is told how many texts a batch has.
    """

    def __init__(
        self,
        classify: Callable[[Sequence[str]], np.ndarray],
        most: int,
        wait: float,
        room: int,
        measured: Callable[[int], None],
    ) -> None:
        self._classify, self._most, self._wait, self._room = classify, most, wait, room
        self._measured = measured
        self._jobs: deque[Job] = deque()
        self._has_jobs = asyncio.Event()
        self.waiting = 0  # texts

    async def classified(self, texts: Sequence[str]) -> np.ndarray:
        """float32[texts, outputs]. Raises `FullError`, and whatever the model raises."""
        logits: np.ndarray = await self._queued(texts, None)
        return logits

    async def done(self, work: Callable[[], T]) -> T:
        """What `work` returns, which the model's thread does in its turn. Raises what `classified` does."""
        result: T = await self._queued([], work)
        return result

    async def _queued(self, texts: Sequence[str], work: Callable[[], Any] | None) -> Any:
        size = len(texts) or 1
        if self._jobs and self.waiting + size > self._room:
            raise FullError
        job = Job(texts, work, size, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self.waiting += size
        self._has_jobs.set()
        try:
            return await job.answer
        except asyncio.CancelledError:  # nobody waits for the answer any longer
            if job in self._jobs:
                self._jobs.remove(job)
                self.waiting -= size
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
        alone = batch[0].work or self._jobs[0].work
        return not alone and size + self._jobs[0].size <= self._most

    def _answers(self, batch: Sequence[Job]) -> list[Any]:
        """In the model's thread."""
        if (work := batch[0].work) is not None:
            return [work()]
        texts = [text for job in batch for text in job.texts]
        self._measured(len(texts))
        edges = np.cumsum([job.size for job in batch])[:-1]
        return np.split(self._classify(texts), edges)


def _settle(job: Job, answer: Any) -> None:
    if job.answer.done():  # its request was given up
        return
    if isinstance(answer, Exception):
        job.answer.set_exception(answer)
    else:
        job.answer.set_result(answer)
