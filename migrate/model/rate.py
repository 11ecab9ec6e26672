"""Bytes a second, as people write them."""

from __future__ import annotations

import re

LEAST_RATE = 1_000
"""Bytes a second; what is less is most likely a number whose unit was forgotten."""

_RATE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?) ?(?P<unit>B|[kKMG]B|[KMG]iB)?", re.ASCII)
_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_rate(text: str) -> int:
    """Bytes a second: `50MB`, `1.5 GiB`, `1000000`; kB, MB, GB are powers of 1,000 and KiB, MiB, GiB of 1,024.

    0 is no limit. Raises ValueError, which says what is wrong.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no rate: write bytes a second, such as 50MB, 512KiB or 1000000")
    rate = round(float(found["number"]) * _UNITS[found["unit"] or "B"])
    return checked_rate(rate)


def checked_rate(rate: int) -> int:
    """The rate itself. Raises ValueError for one that cannot be meant."""
    if rate and rate < LEAST_RATE:
        raise ValueError(f"{rate} bytes a second is less than {LEAST_RATE:,}: is the unit missing, as in {rate}MB?")
    return rate
