"""Numbers on the command line."""

import argparse
import math


def share(text: str) -> float:
    """A probability."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a number from 0 to 1, as 0.9")
    return number


def count(text: str) -> int:
    """At least one."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a whole number above 0, as 3")
    return int(text)
