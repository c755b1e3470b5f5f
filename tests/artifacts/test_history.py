"""The history: a row per epoch, of all seeds; a line of progress; an end where a loss is no number."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.history import History, timings
from stages.runtime.config import InputError

LOGS = {"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.25, "val_loss": 2.0}


def begun(folder: Path) -> History:
    history = History(folder / "history.csv", "x", 3, 3)
    history.write()
    return history


def rows(folder: Path) -> list[str]:
    return (folder / "history.csv").read_text(encoding="utf-8").splitlines()


def test_a_row_has_each_measure_in_its_own_column(tmp_path: Path) -> None:
    begun(tmp_path).add(LOGS, 2.0, 1.0)
    assert rows(tmp_path) == [
        "seed,epoch,accuracy,loss,val_accuracy,val_loss",
        "3,1,0.500000,1.000000,0.250000,2.000000",
    ]


def test_the_history_of_a_seed_follows_those_before_it_and_timings_are_of_all(tmp_path: Path) -> None:
    histories: list[History] = []
    for seed, epochs in ((7, 2), (8, 1)):
        histories.append(History(tmp_path / "history.csv", "x", seed, epochs, histories))
        old = [f"{seed},{e + 1},0,0,0,0" for e in range(epochs)]
        times = {"seconds": [2.0] * epochs, "training_seconds": [1.0] * epochs}
        histories[-1].restore({"rows": old, **times})
    histories[-1].add(LOGS, 0.0, 1.0)
    assert [row.split(",")[:2] for row in rows(tmp_path)[1:]] == [
        ["7", "1"],
        ["7", "2"],
        ["8", "1"],
        ["8", "2"],
    ]
    times_of_all = timings(histories, 500, "numpy")
    assert times_of_all["seconds_per_epoch"] == 2.0 and times_of_all["tokens_per_second"] == 500
    assert times_of_all["total_seconds"] == pytest.approx(3.0, abs=0.01)  # 4 s of one seed, 2 s of the other


def test_without_a_terminal_each_epoch_prints_one_line_with_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = begun(tmp_path)
    for _ in range(3):
        history.add(LOGS, 2.0, 1.0)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all(" s left" in line and "val_loss 2.0000" in line for line in lines)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["loss", "val_loss"])
def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path, where: str, bad: float) -> None:
    history = begun(tmp_path)
    logs: dict[str, Any] = LOGS | {where: bad}
    with pytest.raises(InputError, match=f"x, seed 3: found {where} {bad} in epoch 1, allowed: a finite"):
        if where == "loss":
            history.check(logs, where)
        else:
            history.add(logs, 2.0, 1.0)
    assert history.epochs == 0
