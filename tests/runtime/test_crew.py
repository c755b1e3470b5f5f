"""Blocks hold all texts; work comes back in order from any number of processes."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.runtime import crew
from stages.runtime.config import ROOT, InputError
from stages.runtime.crew import AHEAD, ALONE, BLOCK, FEW, Crew
from tests.runtime.test_process import ended


@given(st.lists(st.text(max_size=9)), st.integers(1, 40))
def test_blocks_hold_every_text_once_in_order_and_say_which_is_their_first(
    texts: list[str], characters: int
) -> None:
    blocks = [*Crew(block=characters).blocks(texts)]
    assert [text for _, some in blocks for text in some] == texts
    assert [texts[first] for first, _ in blocks] == [some[0] for _, some in blocks]
    assert all(sum(map(len, some[:-1])) < characters for _, some in blocks)


def test_empty_texts_are_in_blocks_of_bounded_length() -> None:
    assert max(len(some) for _, some in Crew(block=10).blocks([""] * 100)) == 10


def slow_first(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number * number


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_order_and_few_blocks_wait(workers: int) -> None:
    taken = 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken = number + 1
            yield number

    with ThreadPoolExecutor(workers) as pool:
        working = Crew(pool, workers)
        results = working.map(slow_first, numbers())
        for number, result in enumerate(results):
            assert result == number * number
            assert taken <= number + 1 + AHEAD * workers
    assert list(ALONE.map(slow_first, range(3))) == [0, 1, 4]


def refuse(text: str) -> None:
    raise InputError(f"text 17: {text}")


def fill_the_disk(path: str) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def kill(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def process(_: object) -> int:
    return os.getpid()


@pytest.mark.slow
def test_what_goes_wrong_in_a_process_is_told_as_if_it_went_wrong_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "cores", lambda: 2)
    with crew.crew(tmp_path, FEW * BLOCK * 9) as working:
        assert working.workers == 2
        assert os.getpid() not in working.map(process, range(4))
        with pytest.raises(InputError, match=r"^text 17: é$"):
            [*working.map(refuse, ["é"])]
        with pytest.raises(OSError) as full:
            [*working.map(fill_the_disk, ["a/file"])]
        assert (full.value.errno, full.value.filename) == (errno.ENOSPC, "a/file")
        with pytest.raises(InputError, match="ended from outside, often for lack of memory"):
            [*working.map(kill, range(4))]


def test_a_corpus_that_pays_for_no_second_process_starts_none(tmp_path: Path) -> None:
    with crew.crew(tmp_path, FEW * BLOCK) as working:
        assert working.executor is None


def test_there_is_never_a_process_without_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "cores", lambda: 64)
    with crew.crew(tmp_path, FEW * BLOCK * 5) as working:  # none is started before there is work
        assert working.workers == 5


def test_a_folder_between_processes_is_gone_afterwards(tmp_path: Path) -> None:
    with Crew(place=tmp_path).folder() as folder:
        (folder / "some").write_bytes(b"more")
        assert folder.parent == tmp_path
    assert not [*tmp_path.iterdir()]


PARENT = """
import os, time
from pathlib import Path
from stages.runtime import crew
from tests.runtime.test_crew import process
if __name__ == "__main__":
    crew.cores = lambda: 2
    with crew.crew(Path.cwd(), 1 << 40) as working:
        print(next(working.map(process, range(9))), flush=True)
        time.sleep(60)
"""


@pytest.mark.slow
def test_a_process_ends_with_the_one_that_started_it_even_if_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    worker = int(parent.stdout.readline())
    assert Path(f"/proc/{worker}").exists()
    parent.kill()
    parent.wait()
    assert ended(worker)


def test_blocks_that_wait_for_workers_of_a_cluster_say_so_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(crew, "PATIENCE", 1.5)
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as cluster:
        address = cluster.scheduler_address
        monkeypatch.setenv(crew.SCHEDULER, address)
        with crew.crew(tmp_path, 1) as working:
            threading.Timer(3.0, cluster.scale, [1]).start()
            assert [*working.map(abs, [-1, 2])] == [1, 2]
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{crew.SCHEDULER}: found no worker at {address}, waiting for one; start it")
    assert line.endswith(f"dask_worker {address}")


class Client:
    """Of a scheduler with workers, by address their state; it counts how often each is asked."""

    def __init__(self, **workers: crew.State) -> None:
        self.workers, self.asked = workers, list[str]()

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 1)

    def run(self, function: Any, *_: object, workers: list[str]) -> dict[str, crew.State]:
        self.asked += [*workers] if function is crew.state else []
        return {address: self.workers[address] for address in workers}


def test_workers_that_come_later_are_looked_at_too_and_each_once(tmp_path: Path) -> None:
    here = crew.state(str(tmp_path))
    client = Client(first=here)
    working = crew.Cluster(place=tmp_path, address="tcp://x", client=client)
    done = Future[int]()
    done.set_result(1)
    assert [working.outcome(done) for _ in range(3)] == [1, 1, 1] and client.asked == ["first"]
    client.workers["second"] = replace(here, code="another")
    with pytest.raises(
        InputError, match=r"found tcp://x, whose workers run other code than .*; start them anew"
    ):
        working.outcome(done)
    assert client.asked == ["first", "second"]
