"""What the driver asks Dask for, of a Dask that only writes it down."""

import dataclasses
import errno
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stages.runtime import crew
from stages.runtime.config import InputError
from stages.tools.spread import driver, through_dvc, worker
from tests.tools.spread.machines import until
from tests.tools.spread.places import place

pytest.importorskip("distributed")


class Future:
    def __init__(self, key: str, client: "Client") -> None:
        self.key, self.client = key, client
        self.status = "pending"

    def add_done_callback(self, _: object) -> None: ...

    def cancel(self) -> None:
        del self.client.tasks[self.key]


class Client:
    """Of a scheduler that has these workers, by the threads of each. tasks: those of each that was submitted,
    and not cancelled."""

    def __init__(self, **threads: int) -> None:
        self.threads = threads
        self.tasks: dict[str, int] = {}
        self.datasets: dict[Any, Any] = {}  # which others publish, too

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {address: {"nthreads": threads} for address, threads in self.threads.items()}}

    def submit(self, _: object, *, key: str, resources: dict[str, int], priority: float) -> Future:
        [self.tasks[key]] = resources.values()
        return Future(key, self)

    def publish_dataset(self, data: object, *, name: str, override: bool) -> None:
        self.datasets[name] = data

    def unpublish_dataset(self, name: str) -> None:
        self.datasets.pop(name, None)

    def list_datasets(self) -> tuple[object, ...]:
        return tuple(self.datasets)

    def unregister_worker_plugin(self, _: str) -> None: ...


def of_four_stages(client: Client) -> driver.Driver:
    """A driver with four stages that take ten seconds each; the first uses two threads."""
    names = "abcd"
    nothing: dict[str, list[str]] = {name: [] for name in names}
    pipe = through_dvc.Pipeline(nothing, nothing, nothing)
    journal: Any = None
    return driver.Driver(
        client,
        place(),
        pipe,
        {*names},
        {},
        journal,
        dict.fromkeys(names, 10.0),
        {"a": 2},
        crew.Absence("nobody"),
    )


def test_the_time_left_counts_threads_of_workers_that_are_there_and_may_work() -> None:
    client = Client(eight=8)
    driving = of_four_stages(client)
    assert driving.left() == 40.0  # nobody may work yet: as one would
    driving.workers["eight"] = 8
    assert driving.left() == 10.0
    client.threads = {"one": 1, "refused": 1, "own": 1}
    assert driving.left() == 40.0  # the eight threads are lost, and nobody may work again
    driving.workers |= {"one": 1, "refused": 0}
    assert driving.left() == 40.0
    driving.workers["own"] = 2  # on one machine: a stage at a time, which may use two threads
    assert driving.left() == 20.0


def test_a_stage_asks_for_no_more_threads_than_a_worker_that_is_left_has() -> None:
    """One that was to run on two would wait for ever."""
    client = Client(wide=2, narrow=1)
    driving = of_four_stages(client)
    driving.workers |= {"wide": 2, "narrow": 1}
    running = {name: driving.submit(name) for name in "ab"}
    first = dict(running)
    driving.narrow(running)
    assert running == first and [*client.tasks.values()] == [2, 1]
    del client.threads["wide"]
    driving.narrow(running)
    assert running["b"] is first["b"] and running["a"].key != first["a"].key
    assert client.tasks == {first["b"].key: 1, running["a"].key: 1}
    del client.threads["narrow"]
    again = dict(running)
    driving.narrow(running)  # nobody is left to be asked
    assert running == again


def test_data_that_others_published_on_the_scheduler_is_left_alone() -> None:
    """Theirs may be anything, and may have failed, too."""
    client = Client(one=1)
    driving = of_four_stages(client)
    failed = Future("theirs", client)
    failed.status = "error"
    others: dict[Any, Any] = {"mine": [1, 2, 3], ("a", "tuple"): {}, "theirs": failed}
    client.datasets |= others
    with driving.submitted() as running:
        assert client.datasets == others
        running["a"] = driving.submit("a")
        assert len(client.datasets) == len(others) + 1
    assert client.datasets == others


def test_what_failed_for_a_driver_that_was_killed_runs_again_once() -> None:
    client = Client(one=1)
    driving = of_four_stages(client)
    old = driving.submit("b")
    assert not driving.failed_before("b", old)
    old.status = "error"
    assert driving.failed_before("b", old)
    driving.give_up(old)
    driving.again.add("b")
    anew = driving.submit("b")
    anew.status = "error"
    assert anew.key != old.key and not driving.failed_before("b", anew)
    following = of_four_stages(client)  # once this driver was killed, too
    with following.submitted():
        assert following.submit("b").key == anew.key
        following.again.add("b")
        assert following.submit("b").key not in (old.key, anew.key)
    begun = driving.submit("c")
    begun.status, driving.pace.began["c"] = "error", 0.0  # it failed for this one
    assert not driving.failed_before("c", begun)


class Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def update(self) -> None: ...


def test_a_run_whose_last_worker_is_lost_says_that_it_waits_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "PATIENCE", 0.2)
    monkeypatch.setattr(driver, "TICK", 0.1)
    client, screen = Client(one=1, refused=1), Screen()
    driving = of_four_stages(client)
    driving.workers |= {"one": 1, "refused": 0}
    for _ in range(5):
        driving.next({}, screen)  # type: ignore[arg-type]
    assert not screen.lines
    del client.threads["one"]
    for _ in range(5):
        driving.next({}, screen)  # type: ignore[arg-type]
    assert screen.lines == ["nobody"]


def clones(folder: Path) -> list[Path]:
    """Two, of one commit."""
    roots = [folder / "one", folder / "two"]
    me = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (
        ["init", "--quiet", str(roots[0])],
        ["-C", str(roots[0]), *me, "commit", "--quiet", "--allow-empty", "--message", "x"],
        ["clone", "--quiet", str(roots[0]), str(roots[1])],
    ):
        subprocess.run(["git", *command], check=True)
    return roots


@pytest.mark.slow
def test_two_drivers_of_one_commit_at_one_scheduler_leave_each_others_workers_and_stages_alone(
    tmp_path: Path,
) -> None:
    """One that ends took the plugin away by which later workers admit themselves to the other, and a stage
    that both had asked for was made in the cache of one."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        with Client(cluster) as first, Client(cluster) as second:
            drivers = []
            for root, client in zip(clones(tmp_path), (first, second), strict=True):
                (root / "cache").mkdir()
                with driver.token(root, root / "cache", None) as name:
                    told = driver.place(client, root, root / "cache", name, ["x"], None, False)
                told = dataclasses.replace(told, versions={}, shared=False)
                client.register_plugin(worker.Admission(told))
                pipe = through_dvc.Pipeline({"a": []}, {"a": []}, {"a": []})
                journal: Any = None
                absence = crew.Absence("nobody")
                drivers.append(driver.Driver(client, told, pipe, {"a"}, {}, journal, {}, {}, absence))
            with drivers[0].submitted():
                keys = {each.submit("a").key for each in drivers}
            cluster.scale(2)
            second.wait_for_workers(2)
            mine = drivers[1].place.resource
            until(
                lambda: (
                    second.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.resources[mine])) == 2
                ),
                10,
            )
        assert len(keys) == 2


def test_a_remote_that_is_unfit_or_cannot_be_written_to_is_refused_before_any_stage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for store, reason in (
        (through_dvc.Store([], None, "it is relative"), "^it is relative$"),
        (
            through_dvc.Store([], tmp_path / "file" / "x", None),
            "file/x, can't be written to .Not a directory.,",
        ),
    ):
        with pytest.raises(InputError, match=reason):
            driver.probe(store, "token")


def test_workers_that_do_not_see_the_folder_of_the_remote_or_cannot_write_to_it_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else outs would be lost, or come to nothing after hours."""
    store = through_dvc.Store([], tmp_path / "remote", None)
    told = place(store=str(store.folder), token="token")
    assert f"does not see the folder of DVC's remote, {store.folder}" in str(worker.refusal(told))
    driver.probe(store, "token")
    assert worker.refusal(told) is None
    assert [path.name for path in (tmp_path / "remote").iterdir()] == ["token"]
    monkeypatch.setattr(Path, "touch", refused)
    assert "can't write to DVC's remote" in str(worker.refusal(told))


def refused(_: Path) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_token_is_taken_away_wherever_it_was_left_also_one_of_a_driver_that_was_killed(
    tmp_path: Path,
) -> None:
    store = through_dvc.Store([], tmp_path / "remote", None)
    for folder in ("cache", ".dvc/tmp", "remote"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "spread-of-0").touch()
    with driver.token(tmp_path, tmp_path / "cache", store) as name:
        driver.probe(store, name)
        assert {path.name for path in tmp_path.rglob("spread-of-*")} == {name}
    assert not [*tmp_path.rglob("spread-of-*")]


def test_a_stage_that_loses_too_many_workers_is_given_up_in_one_line() -> None:
    from distributed import KilledWorker

    line = driver.failure("train@x", KilledWorker("train@x-0", None, 10))
    assert line == "train@x: 11 workers were lost at it; do they have too little memory?"
