"""Numbers of a JSON document as a reader understands them, and what may take their place."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["plain_number", "replacing_number"]

# Fewer digits identify nobody, and are most of the numbers that there are.
_LEAST_DIGITS = 7
# Beyond any number that somebody would write in digits.
_MOST_ZEROS = 40
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")


def plain_number(literal: str) -> str | None:
    """Write a number without an exponent; None when it has too few digits to say anything.

    Args:
        literal: a number as JSON or Python write it; ``4.1e15`` reads ``4100000000000000.0``. An
            exponent that nobody would write out is left out.
    """
    digits, power, exponent = literal.lower().partition("e")
    if power:
        near = len(exponent.lstrip("+-0")) < 3 and abs(int(exponent)) <= _MOST_ZEROS
        number = format(Decimal(literal), "f") if near else digits
        literal = number if "." in number else f"{number}.0"
    return literal if sum(map(str.isdigit, literal)) >= _LEAST_DIGITS else None


def replacing_number(number: str, wanted: str | None) -> str:
    """Return the number that takes the place of another: an integer for an integer.

    Args:
        number: what is replaced, without an exponent.
        wanted: what an action would write, if it speaks of the whole number; kept if it is such
            a number itself, and not longer than what a client may read. Otherwise 0 is written.
    """
    shape = _FRACTION if "." in number else _INTEGER
    if wanted is not None and len(wanted) <= len(number) and shape.fullmatch(wanted):
        return wanted
    return "0.0" if "." in number else "0"
