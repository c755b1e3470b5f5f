"""Numbers and encodings on the command line."""

import argparse
import math
from collections.abc import Callable


def number(low: float, high: float) -> Callable[[str], float]:
    """Reads one from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a number from {low:g} to {high:g}")
        return value

    return read


def whole(low: int, high: float = math.inf) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            most = f" to {high}" if high < math.inf else ""
            raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a whole number from {low}{most}")
        return int(text)

    return read


def encoding(text: str) -> str:
    try:
        "".encode(text)
    except (LookupError, ValueError):
        allowed = "an encoding that Python knows, as utf-8, cp1252, utf-16"
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: {allowed}") from None
    return text


share = number(0, 1)
count = whole(1)
