"""How numbers are spelled for people."""

Interval = tuple[float, float]


def percent(share: float) -> str:
    """0.9217 as "92.2 %"."""
    return f"{100 * share:.1f} %"


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign, and no "-0.0"."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"


def ends(interval: Interval, unit: str = " %") -> str:
    """The ends of an interval of shares, in percent."""
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}{unit}"


def likely(probability: float) -> str:
    """A probability; none is 0 or 1."""
    if probability >= 0.9995:
        return "> 0.999"
    return f"{probability:.3f}" if probability >= 0.0005 else "< 0.001"


def between(low: float, high: float) -> str:
    """From where to where a group of numbers goes."""
    first, last = (
        f"{low:,.3g}" if low < 1000 else f"{low:,.0f}",
        f"{high:,.3g}" if high < 1000 else f"{high:,.0f}",
    )
    return first if first == last else f"{first} to {last}"


def counted(number: int, thing: str) -> str:
    """ "1 text", "2,000 texts"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """ "40 s", "3 min", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
