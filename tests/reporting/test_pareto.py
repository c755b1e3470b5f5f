"""What accuracy costs: the front has the points that no faster one is as good as."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stages.reporting.pareto import Point, front, pareto
from stages.reporting.style import Figures
from stages.runtime.config import read

POINTS = st.lists(st.builds(Point, st.just("x"), st.sampled_from([1.0, 2.0, 5.0, 9.0]), st.floats(0.5, 1.0)))


@given(POINTS)
def test_a_point_is_on_the_front_if_none_that_is_as_fast_is_better(points: list[Point]) -> None:
    edge = front(points)
    for point in points:
        beaten = any(
            other.seconds <= point.seconds and other.accuracy >= point.accuracy and other != point
            for other in points
        )
        assert point in edge or beaten
    for point in edge:
        assert not any(o.seconds <= point.seconds and o.accuracy > point.accuracy for o in points)


def test_the_figure_names_the_front_and_the_peers_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    style = read(Figures, {"width": 6.0, "font_size": 9, "colors": "tab10", "grid": True}, "figures")
    points = [
        Point("fast", 1, 0.8),
        Point("slow", 60, 0.9),
        Point("beaten", 90, 0.85),
        Point("p", 5, 0.95, True),
    ]
    for name in ("one", "two"):
        pareto(points, "$title$", style, tmp_path / f"{name}.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
