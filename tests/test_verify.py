"""`make verify` tells which outs agree: it can fail, and where processors differ it compares metrics."""

import pytest

from stages import verify

LOCK = {
    "stages": {
        "train@a": {
            "outs": [{"path": "data/models/a", "md5": "1"}, {"path": "reports/timings/a.json", "md5": "t"}]
        },
        "train@b": {"outs": [{"path": "data/models/b", "md5": "2"}]},
    }
}


def test_what_stages_made_is_compared_but_for_timings() -> None:
    assert verify.outs(LOCK, {"train@a", "train@gone"}) == {"data/models/a": "1"}


def test_outs_that_differ_or_are_missing_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"a": "1", "b": "2", "c": "3"}
    assert verify.agree([one, dict(one), dict(one)])
    assert "DIFFERS" not in capsys.readouterr().out
    assert not verify.agree([one, one, one | {"b": "9"}]) and not verify.agree([one, {"a": "1", "b": "2"}])
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["same", "DIFFERS", "b"] in shown and ["same", "same", "a"] in shown and ["DIFFERS", "c"] in shown


@pytest.mark.parametrize(("accuracy", "near"), [(0.80, True), (0.829, True), (0.831, False), (0.769, False)])
def test_on_another_processor_accuracies_may_differ_a_little(accuracy: float, near: bool) -> None:
    assert verify.close({"a": accuracy, "b": 0.5}, {"a": 0.80, "b": 0.5}) == near


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(Exception, match="'nowhere' is not in comparisons"):
        verify.main(["nowhere"])
