"""Words that findings, notes and screens share."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """1 -> `1 table`; 12 -> `12 tables`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
