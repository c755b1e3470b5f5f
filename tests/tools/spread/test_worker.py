"""What a worker looks at before it runs stages, and what it leaves."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.runtime import crew
from stages.runtime.config import InputError
from stages.tools.spread import driver, through_dvc, worker
from tests.tools.spread.machines import until
from tests.tools.spread.places import place

pytest.importorskip("distributed")


def test_a_clone_is_free_once_what_a_killed_worker_left_has_ended_although_nobody_asked_for_its_end(
    tmp_path: Path,
) -> None:
    locks = [tmp_path / ".git" / "index.lock", tmp_path / ".dvc" / "tmp" / "rwlock"]
    for lock in locks:
        lock.parent.mkdir(parents=True)
        lock.touch()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"], cwd=tmp_path) as left:
        began = time.monotonic()
        worker.settle(tmp_path)
        took = time.monotonic() - began
        assert left.returncode is None  # to the system it is there still
    assert 0.5 < took < worker.PATIENCE / 2 and not any(lock.exists() for lock in locks)


def test_a_stage_sees_the_variables_of_the_driver_and_not_those_that_dask_sets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "6640",
        "DVC_ROOT": "x",
        "HOME": "h",
        "CUDA_VISIBLE_DEVICES": "1",
        "CUDA_CACHE_PATH": "x",
    }.items():
        monkeypatch.setenv(name, value)
    seen = worker.environment(place(environment={"TF_X": "1"}, prefixes=driver.PREFIXES))
    assert not {"OMP_NUM_THREADS", "PYTHONHASHSEED", "DVC_ROOT", "CUDA_CACHE_PATH"} & set(seen)
    assert seen["TF_X"] == "1" and seen["HOME"] == "h"
    assert seen["CUDA_VISIBLE_DEVICES"] == "1"  # SLURM's for this job, not the driver's


def test_workers_are_asked_for_the_package_of_a_remote(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("numpy==2.0 \\\n    --hash=x\n", encoding="utf-8")
    assert driver.versions(tmp_path / "lock", ["dvc-nowhere"])["dvc-nowhere"] is None
    assert {"Python", "numpy"} <= set(driver.versions(tmp_path / "lock", []))


@pytest.mark.slow
def test_a_worker_with_other_packages_gets_no_stage(capsys: pytest.CaptureFixture[str]) -> None:
    from distributed import Client, wait

    wanted: dict[str, str | None] = {"Python": None, "numpy": "0.1", "no-such-package": None}
    told = place(versions=wanted)
    assert "numpy" in (worker.refusal(told) or "") and "no-such-package" not in (worker.refusal(told) or "")
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        pipe = through_dvc.Pipeline({"one": []}, {"one": []}, {"one": []})
        journal: object = None
        with pytest.raises(InputError, match="no worker can be used"):
            driver.Driver(client, told, pipe, {"one"}, {}, journal, {}, {}, crew.Absence("")).run()  # type: ignore[arg-type]
        refused = capsys.readouterr().err
        assert refused.count("\n") == 1 and "is not used: it has Python" in refused and "numpy" in refused
        task = client.submit(time.time, resources={"threads": 1}, pure=False)
        assert wait_a_while(task, wait)


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_a_worker_whose_stages_would_wait_for_it_gets_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    """By another name of the address, too."""
    from distributed import Client, LocalCluster

    assert worker.SHARDS == crew.SCHEDULER
    parts = {
        "n_workers": 1,
        "threads_per_worker": 1,
        "processes": False,
        "protocol": "tcp",
        "dashboard_address": "127.0.0.1:0",
    }
    with LocalCluster(**parts) as cluster, LocalCluster(**parts) as another, Client(cluster) as client:
        address = (cluster if same else another).scheduler_address.replace("127.0.0.1", "localhost")
        monkeypatch.setenv(crew.SCHEDULER, address.removeprefix("tcp://"))
        client.register_plugin(worker.Admission(place()))
        until(lambda: client.get_events("topic"), 60)
        [(_, event)] = client.get_events("topic")
    assert event["threads"] == (0 if same else 1)
    reason = str(event["refused"])
    assert reason.startswith(f"{crew.SCHEDULER} there is localhost:" if same else "None"), reason


def wait_a_while(task: object, wait: object) -> bool:
    """Whether a task is still waiting after a second."""
    try:
        wait(task, timeout=1)  # type: ignore[operator]
    except TimeoutError:
        return True
    return False
