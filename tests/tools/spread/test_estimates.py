"""How long stages would take on so many workers is between the longest chain and all of them one by one."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.study.params import params
from stages.tools.spread import __main__ as spread
from stages.tools.spread import estimates
from stages.tools.spread.display import Bar, Lines, Pace, State, display
from stages.tools.spread.estimates import measured, simulated, threads, urgency

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
SECONDS = {"a": 1.0, "b": 10.0, "c": 3.0, "d": 2.0}


def test_the_longest_chain_bounds_what_workers_can_do() -> None:
    assert [simulated(DIAMOND, SECONDS, workers).seconds for workers in (1, 2, 9)] == [16.0, 13.0, 13.0]
    assert simulated(DIAMOND, SECONDS, 2).chain == ["a", "b", "d"]
    assert simulated(DIAMOND, SECONDS, 2).chain_seconds == 13.0


def test_the_stage_with_the_longest_chain_comes_first() -> None:
    upstream: dict[str, list[str]] = {"short": [], "long": [], "after": ["long"]}
    seconds = {"short": 5.0, "long": 4.0, "after": 4.0}
    assert urgency(upstream, seconds) == {"short": 5.0, "long": 8.0, "after": 4.0}
    assert simulated(upstream, seconds, 2).seconds == 8.0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, float]]:
    names = [str(number) for number in range(draw(st.integers(1, 12)))]
    upstream: dict[str, list[str]] = {}
    for name in names:
        upstream[name] = draw(st.lists(st.sampled_from([*upstream]), unique=True)) if upstream else []
    return upstream, {name: draw(st.integers(1, 99)) / 8 for name in names}


@given(graphs(), st.integers(1, 5))
def test_no_schedule_is_shorter_than_its_bounds(
    case: tuple[dict[str, list[str]], dict[str, float]], workers: int
) -> None:
    upstream, seconds = case
    total, result = sum(seconds.values()), simulated(upstream, seconds, workers)
    assert simulated(upstream, seconds, 1).seconds == total
    assert max(result.chain_seconds, total / workers) <= result.seconds <= total
    # Graham 1966, of any schedule that leaves no worker idle while a stage is ready
    assert result.seconds <= total / workers + result.chain_seconds
    for before, name in zip(result.chain, result.chain[1:], strict=False):
        assert before in upstream[name]


def test_every_training_that_was_timed_counts_with_all_its_seeds() -> None:
    entries = params()
    seconds = measured(entries)
    [recipe] = [name for name in entries["recipes"] if name == "imdb-words-flatten"]
    assert f"train@{recipe}" in seconds and "tokenize@imdb-words" in seconds
    half = {**entries, "recipes": {recipe: {**entries["recipes"][recipe], "seeds": [1]}}}
    times = len(entries["recipes"][recipe]["seeds"])
    assert seconds[f"train@{recipe}"] == pytest.approx(measured(half)[f"train@{recipe}"] * times)


@pytest.mark.slow
def test_a_simulation_says_how_many_trainings_it_knows_nothing_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may take longer than all others together."""
    known = {f"train@{recipe}": 100.0 for recipe in params()["recipes"]}
    monkeypatch.setattr(estimates, "measured", lambda _: known)
    stages, chain, _ = spread.simulation(["compare@demo"], 4)
    assert "at least" not in stages + chain and "never timed" not in stages
    del known["train@demo-lstm"], known["train@demo-conv1d"]
    stages, chain, _ = spread.simulation(["compare@demo"], 4)
    assert stages.count("at least") == 2 and stages.endswith("on 4 (never timed: 2 trainings)")
    assert chain.startswith("the longest chain takes at least ")


def test_a_network_that_reads_in_both_directions_takes_two_threads() -> None:
    wide = threads(params())
    assert wide["train@demo-bilstm"] == 2
    assert not {"train@demo-lstm", "train@demo-conv1d", "train@demo-logistic"} & set(wide)


def test_the_time_left_follows_what_stages_took(capsys: pytest.CaptureFixture[str]) -> None:
    pace = Pace({"known": 50.0}, 3.0)
    assert (pace.of("known"), pace.of("other")) == (50.0, 3.0)
    pace.took |= {"known": 10.0, "one": 20.0}
    assert pace.of("other") == 20.0
    state = State(2, lambda: 125.0)
    state.done = 1
    Lines(state).finished("train@x", "1 on here", 61.0)
    assert capsys.readouterr().err == "train@x on 1 on here: 1 min; 1 of 2, about 2 min left\n"


def test_without_a_terminal_a_line_tells_what_begins_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    with display(State(2, lambda: 0.0)) as screen:
        assert isinstance(screen, Lines)
        screen.began("train@x", "1 on here")
    assert capsys.readouterr().err == "train@x on 1 on here: begins\n"


def test_a_terminal_gets_a_bar_of_what_runs_where_and_how_long_it_will_take(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    state = State(4, lambda: 125.0)
    with display(state) as screen:
        assert isinstance(screen, Bar)
        screen.update()
        assert "waiting" in capsys.readouterr().err
        state.running |= {name: f"{number} on here" for number, name in enumerate("abc")}
        screen.began("c", "2 on here")
        bar = capsys.readouterr().err
        assert "a on 0 on here, b on 1 on here and 1 more" in bar and "0 of 4" in bar
        assert "about 2 min left" in bar
        screen.line("note: other processors")
        assert "note: other processors\n" in capsys.readouterr().err
        state.done, state.count = 2, 3  # one was given up
        del state.running["a"]
        screen.finished("a", "0 on here", 61.0)
        assert "2 of 3" in capsys.readouterr().err
