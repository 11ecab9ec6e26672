"""In which pieces an object goes up that passes through this machine."""

from __future__ import annotations

import math

ONE_PUT = 16 * 2**20
"""Bytes up to which it goes up in one piece: its etag is then its MD5, in most stores, and comparable."""
MOST_PARTS = 9000
"""S3 takes 10,000 of an object."""
PARTS_AT_ONCE = 2


def part_size(size: int) -> int:
    """Bytes of the parts in which an object of that size goes up. Beyond 140 GiB parts grow, and memory with them."""
    return max(ONE_PUT, math.ceil(size / MOST_PARTS))
